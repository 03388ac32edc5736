"""Section 1, the control groups: the limits of the original, under another name.

    mkdir /sys/fs/cgroup/memory/"$group"
    echo 64000000 > /sys/fs/cgroup/memory/"$group"/memory.limit_in_bytes

Which trees there are, which files are written and in which order is taken from the
acts. The group lies beside no other: what limits it is its own. With --cgroup-parent it
is made in the same parent, if that is there.

man: cgroups(7)
Try it: `lab acts box --concept cgroups`
"""

from typing import NamedTuple

from engine.by_hand import words
from engine.by_hand.last_start import LastStart
from engine.by_hand.words import Act
from engine.errors import InvalidState
from engine.notes import quote

_ABOUT = """
A control group is a directory; the kernel fills it with files, and a limit is a number
in one of them. The process will join the groups itself, before it has namespaces, so
that its children are born in them.
"""
_BY = "engine.kernel.cgroups:create, engine.kernel.limits:limit, .devices:restrict"
_LIMITS = (
    "engine.kernel.limits:limit",
    "engine.kernel.limits:changed",
    "engine.kernel.devices:restrict",
)


class Groups(NamedTuple):
    """Where the original's groups were: one directory for each tree.

    `version` is that of the control groups, `parent` the group above, "" for none.
    """

    version: int
    trees: tuple[str, ...]
    original: str
    parent: str

    def file(self, tree: str, name: str) -> str:
        """A file of the script's own group, as a shell writes it."""
        return f'{quote(tree)}/"$group"/{quote(name)}'


def read(start: LastStart, cgroup: str) -> Groups:
    """The groups of a start, in which the group was called `cgroup`.

    InvalidState if it is not told how they were joined.
    """
    identity = cgroup.rpartition("/")[2]
    made = [words.of(act)[-1] for act in start.outside if _joins(act)]
    if not made:
        raise InvalidState(
            "the record of the last start is not whole, or of another version",
            "`lab start` writes a new one.",
        )
    joined = [path.rpartition("/") for path in made]
    version = 1 if all(name == "tasks" for _, _, name in joined) else 2
    places = [place for place, _, _ in joined]
    if version == 2:
        tree = "/sys/fs/cgroup"
        above = places[0][len(tree) :].strip("/").removesuffix(identity).rstrip("/")
    else:
        above = cgroup.removesuffix(identity).rstrip("/")
    return Groups(
        version=version,
        trees=tuple(["/sys/fs/cgroup"] if version == 2 else _trees(places, cgroup)),
        original=f"{above}/{identity}".lstrip("/"),
        parent="" if _is_engines(above) else above,
    )


def _joins(act: Act) -> bool:
    return bool(act["symbol"] == "engine.kernel.cgroups:join")


def _trees(places: list[str], cgroup: str) -> list[str]:
    return [place.removesuffix(f"/{cgroup}") for place in places]


def _is_engines(group: str) -> bool:
    """Whether it is the group in which an engine keeps those of its containers."""
    return group.rpartition("/")[2].startswith("labshell-") or not group


def lines(start: LastStart, groups: Groups) -> list[str]:
    """The section: make the groups, and write the limits."""
    return [
        *words.heading(1, "Control groups", f"{_ABOUT} Originally: {_BY}"),
        *_name(groups),
        "",
        *(_hand_down(groups) if groups.version == 2 else ()),
        'for tree in $trees; do mkdir "$tree/$group"; done',
        *(_cpuset(groups) if groups.version == 1 else ()),
        "",
        *_limits(start, groups),
    ]


def _name(groups: Groups) -> list[str]:
    found = ["group=${work##*/}"]
    if groups.parent:
        place = f"{groups.trees[0]}/{groups.parent}"
        found += [f'[ ! -d {quote(place)} ] || group={quote(groups.parent)}/"$group"']
    return found


def _hand_down(groups: Groups) -> list[str]:
    """Version 2: a group has a controller only if the one above hands it down."""
    parts = groups.parent.split("/") if groups.parent else []
    levels = ["/".join(parts[:number]) for number in range(len(parts) + 1)]
    places = [f"/sys/fs/cgroup/{level}".rstrip("/") for level in levels]
    return [
        f"for above in {' '.join(map(quote, places))}; do",
        "    for controller in memory cpu pids io cpuset; do",
        '        if grep -qsw "$controller" "$above"/cgroup.controllers; then',
        '            echo "+$controller" > "$above"/cgroup.subtree_control',
        "        fi",
        "    done",
        "done",
    ]


def _cpuset(groups: Groups) -> list[str]:
    """Version 1: nobody can join a cpuset without processors and memory nodes."""
    found = []
    for tree in groups.trees:
        if "cpuset" in tree.rpartition("/")[2].split(","):
            for name in ("cpuset.cpus", "cpuset.mems"):
                mine = groups.file(tree, name)
                above = f'"$(dirname {quote(tree)}/"$group")"/{name}'
                found.append(f"cat {above} > {mine}")
    return found


def _limits(start: LastStart, groups: Groups) -> list[str]:
    found = []
    for act in (*start.outside, *start.updates):
        command = words.of(act)
        if act["symbol"] not in _LIMITS or act["call"] != "write(2)":
            continue
        place, _, name = command[-1].rpartition("/")
        tree = place.removesuffix(f"/{groups.original}")
        found.append(words.write_value(command[1], groups.file(tree, name)))
    return found
