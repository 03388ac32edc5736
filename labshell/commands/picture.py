"""A picture of something that is read off the live system, shown in three ways.

    drawn          for the eye
    in sentences   --plain, for a screen reader, or a small window
    as data        --json, for programs

What is looked at is looked at once for all three. A live picture is drawn again only if
what there is to see is not what it was.

Try it: `lab tree`, `lab tree --plain`, `lab tree --json`, `lab watch tree`
"""

import contextlib
import json as json_format
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from labshell.commands.listing import print_json
from labshell.views import live

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.engine import Announcements

T = TypeVar("T")


class Picture(Generic[T]):
    """One picture in its three ways."""

    def __init__(
        self,
        look: Callable[[], T],
        *,
        draw: "Callable[[T], RenderableType]",
        sentences: Callable[[T], Sequence[str]],
        as_json: Callable[[T], Any],
    ) -> None:
        """`look` reads what there is to see."""
        self._look, self._draw = look, draw
        self._sentences, self._as_json = sentences, as_json
        self._last: Any = None

    def show(self, *, json: bool, plain: bool) -> None:
        """Print it once."""
        seen = self._look()
        if json:
            print_json(self._as_json(seen))
        elif plain:
            print("\n".join(self._sentences(seen)))
        else:
            from rich.console import Console

            Console(highlight=False).print(self._draw(seen), crop=False)

    def watch(
        self, title: str, announcements: "Announcements", *, json: bool, plain: bool
    ) -> None:
        """Show it until Ctrl-C; not drawn, it is printed whenever it is new."""
        with contextlib.closing(announcements):
            if json:
                live.print_each(self._if_new(lambda _: self._text()), announcements)
            elif plain or not live.on_terminal():
                said = self._if_new(lambda it: "\n".join([*self._sentences(it), ""]))
                live.print_each(said, announcements)
            else:
                live.show(self._if_new(self._draw), title, announcements)

    def _text(self) -> str:
        return json_format.dumps(self._last)

    def _if_new(self, make: "Callable[[T], R]") -> "Callable[[], R | None]":
        """Look; what `make` makes of it if it is not what it was."""

        def look() -> "R | None":
            seen = self._look()
            data = self._as_json(seen)
            if data == self._last:
                return None
            self._last = data
            return make(seen)

        return look


R = TypeVar("R")
