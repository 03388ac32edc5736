"""Showing what was opened before, where its source is out of reach from inside.

    starter, as root of the machine    open_tree     a copy of the mount, still apart
                                       mount_setattr read-only; its owners shifted
    init, as nobody outside            move_mount    into its place

A mount of the machine that is copied into a namespace of less privileged users is
locked as it is; one that was open is theirs.

man: open_tree(2), mount_setattr(2), move_mount(2)
Try it: `lab run --rm --explain --userns auto -v data:/data busybox true`
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from engine.files import closing
from engine.kernel import mounts, paths
from engine.runtime import targets


class ShowTree(NamedTuple):
    """Show an open tree; `source` is what it is a copy of."""

    tree: int
    source: Path
    target: str
    flags: int = 0

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"show {self.source}, opened before, at {self.target}"

    def apply(self, root: int, shown: str) -> None:
        """Make an empty mount point if need be, and move the tree there."""
        is_directory = stat.S_ISDIR(os.fstat(self.tree).st_mode)
        make = paths.make_directory if is_directory else paths.make_file
        with closing(make(root, self.target)) as place:
            targets.refuse_proc(root, place, self.target)
            targets.refuse_mismatch(place, self.target, is_directory)
            where = shown + self.target
            mounts.move(self.tree, place, self.source, self.flags, where, True)
        os.close(self.tree)


def open_tree(source: Path, flags: int, recursive: bool, users: int = -1) -> int:
    """What is at `source`, open and apart.

    `users`: an open user namespace as which the owners of its files are shifted.
    """
    tree = mounts.copy_apart(source, flags, str(source), recursive)
    if users >= 0:
        from engine.kernel import user_namespaces  # few containers have one

        user_namespaces.shift(tree, users, str(source))
    return tree
