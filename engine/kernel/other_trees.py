"""Other trees: control groups that another runtime has made for a container of ours.

On version 1 there is a tree for each controller, and we use those that limit something
(cgroups.py). runc makes a container's group in every tree of the machine: in that of
systemd, in those for network packets, and in the one of version 2 beside them. What it
has made it takes away itself, but not the groups above:

    /sys/fs/cgroup/unified/labshell-1a2b3c4d/ID     goes by `runc delete`
    /sys/fs/cgroup/unified/labshell-1a2b3c4d        is left, and goes here

man: cgroups(7)
Try it: `find /sys/fs/cgroup -name 'labshell-*'` after `lab run --runtime runc …`
"""

from pathlib import Path

from engine.kernel import cgroups, group_files, mount_table


def remove(group: str) -> None:
    """Take the group away where we do not use it, and above it what is the engine's.

    What somebody is still in stays.
    """
    every = {
        Path(mount.target)
        for mount in mount_table.table()
        if mount.kind in ("cgroup", "cgroup2")
    }
    if not group.startswith(cgroups.ENGINES):  # above it is what others have made
        return
    for tree in every - {*cgroups.trees().values()}:
        path = tree / group
        for place in (path, *path.parents[: len(Path(group).parts) - 1]):
            try:
                group_files.remove(place)
            except FileNotFoundError:
                continue
            except OSError:  # it is not empty
                break
