"""Programs run in containers, and what came of them: what most tests here need.

    box.run("echo", "hi")              to its end, removed: Done(code, out, err)
    box.begin("sleep", "100")          in the background: its record
    box.execute(name, "ps")            one more process in it: Done
    box.says(name, "ready")            wait until it has printed this
    box.image("mine", {"a": "text"})   busybox with these files over it

What follows is an option of ContainerOptions or ExecOptions, by its name there. Output
goes to files in memory, so that a program never waits for somebody to read it.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.containers.sessions.session import Session
from engine.engine import Container, ContainerOptions, Engine, ExecOptions
from engine.errors import InvalidArgument

# A program that ends when it is told to: process 1 has no default for a signal.
OBEYS = ("sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done")
LASTS = ("sleep", "1000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a program ended, and what it has printed."""

    code: int
    raw: bytes
    raw_errors: bytes

    @property
    def out(self) -> str:
        """What it printed."""
        return self.raw.decode(errors="replace")

    @property
    def err(self) -> str:
        """What it complained about."""
        return self.raw_errors.decode(errors="replace")

    @property
    def lines(self) -> list[str]:
        """What it printed, line by line."""
        return self.out.splitlines()


class Box:
    """An engine, and short ways to run something in it."""

    def __init__(self, engine: Engine, image: str = "busybox") -> None:
        self.engine = engine
        self._image = image

    def options(self, *command: str, **options: Any) -> ContainerOptions:
        """What is asked of a container, if nothing is said of its image or network.

        Few tests are about networks, and all are faster without.
        """
        asked = {"image": self._image, "network": "none", **options}
        return ContainerOptions(command=command, **asked)

    def create(self, *command: str, **options: Any) -> Container:
        """A container that does not run yet."""
        return self.engine.create(self.options(*command, **options))

    def refuses(self, asked: Mapping[str, Any], words: str) -> None:
        """These options are refused, in these words and with advice what to do."""
        with pytest.raises(InvalidArgument) as caught:
            self.create("true", **asked)
        assert words in caught.value.message
        assert caught.value.hint

    def run(self, *command: str, stdin: bytes | None = None, **options: Any) -> Done:
        """Run a program in the foreground, to its end, and remove its container."""
        asked = {"interactive": stdin is not None, **options}
        container = self.create(*command, **asked)
        try:
            return self.foreground(container.id, stdin)
        finally:
            self.engine.remove(container.id, force=True, volumes=True)

    def foreground(self, name: str, stdin: bytes | None = None) -> Done:
        """Start a container that is there, and stay with it to its end."""
        return follow(self.engine.session(name, stdin=stdin is not None), stdin)

    def begin(self, *command: str, **options: Any) -> Container:
        """Run a program in the background."""
        container = self.create(*(command or LASTS), **options)
        self.engine.start(container.id)
        return self.engine.container(container.id)

    def execute(
        self, name: str, *command: str, stdin: bytes | None = None, **options: Any
    ) -> Done:
        """Run one more program in a container, to its end."""
        asked = {"interactive": stdin is not None, **options}
        return follow(
            self.engine.execute(name, ExecOptions(command=command, **asked)), stdin
        )

    def commands(self, name: str) -> list[str]:
        """What the processes of a container run."""
        return [row[-1] for row in self.engine.top(name).rows]

    def says(self, name: str, text: str) -> None:
        """Wait until a container has printed a line with `text` in it."""
        with contextlib.closing(self.engine.logs(name, follow=True)) as entries:
            assert any(text in entry.data.decode() for entry in entries), text

    def image(
        self, name: str, tree: Mapping[str, str | bytes], changes: Sequence[str] = ()
    ) -> str:
        """Make the image `name`: busybox with `tree` over it.

        "path": "text" is a file, executable; "path": b"target" a link to the target.
        """

        def fill(upper: Path) -> None:
            for path, content in tree.items():
                (upper / path).parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, bytes):
                    (upper / path).symlink_to(os.fsdecode(content))
                else:
                    (upper / path).write_text(content)
                    (upper / path).chmod(0o755)

        return self.image_with(name, fill, changes)

    def image_with(
        self, name: str, fill: Callable[[Path], object], changes: Sequence[str] = ()
    ) -> str:
        """Make the image `name`: busybox and what `fill` puts over it."""
        container = self.create("true")
        fill(container.directory / "upper")
        self.engine.commit(container.id, name, changes=changes)
        self.engine.remove(container.id)
        return name


def follow(session: Session, stdin: bytes | None = None) -> Done:
    """Start what the session is for, send it `stdin`, and wait for its end."""
    with in_memory() as out, in_memory() as err, in_memory(stdin or b"") as source:
        try:
            session.start()
            code = session.interact(None if stdin is None else source, out, err)
        finally:
            session.close()
        return Done(code=code, raw=content(out), raw_errors=content(err))


@contextlib.contextmanager
def in_memory(data: bytes = b"") -> Iterator[int]:
    """A file in memory that holds `data`, to be read from its beginning."""
    descriptor = os.memfd_create("test", os.MFD_CLOEXEC)
    try:
        os.pwrite(descriptor, data, 0)
        yield descriptor
    finally:
        os.close(descriptor)


def content(descriptor: int) -> bytes:
    """All that is in a file in memory."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def until(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Wait for something that nobody tells: the kernel's own bookkeeping."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.005)
