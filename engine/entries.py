"""Entries: the names in a directory, made, renamed and taken away.

What an engine keeps on disk changes by few kinds of step, each done by the kernel
whole or not at all. That is what makes a crash harmless:

    mkdir     a new directory; an error if the name is taken
    open      a new file, empty (O_CREAT, O_EXCL); an error if the name is taken
    chown     an entry gets another owner and group; chmod: another mode
    rename    a name moves, and takes the place of another in the same moment
    symlink   a name for a name; an error if it is taken, so only one of two wins
    unlink    a name goes; the file goes with its last name

Each is an act (see acts.py), so what becomes of a container's files can be read too.

man: mkdir(2), open(2), chown(2), chmod(2), rename(2), symlink(2), unlink(2)
Try it: `lab create --name box busybox; lab acts box --concept entries`
"""

import os
from pathlib import Path

from engine.acts import act, os_error
from engine.notes import in_c, quote


@act(
    "mkdir(2)",
    lambda path, mode=0o700: f"mkdir -m {mode:o} {quote(path)}",
    lambda path, mode=0o700: f"{in_c(path)}, 0{mode:o}",
    concept="files",
    refusal=os_error,
)
def make_directory(path: Path, mode: int = 0o700) -> None:
    """Make a directory. FileExistsError if the name is taken."""
    path.mkdir(mode=mode)


@act(
    "openat(2)",
    lambda path, mode: f"install -m {mode:o} /dev/null {quote(path)}",
    lambda path, mode: (
        f"AT_FDCWD, {in_c(path)}, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0{mode:o}"
    ),
    concept="files",
    refusal=os_error,
)
def make_file(path: Path, mode: int) -> int:
    """Make an empty file, and open it for writing. FileExistsError if it is there."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)


@act(
    "chown(2)",
    lambda path, user, group: f"chown {user}:{group} {quote(path)}",
    concept="files",
    refusal=os_error,
)
def change_owner(path: Path, user: int, group: int) -> None:
    """Give an entry to another user and group."""
    os.chown(path, user, group)


@act(
    "chmod(2)",
    lambda path, mode: f"chmod {mode:o} {quote(path)}",
    lambda path, mode: f"{in_c(path)}, 0{mode:o}",
    concept="files",
    refusal=os_error,
)
def change_mode(path: Path, mode: int) -> None:
    """Let others do more with an entry, or less."""
    os.chmod(path, mode)


@act(
    "rename(2)",
    lambda old, new: f"mv -T {quote(old)} {quote(new)}",
    concept="files",
    refusal=os_error,
)
def rename(old: Path, new: Path) -> None:
    """Give a file another name; what had that name before has none now."""
    os.rename(old, new)


@act(
    "symlink(2)",
    lambda to, path: f"ln -s {quote(to)} {quote(path)}",
    concept="files",
    refusal=os_error,
)
def link(to: str, path: Path) -> None:
    """Make a symbolic link at `path`. FileExistsError if the name is taken."""
    os.symlink(to, path)


@act("unlink(2)", lambda path: f"rm {quote(path)}", concept="files", refusal=os_error)
def unlink(path: Path) -> None:
    """Take a name away. FileNotFoundError if it is not there."""
    os.unlink(path)
