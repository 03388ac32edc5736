"""Section 4, the mounts: the tree is furnished from outside, with all powers.

nsenter(1) goes into the namespaces of the waiting shell, and a second shell does there
what the acts say, in their order: file systems, binds, devices, links, parameters,
read-only and masked paths. It still has the machine's root, and so its programs.

A path in the container may be a link of the image's, and a link that leads to /etc
would lead this shell, which is root, to the machine's /etc. The engine lets the kernel
find paths inside the root (openat2(2)); a shell has to follow links itself, in the
function `at` of the script.

man: nsenter(1), mount(8), mknod(1), openat2(2)
Try it: `lab acts box --concept mounts`
"""

from collections.abc import Sequence
from pathlib import Path

from engine.by_hand import layers, tree_lines, walls, words
from engine.by_hand.last_start import LastStart
from engine.by_hand.words import Act
from engine.notes import quote
from engine.oci.spec import Spec
from engine.runtime.bundle import Layers

_ABOUT = """
A second shell enters the namespaces, with all its powers and the machine's programs,
and furnishes what will be the container's root: nobody runs there yet. Originally:
engine.runtime.rootfs:plan, carried out by engine.runtime.init:_build
"""

# What each kind of act is about, told before the first of a row of them.
_TOLD = {
    "engine.runtime.rootfs:mount_layers": "The layers, as one tree.",
    "engine.runtime.init:_build": "What the namespaces themselves are given.",
    "engine.runtime.steps:FileSystem.apply": "New file systems, made by the kernel.",
    "engine.runtime.steps:BindMount.apply": "Files and directories of the machine.",
    "engine.runtime.steps:MakeDevice.apply": "Devices: names for drivers.",
    "engine.runtime.steps:MakeLink.apply": "Links that programs expect.",
    "engine.runtime.steps:SetParameter.apply": "Parameters of its own namespaces.",
    "engine.runtime.steps:ReadOnly.apply": "What it must not change.",
    "engine.runtime.steps:Mask.apply": "What it must not see.",
    "engine.runtime.steps:MakeDirectory.apply": "Where the program will stand.",
}
_DETAIL = "engine.runtime.targets:change_flags"  # belongs to what was made before

# Follows links as the container would: POSIX sh, because of what runs there.
_FUNCTIONS = """\
# at PATH: sets $place to where PATH is inside the root, links followed as the container
# follows them. A link of the image's must not lead this shell elsewhere: it is root.
# Originally: engine.kernel.paths:open_inside, where the kernel does it in one step.
at() {
    left=$1 place=$rootfs links=0
    while [ -n "$left" ]; do
        name=${left%%/*}
        case $left in */*) left=${left#*/} ;; *) left= ;; esac
        case $name in
        '' | .) ;;
        ..) [ "$place" = "$rootfs" ] || place=${place%/*} ;;
        *) if [ -L "$place/$name" ]; then follow; else place=$place/$name; fi ;;
        esac
    done
}
follow() {
    links=$((links + 1))
    [ "$links" -le 40 ] || { echo "too many links: $1" >&2; exit 1; }
    link=$(readlink -n -- "$place/$name" && echo /)
    left=$link$left
    case $link in /*) place=$rootfs ;; esac
}
directory() {
    at "$1"
    mkdir -p "$place"
}
file() {
    directory "${1%/*}/"
    at "$1"
    [ -e "$place" ] || install -m 755 /dev/null "$place"
}
# A read-only bind is two steps for mount, and does not hold for what is mounted below.
read_only() {
    while read -r _ _ _ _ mounted _; do
        mounted=$(printf '%b.' "$mounted")
        case ${mounted%.} in
        "$place" | "$place"/*) mount -o remount,bind,ro "${mounted%.}" ;;
        esac
    done </proc/self/mountinfo
}
"""


def lines(spec: Spec, stack: Layers, start: LastStart, directory: Path) -> list[str]:
    """The section: everything that is done inside the namespaces, before the pivot."""
    acts = start.within
    last = [act for act in acts if tree_lines.changes_root(act, spec.root)]
    body = [
        *_FUNCTIONS.splitlines(),
        "",
        *words.comment(_told("engine.runtime.rootfs:mount_layers")),
        *layers.overlay(stack),
        *_rows([act for act in acts if act not in last], spec, directory),
        "",
        *words.comment(_told("engine.runtime.steps:MakeDirectory.apply")),
        f"directory {quote(spec.process.directory)}",
        *_rows(last, spec, directory),
    ]
    return [
        *words.heading(4, "Mounts", _ABOUT),
        "export work rootfs",
        *words.here_document(walls.enter(spec), body, "FURNISH"),
    ]


def _rows(acts: Sequence[Act], spec: Spec, directory: Path) -> list[str]:
    """The acts as lines, and before each row of a kind what it is."""
    found: list[str] = []
    before = ""
    for act in acts:
        made = tree_lines.of(act, spec.root, directory)
        if made and act["symbol"] not in (before, _DETAIL):
            before = act["symbol"]
            found += ["", *words.comment(_told(before))]
        found += made
    return found


def _told(symbol: str) -> str:
    return f"{_TOLD.get(symbol, '')} Originally: {symbol}".strip()
