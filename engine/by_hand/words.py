"""Words: acts as commands of a shell, with the names of the script's own copy.

An act has its command as text: `mount -t proc … /var/…/rootfs/proc`. It is taken apart
as a shell would do it, and put together again with other paths:

    containers/ID/rootfs/proc     /proc, to be found inside the script's root
    containers/ID/hosts           "$work"/hosts, the script's own copy

What comes from an image or a user (paths, arguments, variables) must never be read by
the shell as anything but one word, because the script is run by root. So each of them
passes `quote`; and a here-document, which ends at a line of one word, is given a word
that is none of its lines.

man: sh(1) on quoting and here-documents
Try it: `lab run --name box -v '/tmp:/a $(b)' busybox true; lab acts box --sh`
"""

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from engine.notes import quote

OWN_FILES = ("hosts", "hostname", "resolv.conf")  # in a container's directory
_WIDTH = 78

Act = dict[str, Any]  # as wording.read returns it


def of(act: Act) -> list[str]:
    """The command of an act, word by word."""
    return shlex.split(act["shell"], comments=False)


def succeeded(act: Act) -> bool:
    """Whether the kernel did as it was asked."""
    return not act["result"].startswith("-1")


def inside(path: str, root: str) -> str | None:
    """The path as the container sees it; None if it is not below its root."""
    if path != root and not path.startswith(f"{root}/"):
        return None
    return f"/{path[len(root) :].strip('/')}"


def comment(text: str) -> list[str]:
    """Text as comment lines; no character of it can end the line that it is in."""
    import textwrap

    plain = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return [f"# {line}" for line in textwrap.wrap(plain, _WIDTH)]


def heading(number: int, title: str, text: str) -> list[str]:
    """The beginning of a section."""
    bar = "#" * _WIDTH
    return ["", bar, f"# {number}  {title}", bar, *comment(text), ""]


def write_value(value: str, file: str) -> str:
    """The command that writes a value into a file; `file` is quoted already.

    echo may take a backslash or a dash in it for something else, printf does not.
    """
    plain = value.isascii() and "\\" not in value and not value.startswith("-")
    command = "echo" if plain else "printf '%s\\n'"
    return f"{command} {quote(value)} > {file}"


def here_document(command: str, lines: Iterable[str], name: str) -> list[str]:
    """A command that reads these lines; nothing in them is expanded."""
    body = "\n".join(lines).split("\n")  # a value may hold line breaks
    word = name
    while word in body:
        word += "_"
    return [f"{command} <<'{word}'", *body, word]


def aligned(first: str, rest: Sequence[str]) -> list[str]:
    """One command over several lines: what follows its first line is indented."""
    every = [first, *(f"    {line}" for line in rest)]
    return [*(f"{line} \\" for line in every[:-1]), every[-1]]
