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

from collections.abc import Mapping

from engine.engine import Engine
from engine.errors import NotFound
from labshell.lessons.container_view import ContainerView
from labshell.lessons.image_view import ImageView
from labshell.lessons.looking import Found, look
from labshell.lessons.outcomes import (
    NO_CONTAINER,
    NO_IMAGE,
    NO_VOLUME,
    Judging,
    NotThereYet,
    Outcome,
)
from labshell.lessons.record import Made

__all__ = ["ContainerView", "ImageView", "Lab", "Outcome"]  # what a checks.py names


class Lab(Judging):
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
        super().__init__(values, maximum, answer)
        self.engine, self._began = engine, began

    def container(self, name: str, *, lost: bool = True) -> ContainerView:
        """The container with this name; not `lost` if the student is to make it."""
        try:
            return ContainerView(self.engine, name)
        except NotFound as error:
            raise NotThereYet(NO_CONTAINER, name, lost=lost) from error

    def image(self, name: str) -> ImageView:
        """The image with this name."""
        try:
            return ImageView(self.engine, name)
        except NotFound as error:
            raise NotThereYet(NO_IMAGE, name, lost=False) from error

    def in_volume(self, volume: str, path: str, *, lost: bool = True) -> Found:
        """What is at `path` in a volume; not `lost` if the student is to make it."""
        try:
            return look(self.engine.volume(volume).content, path)
        except NotFound as error:
            raise NotThereYet(NO_VOLUME, volume, lost=lost) from error

    def is_new(self, reference: str) -> bool:
        """Has this image come, or the name moved to it, since the step began?"""
        image = self.image(reference)
        return self._began.references.get(reference) != image.id
