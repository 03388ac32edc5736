"""Short names for what makes every line long: a container's ID and its directories.

    ID=3c05019b6d77… LAB=/var/lib/labshell C=$LAB/containers/$ID ROOTFS=$C/rootfs

The line is valid shell: whoever types it may type the commands below it.

Try it: `lab acts box | head -1`
"""

from pathlib import Path


def line(directory: Path) -> str:
    """The names for a container in this directory, as assignments."""
    root = directory.parents[1]
    return f"ID={directory.name} LAB={root} C=$LAB/containers/$ID ROOTFS=$C/rootfs"


def shortened(text: str, directory: Path | None, root: Path | None = None) -> str:
    """A command with the names for what they stand for.

    Without a container's `directory` there is only $LAB, for the engine's `root`.
    """
    if directory is None:
        return text.replace(str(root), "$LAB") if root else text
    lab = str(directory.parents[1])
    for long, short in (
        (f"{directory}/rootfs", "$ROOTFS"),
        (str(directory), "$C"),
        (lab, "$LAB"),
        (directory.name, "$ID"),
        ('"$ROOTFS"', "$ROOTFS"),
    ):
        text = text.replace(long, short)
    return text
