"""The frame of the script: what is said at its top, and how it cleans up.

Whatever happens (an end, a failed command, Ctrl-C, a signal), the last thing a shell
does is its EXIT trap: there all processes of the group are killed, the groups removed,
and the one directory with everything else. Nothing is mounted on the machine itself: a
mount namespace ends with its last process, and its mounts with it.

man: sh(1) on trap and set -e
Try it: `sudo sh by-hand.sh`, Ctrl-C, and look for what is left
"""

from pathlib import Path

from engine.by_hand import words
from engine.by_hand.groups import Groups
from engine.notes import quote
from engine.oci.spec import Spec

PROGRAMS = (
    "unshare nsenter setpriv prlimit mount umount pivot_root setsid",
    "mkfifo mktemp mknod ln cp install readlink env ip hostname",
)

_ABOUT = """
What follows makes a container like it, of the same layers, with ordinary programs; run
it as root: sudo sh by-hand.sh. It is made of the acts of its last start (lab acts), in
their order, and each part names the engine's function that did it. It has an upper
layer, control groups and files of its own, so that the original may run meanwhile; but
the original must be there, for its layers, and volumes and bind mounts are the real
ones. It ends as its program does, and takes away what it has made.
"""


def head(name: str, image: str, spec: Spec, version: int) -> list[str]:
    """The top of the script: what it is, and what it cannot do."""
    return [
        "#!/bin/sh",
        *words.comment(f"The container {name} (image {image}), by hand."),
        "#",
        *words.comment(_ABOUT),
        "#",
        "# What no ordinary program can do, and so is missing here:",
        *(
            line
            for text in _missing(spec, version)
            for line in words.comment(f"- {text}")
        ),
        "set -eu",
        "umask 022",
        "cd /",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "export LC_ALL=C",
        "exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-  # nobody's open files for it",
    ]


def _missing(spec: Spec, version: int) -> list[str]:
    found = ["a session keyring of its own: it shares the caller's"]
    if spec.seccomp is not None:
        found.append(
            "the system call policy (seccomp): it may ask the kernel for anything that "
            "its capabilities allow"
        )
    if version == 2 and not any(
        r.allow and r.type == "a" for r in spec.resources.devices
    ):
        found.append(
            "the rules for devices: on version 2 of the control groups they are a BPF "
            "program. Root inside could make a node for a disk, and open it!"
        )
    found.append(
        "the kernel's finding of paths inside the root (openat2): a shell follows "
        "links first and mounts then; in between somebody may change a volume"
    )
    if spec.process.terminal:
        found.append(
            "a terminal of its own, with /dev/console: it uses the one of the script"
        )
    return [*found, "the shim's work: a log, restarts, health checks"]


def clean_up(groups: Groups) -> list[str]:
    """What the trap does: a group is not empty as soon as its processes are killed."""
    return [
        "",
        "fail() {",
        '    echo "by hand: $1" >&2',
        "    exit 125",
        "}",
        "",
        *words.comment(
            "Whatever has happened: kill who is in the groups, until nobody is; then "
            "take away groups and files. Originally: engine.runtime.release:take_away"
        ),
        f"trees={quote(' '.join(groups.trees))}",
        *_CLEAN_UP.splitlines(),
    ]


_CLEAN_UP = """\
clean_up() {
    status=$?
    trap '' HUP INT TERM
    set +e
    exec 5>&-
    for tree in $trees; do
        tries=200
        while [ -d "$tree/${group:-none}" ] && ! rmdir "$tree/$group" 2>/dev/null; do
            while read -r member; do
                kill -KILL "$member" 2>/dev/null
            done <"$tree/$group/cgroup.procs"
            sleep 0.02
            tries=$((tries - 1))
            [ "$tries" -gt 0 ] || break
        done
        [ "$tries" -gt 0 ] || echo "by hand: $tree/$group is left" >&2
    done
    for rule in $rules; do
        nft delete rule inet "$table" published handle "$rule"
    done
    [ -z "$work" ] || rm -rf --one-file-system -- "$work"
    exit "$status"
}
"""


def begin(directory: Path) -> list[str]:
    """Look whether all is there, set the traps, make the one directory."""
    return [
        "",
        '[ "$(id -u)" = 0 ] || fail "only root can make a container"',
        *words.aligned("for program in", PROGRAMS),
        "do",
        '    command -v "$program" >/dev/null || fail "there is no $program"',
        "done",
        f'[ -d {quote(str(directory))} ] || fail "the container has been removed"',
        "sh=$(command -v sh)",
        "work='' group='' table='' rules=''",
        "trap clean_up EXIT",
        "trap 'exit 129' HUP",
        "trap 'exit 130' INT",
        "trap 'exit 143' TERM",
        f"work=$(mktemp -d {quote(str(_template(directory)))})",
    ]


def _template(directory: Path) -> Path:
    """The control groups get this name too: so it can be seen whose they are."""
    return directory / f"by-hand.{directory.name[:12]}.XXXXXX"
