"""What is wrong with a template, and where: in the words of Go and Docker.

    template parsing error: template: :1:8: executing "" at <.State.Nope>: map has no
    entry for key "Nope"

Line 1, and 8 characters into it. The words are known to whoever has searched the web
for them; what to do about it is in the hint.
"""

import contextlib
from collections.abc import Iterator

from engine.errors import InvalidArgument

HINT = "`lab inspect NAME` shows the fields; https://pkg.go.dev/text/template the rest."


class Failure(Exception):
    """A template that cannot be read or filled: why, and how far into it.

    `node` is what was being filled then, as it is written there; None while reading.
    """

    def __init__(
        self, reason: str, place: int, node: str | None = None, hint: str = HINT
    ) -> None:
        super().__init__(reason)
        self.reason, self.place, self.node, self.hint = reason, place, node, hint


@contextlib.contextmanager
def inside(template: str) -> Iterator[None]:
    """Turn a Failure into an InvalidArgument that says where in `template` it is."""
    try:
        yield
    except Failure as failure:
        before = template[: failure.place]
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2].encode())
        where = f":{line}"
        if failure.node is not None:
            where = f':{line}:{column}: executing "" at <{failure.node}>'
        raise InvalidArgument(
            f"template parsing error: template: {where}: {failure.reason}", failure.hint
        ) from failure
