"""Section 6, the program: what the waiting shell is told to become.

It has no powers any more, and no programs but those of the image. What is written into
its fifo are commands that it carries out by itself: cd, export, exec. Each variable and
each argument is a quoted word.

A shell can export what it would take for a variable of its own: letters, digits and _.
For another name the image's env(1) is asked for help, inside, without powers.

man: sh(1) on export, exec and cd; execve(2)
Try it: `lab run --rm -e 'odd.name=1' busybox env`
"""

import re

from engine.by_hand import words
from engine.notes import quote
from engine.oci.spec import Process

_ABOUT = """
The shell that waited hears what to do. From here on it has no program but the image's,
so it does everything by itself, and then becomes the program. What it says when it
ends is what the program says: unshare hands it on. Originally:
engine.runtime.init:_become
"""
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_SHELLS = {"OPTIND", "LINENO", "PPID", "UID", "EUID", "SHELLOPTS", "BASHOPTS"}


def lines(process: Process, interactive: bool) -> list[str]:
    """The section: tell the waiting shell, wait for the program, end as it did."""
    return [
        *words.heading(6, "The program", _ABOUT),
        *(_AT_A_TERMINAL if process.terminal else "").splitlines(),
        *words.here_document("cat >&5", _commands(process, interactive), "PROGRAM"),
        "exec 5>&-",
        "",
        *_WAIT.splitlines(),
    ]


_AT_A_TERMINAL = """\
# From now on Ctrl-C is for the program alone. (Were it only to interrupt our waiting,
# a program that ends because of it could end unheard.)
trap '' INT QUIT
"""
_WAIT = """\
status=0
wait "$unshare" || status=$?
# unshare ends as the program did; that of util-linux 2.38 cannot tell that it was
# killed (SIGKILL, 9): it complains that it cannot unblock that signal.
! grep -q 'sigprocmask unblock' "$work"/said || status=137
(exit "$status")
"""


def _commands(process: Process, interactive: bool) -> list[str]:
    plain = [e for e in process.environment if _is_plain(e)]
    odd = [quote(e) for e in process.environment if not _is_plain(e)]
    helped = f'set -- env {" ".join(odd)} "$@"'
    source = "<&3 3<&-" if interactive else "</dev/null"
    return [
        "umask 022",
        f"cd {quote(process.directory)} || exit 126",
        "unset PWD OLDPWD",
        f"set -- {' '.join(map(quote, process.arguments))}",
        *(
            ["# A shell has no variables of such names; the image's env has."]
            if odd
            else []
        ),
        *([helped] if odd else []),
        *(f"export {_assignment(entry)}" for entry in plain),
        f'exec "$@" {source}',
    ]


def _is_plain(entry: str) -> bool:
    name = entry.partition("=")[0]
    return bool(_PLAIN_NAME.fullmatch(name)) and name not in _OF_SHELLS


def _assignment(entry: str) -> str:
    name, _, value = entry.partition("=")
    return f"{name}={quote(value)}"
