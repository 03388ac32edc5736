"""What was asked of a build, and what is told while it goes on.

    BuildOptions    what was typed: tags, arguments, limits of the containers …
    Progress        whoever watches: hears of each step as it begins and ends
    StepReport      one step, when it is over: from the cache? how long, how large?

The builder prints nothing: a command turns what it hears into lines, a page, or
nothing at all.

Try it: `lab build --report build.html .`
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.containers.options.asked import ContainerOptions


class BuildOptions(NamedTuple):
    """What was asked of a build.

    `dockerfile` is where it lies in the context; `container` is what each container of
    RUN is given: network, limits, powers. `timeout` and `step_timeout` are in seconds;
    `epoch`, in seconds since 1970, is the time that everything new is said to be of.
    `pull`: bases are asked for in their registry, though they are here.
    `remove`: containers of steps that went well; `force_remove`: of all.
    """

    tags: tuple[str, ...] = ()
    dockerfile: str = ""
    arguments: Mapping[str, str] = {}
    target: str = ""
    cache: bool = True
    remove: bool = True
    force_remove: bool = False
    labels: Mapping[str, str] = {}
    container: ContainerOptions = ContainerOptions(image="")
    timeout: float | None = None
    step_timeout: float | None = None
    epoch: int | None = None
    pull: bool = False


class StepReport(NamedTuple):
    """One step that is over.

    `cached`: it was not done, since an image of it is there; `why` says what decided
    that. `seconds` is how long it took, `size` the bytes in the files of its layer.
    """

    number: int
    total: int
    text: str
    image_id: str
    cached: bool = False
    why: str = ""
    seconds: float = 0.0
    size: int = 0
    layer: str = ""


class Progress:
    """Somebody who watches a build. This one looks away."""

    def begins(self, number: int, total: int, text: str) -> None:
        """A step begins."""

    def note(self, line: str) -> None:
        """Something happened in it, in Docker's words."""

    def part(self, name: str, about: str) -> None:
        """One of the six parts of a RUN begins: see running.py. `about`: in words."""

    def output(self, data: bytes, *, error: bool) -> None:
        """A program of RUN has printed something; `error`: to its stderr."""

    def ends(self, report: StepReport) -> None:
        """A step is over."""

    def warns(self, line: str) -> None:
        """Something is probably not meant so."""
