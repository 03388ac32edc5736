"""Restart policies: should a program that has ended be run again, and when?

    no                never
    on-failure[:n]    if its exit status was not 0, n times at most (0: any number)
    always            whatever its exit status was
    unless-stopped    the same; but `lab resume` leaves it alone if you had stopped it

Whoever stops or kills a container wants it to stay down: that ends every policy until
the next start. The pauses between the attempts double, so that a program that fails at
once does not eat the processor:

    0.1 s, 0.2 s, 0.4 s … at most a minute; a run of 10 s begins anew with 0.1 s

Source: the words and the numbers are Docker's (moby, restartmanager)
Try it: `lab run -d --name again --restart on-failure:3 busybox false; lab events`
"""

import signal
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.errors import InvalidArgument

NO, ON_FAILURE = "no", "on-failure"
ALWAYS, UNLESS_STOPPED = "always", "unless-stopped"
POLICIES = (NO, ON_FAILURE, ALWAYS, UNLESS_STOPPED)
# Who sends one of these wants the program to end, and not to come back.
ENDING_SIGNALS = {
    signal.SIGKILL,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
}
FIRST_PAUSE, LONGEST_PAUSE, STEADY_RUN = 0.1, 60.0, 10.0  # seconds


class RestartPolicy(NamedTuple):
    """What to do when the program ends; `maximum` attempts, 0 for any number."""

    name: str = NO
    maximum: int = 0

    @staticmethod
    def parse(text: str) -> "RestartPolicy":
        """What follows --restart: "always", "on-failure:3"."""
        name, colon, number = text.partition(":")
        if name not in POLICIES:
            raise InvalidArgument(
                f"invalid restart policy '{name}'", f"There are: {', '.join(POLICIES)}."
            )
        try:
            maximum = int(number) if colon else 0
        except ValueError as error:
            raise InvalidArgument(
                "maximum retry count must be an integer", "on-failure:3, for example."
            ) from error
        if maximum < 0:
            raise InvalidArgument(
                "maximum retry count cannot be negative", "on-failure:3, for example."
            )
        if maximum and name != ON_FAILURE:
            raise InvalidArgument(
                f"maximum retry count cannot be used with restart policy '{name}'",
                "Only on-failure counts: --restart on-failure:3.",
            )
        return RestartPolicy(name=name, maximum=maximum)

    def wants_another(self, status: int, restarts: int) -> bool:
        """Whether to run it again after `restarts` attempts, the last with `status`."""
        if self.name == ON_FAILURE:
            return status != 0 and (not self.maximum or restarts < self.maximum)
        return self.name in (ALWAYS, UNLESS_STOPPED)

    def wants_resuming(self, *, status: int, restarts: int, stopped: bool) -> bool:
        """Whether to run it again after the machine was; `stopped` by its user."""
        if stopped and self.name != ALWAYS:
            return False
        return self.wants_another(status, restarts)

    def __str__(self) -> str:
        """As --restart takes it."""
        return f"{self.name}:{self.maximum}" if self.maximum else self.name

    def to_json(self) -> dict[str, Any]:
        """As in config.json."""
        return {"name": self.name, "maximum": self.maximum}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "RestartPolicy":
        """The policy that config.json holds."""
        return RestartPolicy(name=str(data["name"]), maximum=int(data["maximum"]))


NEVER_AGAIN = RestartPolicy()


def pause_after(previous: float, ran: float) -> float:
    """Seconds until the next attempt, `previous` those before the last one (0: none).

    `ran` is how long the last attempt lasted.
    """
    if not previous or ran >= STEADY_RUN:
        return FIRST_PAUSE
    return min(2 * previous, LONGEST_PAUSE)
