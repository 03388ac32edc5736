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
    except OSError:  # it has ended: a Python of one's own does the same
        command = [sys.executable, "-P", "-S", "-m", "labshell", *sys.argv[1:]]
        os.execv(sys.executable, command)
    line = marshal.dumps((sys.argv[1:], dict(os.environ), os.getcwd()))
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)
    sent = server.sendmsg([line], [rights])
    server.sendall(line[sent:])
    server.shutdown(_socket.SHUT_WR)
    code = server.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main())
