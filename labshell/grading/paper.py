"""An image as a check of an assignment sees it: read from what was handed in.

It answers what labshell/lessons/image_view.py answers of an image in an engine, by the
same names. But nothing is unpacked or mounted, nobody need be root, and who made it may
want to do harm:

    shows, content                      what a container of the image would see
    paths_in_any_layer, paths_with      what is stored, and travels with the image

Try it: a check of an assignment, and `lab assignment try`
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from engine.engine import UnmountedImage

Given = ParamSpec("Given")
Told = TypeVar("Told")


class Exhausted(BaseException):
    """There is no memory left. Not an Exception: no check may catch it."""


def sparing(look: Callable[Given, Told]) -> Callable[Given, Told]:
    """The same function; where memory ends in it, no check can take that for a fault.

    A check that catches whatever an image raises would else make a limit of the
    grader's a mistake of the student's.
    """

    @wraps(look)
    def spared(*given: Given.args, **named: Given.kwargs) -> Told:
        try:
            return look(*given, **named)
        except MemoryError:
            raise Exhausted from None

    return spared


class PaperImage:
    """One image of a submission."""

    def __init__(self, image: UnmountedImage) -> None:
        self._image = image
        self.id = image.id

    @property
    def unmounted(self) -> UnmountedImage:
        """The image itself, for who looks at more than a check does."""
        return self._image

    @property
    def layers(self) -> tuple[str, ...]:
        """The diff_ids of its layers, the bottom one first."""
        return self._image.config.diff_ids

    @property
    def size(self) -> int:
        """Bytes of files in all layers, hidden ones too."""
        return self._image.size

    def shows(self, path: str) -> bool:
        """Would a container of the image see something at `path`?"""
        return path.strip("/") in self._image.tree

    @sparing
    def content(self, path: str) -> bytes | None:
        """The first MiB of a file that a container of the image would see."""
        return self._image.content(path)

    @sparing
    def paths_in_any_layer(self) -> set[str]:
        """Every path that any layer holds, hidden by a higher one or not."""
        return {f"/{stored.path}" for stored in self._image.stored}

    @sparing
    def paths_with(self, text: str) -> list[str]:
        """Every file of any layer that has `text` in it (in its first MiB)."""
        return [f"/{one.path}" for one in self._image.paths_with(text.encode())]

    @property
    def user(self) -> str:
        """Whose its program is: "" for root's."""
        return self._image.config.defaults.user

    @property
    def environment(self) -> tuple[str, ...]:
        """The variables that it gives to its containers: "NAME=value"."""
        return self._image.config.defaults.env

    @property
    def command(self) -> tuple[str, ...]:
        """What its containers run if nothing else is said: program and arguments."""
        defaults = self._image.config.defaults
        return (*defaults.entrypoint, *defaults.cmd)

    def config_mentions(self, text: str) -> bool:
        """Is `text` anywhere in the image's configuration?"""
        return text in str(self._image.config.defaults.to_json())

    def history_mentions(self, text: str) -> bool:
        """Is `text` anywhere in the lines that say how the image was made?"""
        steps = self._image.config.history
        return any(text in step.created_by + step.comment for step in steps)
