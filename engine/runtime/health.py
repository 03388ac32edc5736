"""Health: what the answers to a container's health checks add up to.

    starting ── one good answer ──────────▶ healthy
        │                                   │     ▲
        └── as many bad answers in a row    ▼     │ one good answer
            as `retries` says ───────────▶ unhealthy

While the start period lasts, bad answers do not count: a program may need a while to be
ready. The last five answers are kept, with the first 4 KB of what they printed.

Source: Docker's HEALTHCHECK
Try it: `lab inspect -f '{{json .State.Health}}' NAME`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

NONE, STARTING, HEALTHY, UNHEALTHY = "none", "starting", "healthy", "unhealthy"
_KEPT = 5


class Answer(NamedTuple):
    """One health check: when, with which exit status (-1: too late), what it said."""

    start: str
    end: str
    exit_code: int
    output: str

    def to_json(self) -> dict[str, Any]:
        """As in state.json."""
        return self._asdict()


class Health(NamedTuple):
    """How a container is; NONE if nobody asks. `failing`: bad answers in a row."""

    status: str = NONE
    failing: int = 0
    answers: tuple[Answer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As in state.json."""
        return {
            "status": self.status,
            "failing": self.failing,
            "answers": [answer.to_json() for answer in self.answers],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Health":
        """The health that state.json holds."""
        return Health(
            status=str(data.get("status", NONE)),
            failing=int(data.get("failing", 0)),
            answers=tuple(Answer(**answer) for answer in data.get("answers", ())),
        )

    def after(self, answer: Answer, *, retries: int, counts: bool) -> "Health":
        """The health after one more answer; `counts`: the start period is over."""
        kept = (*self.answers, answer)[-_KEPT:]
        if answer.exit_code == 0:
            return Health(status=HEALTHY, answers=kept)
        if self.status == STARTING and not counts:
            return self._replace(answers=kept)
        failing = self.failing + 1
        status = UNHEALTHY if failing >= retries else self.status
        return Health(status=status, failing=failing, answers=kept)


UNWATCHED = Health()
