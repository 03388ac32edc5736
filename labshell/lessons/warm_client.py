"""The `lab` of a hidden script: hand the line to the server, and end as it ended.

Run as `python -I -S warm_client.py WORDS…`. What it does must take less time than to
import a module written in Python, so it talks to sockets by the C module beneath
`socket`, and packs by `marshal`: the server is the same Python. See warm.py.

man: unix(7) on SCM_RIGHTS
"""

import _socket
import marshal
import os
import sys


def main() -> int:
    """Have the line run; its exit code."""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        server.connect(os.environ["LAB_WARM"])
        return ask(server, [(sys.argv[1:], False)], dict(os.environ), (0, 1, 2))
    except OSError:  # it has ended: a Python of one's own does the same
        command = [sys.executable, "-P", "-S", "-m", "labshell", *sys.argv[1:]]
        os.execv(sys.executable, command)


def ask(
    server: _socket.socket,
    lines: "list[tuple[list[str], bool]]",
    variables: "dict[str, str]",
    files: "tuple[int, int, int]",
    mark: str = "",
) -> int:
    """Have lines run, until one fails that must not; how the last one ended.

    If there is a `mark`, it is printed behind all else, and then the one that failed.
    OSError if there is no server any more: then none of them was begun. One that has
    been is a process of its own, and holds its end of the connection.
    """
    wanted = marshal.dumps((lines, variables, os.getcwd(), mark))
    numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in files)
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)
    sent = server.sendmsg([wanted], [rights])
    server.sendall(wanted[sent:])
    server.shutdown(_socket.SHUT_WR)
    code = server.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main())
