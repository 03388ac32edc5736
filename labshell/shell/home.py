"""The shell's own files: what it remembers, and the programs it adds to bash's PATH.

    ~/.local/state/labshell/          or $XDG_STATE_HOME/labshell
        history                       the lines typed (0600: they may hold a password)
        warned-…                      what was said once and is not said again
        programs/KEY/first/lab        first on PATH: this labshell, whatever else is
                                      called lab
        programs/KEY/first/labshell-runc  its runtime
        programs/KEY/last/docker      last on PATH: taken only where no docker client
                                      is installed

KEY stands for the labshell that made the links: two of them do not get in each other's
way. Where nothing can be written, the shell works and remembers nothing.

The home is that of the user we run as: under sudo that is root's, so that no file of
root's appears in somebody else's home.

Try it: `type lab; ls -l ~/.local/state/labshell/programs/*/*`
"""

import os
import pwd
import shutil
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import labshell
from labshell.shell.bash import quoted


def directory() -> Path | None:
    """The directory of these files, made if need be; None if that is not possible."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(
        pwd.getpwuid(os.geteuid()).pw_dir, ".local", "state"
    )
    path = Path(state) / "labshell"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return path if os.access(path, os.W_OK) else None


def history() -> Path | None:
    """The file of the lines typed, readable by its owner only."""
    place = directory()
    if place is None:
        return None
    path = place / "history"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path


def first_time(what: str) -> bool:
    """Is this the first time ever that somebody asks about `what`?"""
    place = directory()
    if place is None:
        return True
    try:
        (place / f"warned-{what}").touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return False
    return True


def program() -> Path | None:
    """The file that is run as `lab`: beside the sources, or where pip put it."""
    beside = Path(labshell.__file__).parents[1] / "lab"
    installed = Path(sys.executable).parent / "lab"
    found = shutil.which("lab")
    for path in (beside, installed, *([Path(found)] if found else [])):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def program_directories() -> tuple[Path, Path] | None:
    """Directories for the two ends of PATH: with `lab` and its runtime; `docker`."""
    place, target = directory(), program()
    if place is None or target is None:
        return None
    key = f"{zlib.crc32(os.fsencode(target)):08x}"
    first, last = (place / "programs" / key / end for end in ("first", "last"))
    for link in (first / "lab", last / "docker"):
        _link(link, target)
    runtime = target.with_name("labshell-runc")
    if runtime.is_file():
        _link(first / runtime.name, runtime)
    return first, last


def set_up(root: Path) -> list[str]:
    """What bash has to be told: the engine whose files are at `root`, and its words."""
    lines = [f"export LABSHELL_ROOT={quoted(str(root))}"]
    if own := program_directories():
        first, last = (quoted(str(path)) for path in own)
        lines.append(f'PATH={first}:"$PATH":{last}')
    return lines


def engine_words(root: Path, exported: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the engine's program, in a bash that exports these variables.

    None if it was given another root. Whoever has named a server in DOCKER_HOST wants a
    client that asks it.
    """
    if exported.get("LABSHELL_ROOT", "") != str(root):
        return ()
    if exported.get("DOCKER_HOST") or has_docker(exported.get("PATH", os.defpath)):
        return ("lab", "labshell")
    return ("lab", "labshell", "docker")


def has_docker(path: str) -> bool:
    """Is a real docker client on this PATH, besides our own link?"""
    own = program_directories()
    places = [p for p in path.split(os.pathsep) if own is None or Path(p) != own[1]]
    return shutil.which("docker", path=os.pathsep.join(places)) is not None


def _link(link: Path, target: Path) -> None:
    """Make `link` lead to `target`; by rename, for two shells may start at once."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.symlink_to(target)
    temporary.rename(link)
