"""What may change a picture is announced; what does not concern it is not."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.engine import ContainerOptions, Engine
from tests import workshop

if TYPE_CHECKING:
    from engine.engine import Announcements

SECONDS = 30.0
pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def web(engine: Engine) -> str:
    options = ContainerOptions(image="busybox", command=("sleep", "1000"), name="web")
    engine.start(engine.create(options).id)
    return "web"


@pytest.fixture
def announcements(engine: Engine, web: str) -> Iterator["Announcements"]:
    """Of what happens, and of what web writes."""
    with contextlib.closing(
        engine.announcements(lambda: [engine.container(web)])
    ) as announcements:
        while announcements.wait(0.2):
            pass  # its start
        yield announcements


def inside(engine: Engine, web: str, path: str) -> Path:
    return Path(f"/proc/{engine.container(web).state.pid}/root{path}")


def test_what_comes_to_be_is_announced(
    engine: Engine, announcements: "Announcements"
) -> None:
    engine.create_volume("something")
    assert announcements.wait(SECONDS)


def test_a_file_that_is_new_or_copied_up_or_deleted_is_announced(
    engine: Engine, web: str, announcements: "Announcements"
) -> None:
    inside(engine, web, "/new").touch()
    assert announcements.wait(SECONDS)
    inside(engine, web, "/etc/passwd").chmod(0o600)
    assert announcements.wait(SECONDS)
    inside(engine, web, "/etc/group").unlink()
    assert announcements.wait(SECONDS)


def test_a_file_in_a_directory_that_is_new_is_announced(
    engine: Engine, web: str, announcements: "Announcements"
) -> None:
    inside(engine, web, "/some").mkdir()
    assert announcements.wait(SECONDS)
    announcements.wait(0.1)
    inside(engine, web, "/some/file").touch()
    assert announcements.wait(SECONDS)


def test_mounts_and_events_of_another_engine_are_none_of_ours(
    engine: Engine, announcements: "Announcements", fresh_root: Path
) -> None:
    other = Engine(fresh_root)
    options = ContainerOptions(image="busybox", command=("true",), network="none")
    other.start(other.create(options).id)
    assert not announcements.wait(0.5)
    workshop.close(other)
