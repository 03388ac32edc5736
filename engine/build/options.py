"""What was asked of a build, and what is told while it goes on.

    BuildOptions    what was typed: tags, arguments, limits of the containers …
    Progress        whoever watches: hears of each step as it begins and ends
    DockersLines    … and puts it into the words of Docker's classic builder
    StepReport      one step, when it is over: from the cache? how long, how large?

The builder prints nothing: a command turns what it hears into lines, a page, or
nothing at all.

Try it: `lab build --report build.html .`
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.containers.options.asked import ContainerOptions
from engine.oci import digest as digests


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

    `image_id` is what there is so far: "" for nothing, None before the first FROM.
    `cached`: it was not done, since an image of it is there; `why` says what decided
    that. `seconds` is how long it took, `size` the bytes in the files of its layer,
    `failure` why it failed, "" if it did not.
    """

    number: int
    total: int
    text: str
    image_id: str | None
    cached: bool = False
    why: str = ""
    seconds: float = 0.0
    size: int = 0
    layer: str = ""
    failure: str = ""


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

    def fails(self, report: StepReport) -> None:
        """A step has failed, and with it the build."""

    def warns(self, line: str) -> None:
        """Something is probably not meant so."""


class DockersLines(Progress):
    """Somebody who hears of a build in the lines that Docker prints.

    Source: moby's classic builder, measured on Docker 20.10
    """

    def line(self, text: str) -> None:
        """One line of it."""

    def begins(self, number: int, total: int, text: str) -> None:
        """A step begins."""
        self.line(f"Step {number}/{total} : {text}")

    def note(self, line: str) -> None:
        """Something happened in it."""
        self.line(line)

    def ends(self, report: StepReport) -> None:
        """A step is over."""
        if report.image_id is not None:
            self.line(f" ---> {digests.short(report.image_id)}")

    def warns(self, line: str) -> None:
        """Something is probably not meant so."""
        self.line(f"[Warning] {line}")
