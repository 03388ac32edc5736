"""Making, tidying and closing what the fixtures of conftest.py hand out.

keep_cache       what is slow to make, as an image of a machine, outlives the run
make_directory   where this run of the tests keeps everything, on a real disk
isolate          the environment in which no test can meet the user's own engine
tidy             after a test: remove what it made in the shared engine
close            after the last test of a root: end its spawner, remove its files
"""

import ast
import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine import files
from engine.errors import NotFound
from engine.runtime import client
from tests import leftovers

if TYPE_CHECKING:
    from engine.engine import Engine, StoredImage

HOME = Path(__file__).parents[1]
# /tmp may be memory (Debian 13), where an overlay's upper directory is not at home.
DISK = Path(os.environ.get("LABSHELL_TESTS_DISK", "/var/tmp"))


DIRECTORY = "LABSHELL_TESTS_DIRECTORY"  # how pytest-xdist's workers learn of it
_CACHE = "LABSHELL_TESTS_CACHE"


def keep_cache() -> None:
    """Note where the user's cache is, before `isolate` hides it."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    os.environ.setdefault(_CACHE, str(Path(home) / "labshell-tests"))


def cache() -> Path:
    """A directory that outlives this run of the tests, for what is slow to make."""
    directory = Path(os.environ[_CACHE])
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def make_directory() -> Path:
    """A new directory for one run of the tests."""
    return Path(tempfile.mkdtemp(prefix="labshell-tests-", dir=DISK))


def isolate(directory: Path) -> None:
    """Point everything that a command would use by default into `directory`."""
    os.environ["LABSHELL_ROOT"] = str(directory / "default-root")
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = str(directory / "home" / name.lower())
    os.environ["DOCKER_CONFIG"] = str(directory / "home" / "docker")
    os.environ["LABSHELL_LANG"] = "en"
    os.environ["LABSHELL_CONFIG"] = str(directory / "home" / "daemon.json")
    _hear_signals()


def _hear_signals() -> None:
    """Let what the tests start hear what they send to it.

    Whoever started us in the background, or by nohup(1), has had signals ignored, and a
    signal that is ignored is so in all that is executed later: signal(7).
    """
    heard = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    for number, handler in heard.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


def clear(directory: Path) -> None:
    """Remove the directory of this run, and what is still mounted in it."""
    for target in sorted(leftovers.mounts_in(directory), reverse=True):
        subprocess.run(["umount", "-l", target], check=True)
    files.remove_tree(directory)


def engine_size() -> str:
    """How long the engine is: reported, and not judged."""
    sources = [path.read_text() for path in (HOME / "engine").rglob("*.py")]
    lines = sum(text.count("\n") for text in sources)
    code = sum(len(_code_lines(text)) for text in sources)
    return f"engine: {len(sources)} files, {lines} lines, {code} of them code"


def _code_lines(source: str) -> set[int]:
    """The lines that hold code: no blank ones, no comments, no docstrings."""
    texts = {
        number
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    written = (line.partition("#")[0].strip() for line in source.splitlines())
    return {number for number, line in enumerate(written, 1) if line} - texts


def tidy(engine: "Engine") -> None:
    """Remove every container, volume, network, and image but busybox."""
    for container in engine.containers(all=True):
        engine.remove(container.id, force=True, volumes=True)
    for volume in engine.volumes():
        engine.remove_volume(volume.name, force=True)
    engine.prune_networks()
    with contextlib.suppress(NotFound):  # the test has removed busybox itself
        for name in engine.image("busybox").references:
            if name != "busybox:latest":
                engine.remove_image(name)
    while others := [i for i in engine.images(all=True) if _may_go(i)]:
        parents = {image.parent for image in others}
        for image in others:
            with contextlib.suppress(NotFound):  # it went with an image made of it
                if image.id not in parents:
                    engine.remove_image(image.id, force=True)
    engine.notices.clear()


def _may_go(image: "StoredImage") -> bool:
    return "busybox:latest" not in image.references


def close(engine: "Engine") -> None:
    """Remove the containers of a root, end its spawner, remove its files."""
    if not engine.root.exists():
        return
    for container in engine.containers(all=True):
        engine.remove(container.id, force=True, volumes=True)
    let_go(engine)
    files.remove_tree(engine.root)


def let_go(engine: "Engine") -> None:
    """End the spawner that waits for more work, and remove its place in /run."""
    engine.close()
    files.remove_tree(client.Place(root=engine.root).directory)


def let_go_all(directory: Path) -> None:
    """End every spawner with a root in `directory`: to wait is what they are for."""
    from engine.engine import Engine

    for root in leftovers.roots_in_use():
        if root.is_relative_to(directory):
            let_go(Engine(root))
