"""Groups inside a group are found, however deep, and whatever they are called.

Any directory will do: what is special about control groups is not asked for here.
"""

import os
from pathlib import Path

import pytest

from engine.kernel.subgroups import inside


def nested(top: Path, name: str, depth: int) -> None:
    """Directories of this name inside each other."""
    here = os.open(top, os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        there = os.open(name, os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)


@pytest.mark.parametrize(("name", "depth"), [("d", 3000), ("n" * 250, 60)])
def test_every_one_can_be_removed(tmp_path: Path, name: str, depth: int) -> None:
    top = tmp_path / "top"
    top.mkdir()
    nested(top, name, depth)
    found = 0
    for path in inside(top):
        path.rmdir()
        found += 1
    assert (found, top.exists()) == (depth + 1, False)


def test_those_inside_come_first(tmp_path: Path) -> None:
    for path in ("top/a/b", "top/c"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "top" / "tasks").touch()
    (tmp_path / "top" / "link").symlink_to(tmp_path)
    found = [str(path.relative_to(tmp_path)) for path in inside(tmp_path / "top")]
    assert sorted(found) == ["top", "top/a", "top/a/b", "top/c"]
    assert found.index("top/a/b") < found.index("top/a") < found.index("top") == 3


def test_few_descriptors_are_open(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    nested(tmp_path / "top", "d", 200)
    most = {len(os.listdir("/proc/self/fd")) for _ in inside(tmp_path / "top")}
    assert len(most) == 1


def test_what_goes_meanwhile_does_no_harm(tmp_path: Path) -> None:
    nested(tmp_path, "d", 3)
    left = inside(tmp_path / "d")
    assert next(left) == tmp_path / "d/d/d"
    for path in ("d/d/d", "d/d", "d"):
        (tmp_path / path).rmdir()
    assert not [path for path in left if path.exists()]
