"""What is remembered of a record is what its files say, whoever has written them."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.containers import remembering
from engine.containers.record import Container
from engine.engine import Engine
from tests.engine.boxes import Box

HOME = Path(__file__).parents[2]
# Two lists: the first reads the records, the second is counted.
_LISTS = """
import os, sys; from pathlib import Path; from engine.engine import Engine
engine = Engine(Path(sys.argv[1])); engine.summaries(all=True)
os.path.exists("/the-first-is-over"); engine.summaries(all=True)
"""
_LONG_AGO = time.time() - 3600


def settle(container: Container) -> None:
    """Let its files look old: what has just been written is not remembered."""
    for name in ("config.json", "state.json"):
        os.utime(container.directory / name, (_LONG_AGO, _LONG_AGO))


def test_what_has_not_changed_is_not_read_again(box: Box) -> None:
    made = box.create("true")
    settle(made)
    first = remembering.read(made.directory)
    assert first == made
    assert remembering.read(made.directory) is first


def test_what_has_just_been_written_is_not_remembered(box: Box) -> None:
    made = box.create("true")
    first, second = (remembering.read(made.directory) for _ in range(2))
    assert first == second == made
    assert first is not second


def test_what_another_has_changed_is_seen_at_once(box: Box) -> None:
    made = box.create("true", name="old")
    settle(made)
    assert [one.name for one in box.engine.containers(all=True)] == ["old"]
    Engine(box.engine.root).rename(made.id, "new")
    assert [one.name for one in box.engine.containers(all=True)] == ["new"]
    settle(made)
    box.foreground(made.id)
    (ended,) = box.engine.containers(all=True)
    assert (ended.name, ended.state.status) == ("new", "exited")


@pytest.mark.require("strace")
def test_a_list_asks_the_kernel_but_five_times_for_each(
    box: Box, tmp_path: Path
) -> None:
    made = [box.create("true") for _ in range(20)]
    for container in made:
        settle(container)
    trace = tmp_path / "trace"
    words = ["strace", "-o", str(trace), "-e", "trace=%file", sys.executable, "-c"]
    root = str(box.engine.root)
    subprocess.run([*words, _LISTS, root], cwd=HOME, check=True)
    second = trace.read_text().partition("/the-first-is-over")[2]
    asked = re.findall(f"/containers/{made[7].id}", second)
    assert 0 < len(asked) <= 5
