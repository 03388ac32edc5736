"""Health checks: how an image or a container says "ask me whether I am well".

    HEALTHCHECK --interval=5s CMD wget -q -O- localhost || exit 1

in an image's config it reads

    "Healthcheck": {"Test": ["CMD-SHELL", "wget -q -O- localhost || exit 1"],
                    "Interval": 5000000000}

    Test[0]   NONE        no check, also if the image had one
              CMD         the rest is a program and its arguments
              CMD-SHELL   the rest is one line for the shell
    times     in nanoseconds; 0 or absent: Docker's default

Source: Docker's image specification v1.2, "Healthcheck" (the OCI one has none)
Try it: `lab run -d --name box --health-cmd true --health-interval 1s busybox sleep 9`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

MILLISECOND, SECOND = 1_000_000, 1_000_000_000  # nanoseconds
NUMBERS = ("Interval", "Timeout", "StartPeriod", "Retries")  # in an image's config


class Healthcheck(NamedTuple):
    """How to ask. Times in nanoseconds; `test` as in an image's config."""

    test: tuple[str, ...] = ()
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    retries: int = 0

    @property
    def wanted(self) -> bool:
        """Whether there is anything to ask."""
        return len(self.test) > 1

    def command(self, shell: tuple[str, ...]) -> tuple[str, ...]:
        """The program to run, and its arguments."""
        kind, *words = self.test
        return (*shell, *words) if kind == "CMD-SHELL" else tuple(words)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Healthcheck":
        """The check in an image's config. TypeError or ValueError if it is none."""
        test = data.get("Test") or ()
        if not all(isinstance(word, str) for word in test):
            raise TypeError(f"Test is {test!r}")
        return Healthcheck(
            test=tuple(test),
            interval=int(data.get("Interval") or 0),
            timeout=int(data.get("Timeout") or 0),
            start_period=int(data.get("StartPeriod") or 0),
            retries=int(data.get("Retries") or 0),
        )

    def to_json(self) -> dict[str, Any]:
        """As an image's config has it: what was not said is left out."""
        data: dict[str, Any] = {
            "Test": list(self.test),
            "Interval": self.interval,
            "Timeout": self.timeout,
            "StartPeriod": self.start_period,
            "Retries": self.retries,
        }
        return {name: value for name, value in data.items() if value}

    def over(self, below: "Healthcheck") -> "Healthcheck":
        """This one, with what it does not say taken from the one `below` it."""
        if self.test[:1] == ("NONE",):
            return self
        return Healthcheck(
            test=self.test or below.test,
            interval=self.interval or below.interval,
            timeout=self.timeout or below.timeout,
            start_period=self.start_period or below.start_period,
            retries=self.retries or below.retries,
        )


UNASKED = Healthcheck()
