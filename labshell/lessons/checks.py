"""What a check is given, and what it returns.

A check is a plain function in a lesson's `checks.py`. It looks at effects in the
engine, never at what was typed, so that every way that leads to the effect passes:

    def token_is_hidden(lab: Lab) -> Outcome:
        container = lab.container(lab.values["tree"])
        if "/srv/token" in container.changes.deleted:
            return lab.passed("The top layer holds a whiteout.")
        return lab.failed("The container still sees /srv/token.")

It sees what is there now (containers, images, volumes) and what was there when its
step began (`lab.is_new`). Something it asks for that is not there is no fault of the
check: the step simply has not been done. Messages are plain texts, so that they can
be translated; `{{name}}` in them is filled in afterwards. A message never claims more
than was checked.

Try it: `:check` in a lesson, then read its checks.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.engine import Engine
from engine.errors import NotFound
from labshell.lessons.looking import Found, look, look_through, paths_in
from labshell.lessons.progress import Made

PASSED, FAILED, COULD_NOT_RUN = "passed", "failed", "could not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a check: one of three verdicts, points, and one line to say.

    `{subject}` in the message stands for the name in `subject`. `lost` says that
    something which the lesson needs is not there.
    """

    verdict: str
    earned: int
    maximum: int
    message: str
    subject: str = ""
    lost: bool = False

    @property
    def passed(self) -> bool:
        """Was everything there that was asked for?"""
        return self.verdict == PASSED

    def text(self, message: str | None = None) -> str:
        """The message (or its translation) with the subject in its place."""
        return (message or self.message).replace("{subject}", self.subject)


class NotThereYet(Exception):
    """A check asked for something that does not exist: its step is not done."""

    def __init__(self, message: str, subject: str, *, lost: bool = True) -> None:
        super().__init__(message)
        self.message, self.subject, self.lost = message, subject, lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a read-write layer holds, by kind, as absolute paths."""

    added: frozenset[str]
    changed: frozenset[str]
    deleted: frozenset[str]


def _changes(changes: Iterable[Any]) -> Changes:
    kinds: dict[str, set[str]] = {"A": set(), "C": set(), "D": set()}
    for change in changes:
        kinds[change.kind].add(change.path)
    return Changes(
        added=frozenset(kinds["A"]),
        changed=frozenset(kinds["C"]),
        deleted=frozenset(kinds["D"]),
    )


class ContainerView:
    """One container, as a check sees it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._container = engine, engine.container(name)

    @property
    def changes(self) -> Changes:
        """What its read-write layer holds."""
        return _changes(self._engine.changes(self._container.id))

    @property
    def running(self) -> bool:
        """Does its process run (or is it paused) now?"""
        return self._container.state.status in ("running", "paused")

    def in_read_write_layer(self, path: str) -> bytes | None:
        """The content of a file of the read-write layer itself; None if not there."""
        top = self._engine.layers(self._container.id)[-1]
        return look(top.directory, path).data

    def size(self, path: str) -> int | None:
        """The size of a file in the read-write layer; None if it is not there."""
        top = self._engine.layers(self._container.id)[-1]
        status = look(top.directory, path).status
        return None if status is None else status.st_size

    def inside(self, path: str) -> Found:
        """What the container's own process sees at `path`, mounts and all."""
        if not self.running:
            raise NotThereYet("{subject} is not running.", self._container.name)
        root = Path(f"/proc/{self._container.state.pid}/root")
        return look(root, path)

    def content(self, path: str) -> bytes | None:
        """The content of a file as the container's own process reads it."""
        return self.inside(path).data


class ImageView:
    """One image, as a check sees it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self.id: str = engine.image(name).id
        self._layers = [layer for layer in engine.layers(name) if layer.kind == "image"]

    @property
    def layers(self) -> tuple[str, ...]:
        """The ids of its layers, the bottom one first."""
        return tuple(layer.id for layer in self._layers)

    def _found(self, path: str) -> Found:
        return look_through([x.directory for x in reversed(self._layers)], path)

    def shows(self, path: str) -> bool:
        """Would a container of the image see something at `path`?"""
        return self._found(path).status is not None

    def content(self, path: str) -> bytes | None:
        """The content of a file that a container of the image would see."""
        return self._found(path).data

    def paths_in_any_layer(self) -> set[str]:
        """Every path that any layer holds, hidden by a higher one or not."""
        return {path for layer in self._layers for path in paths_in(layer.directory)}

    def config_mentions(self, text: str) -> bool:
        """Is `text` anywhere in the image's configuration?"""
        return text in str(self._engine.inspect(self._name, kind="image"))


class Lab:
    """What a check may look at, and how it says what it found."""

    def __init__(
        self,
        engine: Engine,
        *,
        values: Mapping[str, str],
        maximum: int,
        began: Made,
        answer: str | None = None,
    ) -> None:
        self.engine, self.values, self.maximum = engine, values, maximum
        self.answer, self._began = answer, began

    def passed(self, message: str) -> Outcome:
        """All points."""
        return Outcome(
            verdict=PASSED, earned=self.maximum, maximum=self.maximum, message=message
        )

    def failed(self, message: str, earned: int = 0, subject: str = "") -> Outcome:
        """Not all points, or none; `message` says what is missing."""
        return Outcome(
            verdict=FAILED,
            earned=earned,
            maximum=self.maximum,
            message=message,
            subject=subject,
        )

    def broken(self, why: str) -> Outcome:
        """No verdict: the check itself, or the machine, is at fault."""
        return Outcome(
            verdict=COULD_NOT_RUN,
            earned=0,
            maximum=self.maximum,
            message="The check could not run: {subject}.",
            subject=why,
        )

    def container(self, name: str) -> ContainerView:
        """The container with this name."""
        try:
            return ContainerView(self.engine, name)
        except NotFound as error:
            raise NotThereYet("There is no container {subject}.", name) from error

    def image(self, name: str) -> ImageView:
        """The image with this name."""
        try:
            return ImageView(self.engine, name)
        except NotFound as error:
            raise NotThereYet(
                "There is no image {subject} yet.", name, lost=False
            ) from error

    def volume_content(self, volume: str, path: str) -> bytes | None:
        """The content of a file in a volume; None if it is not there."""
        try:
            return look(self.engine.volume(volume).mountpoint, path).data
        except NotFound as error:
            raise NotThereYet("There is no volume {subject}.", volume) from error

    def is_new(self, reference: str) -> bool:
        """Has this image come, or the name moved to it, since the step began?"""
        image = self.image(reference)
        return self._began.references.get(reference) != image.id

    def compare_answer(
        self, right: str, passed: str = "That is it.", failed: str = "That is not it."
    ) -> Outcome:
        """Is what was given with `:answer` the right answer?"""
        if self.answer is None:
            return self.failed("No answer yet: `:answer …`.")
        same = self.answer.strip() == right.strip()
        return self.passed(passed) if same else self.failed(failed)
