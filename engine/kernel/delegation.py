"""Delegation: a part of the tree of control groups becomes somebody's own.

    memory/labshell-…/ID/          the directory: groups may be made in it
        cgroup.procs, tasks        processes may be moved, from here to groups inside
        memory.limit_in_bytes      stays root's: nobody raises the limit from inside

On version 2 a group that hands controllers down has no processes of its own. Once it
has been divided, who shall join it joins the part where process 1 is, as with runc.

Whoever owns the directory divides what the group was given, and cannot get more: every
limit above holds for all that is below. Systemd does the same for users' sessions.

The kernel says itself which files those are on version 2 (/sys/kernel/cgroup/delegate);
some that it names are limits, and stay root's here.

man: cgroups(7) on delegation, chown(2)
Try it: `lab run --rm --userns auto --security-opt writable-cgroups=true busybox
mkdir /sys/fs/cgroup/memory/mine`
"""

from engine.kernel import cgroups, group_files
from engine.kernel.pseudo_files import group_of

_FILES = ("cgroup.procs", "tasks", "cgroup.threads", "cgroup.subtree_control")


def delegate(group: str, owner: int) -> None:
    """Let the user of this number make groups inside, and move processes among them.

    OSError if that cannot be.
    """
    for path in cgroups.directories(group):
        group_files.give(path, owner)
        for name in _FILES:
            if (path / name).exists():
                group_files.give(path / name, owner)


def join_part_of(pid: int) -> None:
    """Move this process into the group of another, on version 2."""
    place = cgroups.directory("", "") / group_of(pid, "")
    group_files.write(place / "cgroup.procs", "0")
