"""One act inside the root as lines of the script; the same words, other places.

    mount -t proc … proc ROOT/proc       directory /proc; mount -t proc … proc "$place"
    mount --rbind -o ro /srv ROOT/srv    directory /srv; mount --rbind /srv "$place"
                                         read_only
    mknod -m 666 ROOT/dev/null c 1 3     at /dev/null; mknod -m 666 "$place" c 1 3

`directory`, `file` and `at` are functions of the script (see tree.py): they find the
place inside the root, and make it if need be. So acts that only made mount points are
left out.

man: mount(8), mknod(1), ln(1), ip-link(8), hostname(1)
Try it: `lab acts box --sh | grep directory`
"""

import posixpath
from collections.abc import Callable
from pathlib import Path

from engine.by_hand import words
from engine.by_hand.words import Act, inside
from engine.notes import quote


def of(act: Act, root: str, directory: Path) -> list[str]:
    """The lines for an act in the tree `root` of the container in `directory`."""
    translate = _BY_CALL.get(act["call"])
    return translate(words.of(act), root, directory) if translate else []


def changes_root(act: Act, root: str) -> bool:
    """Whether it changes the flags of "/" itself: the last thing to be done there."""
    changes = act["symbol"] == "engine.runtime.targets:change_flags"
    return changes and inside(words.of(act)[-1], root) == "/"


def _mount(command: list[str], root: str, directory: Path) -> list[str]:
    target = inside(command[-1], root)
    if target is None or "--make-rprivate" in command:
        return []  # layers.py has it, or unshare(1) has done it
    if command[1] == "-t":
        options = " ".join(map(quote, command[:-1]))
        return [f'directory {quote(target)}; {options} "$place"']
    if command[1] == "-o":
        return [f'at {quote(target)}; mount -o {quote(command[2])} "$place"']
    source = command[-2]
    within = inside(source, root)
    if within is None:
        return _bind(source, target, command, directory)
    if within == target:
        return [f'at {quote(target)}; mount {command[1]} "$place" "$place"']
    return [
        f"at {quote(within)}; source=$place; at {quote(target)}; "
        f'mount {command[1]} "$source" "$place"'
    ]


def _bind(source: str, target: str, command: list[str], directory: Path) -> list[str]:
    """A bind of the machine's; files that a container has for itself are copies."""
    make = "directory" if Path(source).is_dir() else "file"
    shown = quote(source)
    if posixpath.dirname(source) == str(directory):
        name = posixpath.basename(source)
        if name in (*words.OWN_FILES, "shm"):
            make = "directory" if name == "shm" else "file"
            shown = f'"$work"/{name}'
    line = f'{make} {quote(target)}; mount {command[1]} {shown} "$place"'
    return [line, *(["read_only"] if "ro" in _options(command) else [])]


def _options(command: list[str]) -> list[str]:
    return command[3].split(",") if command[2] == "-o" else []


def _node(command: list[str], root: str, directory: Path) -> list[str]:
    _, _, mode, path, kind, major, minor = command
    return [f'at {_in(path, root)}; mknod -m {mode} "$place" {kind} {major} {minor}']


def _link(command: list[str], root: str, directory: Path) -> list[str]:
    path = inside(command[-1], root)
    if path is None:
        return []
    return [f'at {quote(path)}; ln -s {quote(command[-2])} "$place"']


def _in(path: str, root: str) -> str:
    return quote(inside(path, root) or path)


def _parameter(command: list[str], root: str, directory: Path) -> list[str]:
    if command[0] != "sysctl":
        return []
    name, _, value = command[-1].partition("=")
    file = quote(f"/proc/sys/{name.replace('.', '/')}")
    return [words.write_value(value, file)]


def _as_it_is(command: list[str], root: str, directory: Path) -> list[str]:
    if command[0] not in ("ip", "hostname", "domainname"):
        return []  # an ioctl for its terminal
    return [" ".join(map(quote, command))]


_BY_CALL: dict[str, Callable[[list[str], str, Path], list[str]]] = {
    "mount(2)": _mount,
    "move_mount(2)": _mount,
    "mknodat(2)": _node,
    "symlinkat(2)": _link,
    "write(2)": _parameter,
    "ioctl(2)": _as_it_is,
    "sethostname(2)": _as_it_is,
    "setdomainname(2)": _as_it_is,
}
