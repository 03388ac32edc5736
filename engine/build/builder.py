"""The builder: a Dockerfile and a context become an image, instruction by instruction.

    FROM busybox          ─►  image 0, which is there
    RUN touch /a          ─►  a container of image 0, committed: image 1
    COPY b /b             ─►  image 1 and a layer with /b: image 2
    CMD ["cat", "/b"]     ─►  image 2 with another configuration: image 3, the result

Every image but the last has no name; each knows its parent. So after a failure all that
went well is still there, and the next build takes it from the cache.

What an instruction does is in a file for each family: metadata.py, running.py,
copying.py, and stages.py for FROM. What all of them share is in work.py.

Source: moby's classic builder, measured on Docker 20.10
Try it: `lab build -t mine . ; lab images -a ; lab history mine`
"""

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from engine import deadline, times
from engine.build import metadata, stages
from engine.build.arguments import Arguments
from engine.build.context import Context
from engine.build.dockerfile import Dockerfile, Instruction, parse, parse_trigger
from engine.build.expansion import expand_pairs
from engine.build.options import BuildOptions, Progress, StepReport
from engine.build.stage import Stage
from engine.build.work import Asked, Outcome, Work
from engine.containers.house import House
from engine.containers.options import checking
from engine.errors import BuildFailed, BuildFileError, EngineError
from engine.images.stored import StoredImage
from engine.kernel import capabilities
from engine.oci import digest as digests


def step(name: str) -> Callable[[Asked], None]:
    """What carries out an instruction. Much of it is imported only when it comes."""
    if name == "RUN":
        from engine.build import running

        return running.run
    if name in ("ADD", "COPY", "WORKDIR"):
        from engine.build import copying

        return copying.make_working_directory if name == "WORKDIR" else copying.copy
    return metadata.say


def check(house: House, options: BuildOptions) -> None:
    """Raise InvalidArgument for what makes no sense, whatever there is to build."""
    for name in options.tags:
        house.images.name_for(name)
    checking.check(options.container)
    asked = options.container
    capabilities.chosen(asked.capabilities_add, asked.capabilities_drop, False)


def limited(options: BuildOptions) -> AbstractContextManager[None]:
    """While this lasts it is a build, which must be over when its time is."""

    def late() -> BuildFailed:
        return BuildFailed(
            f"the build took longer than {times.in_words(options.timeout or 0)}",
            "--timeout allows more. What was made so far is in the cache.",
        )

    return deadline.within(options.timeout, late)


def build(
    house: House,
    context: Context,
    options: BuildOptions,
    progress: Progress,
    find_image: Callable[[str], StoredImage],
) -> StoredImage:
    """Build, and enter what was made into the store, also of what failed later."""
    names = [house.images.name_for(name) for name in options.tags]
    dockerfile = parse(context.dockerfile, context.name)
    for warning in dockerfile.warnings:
        progress.warns(warning)
    work = Work(house, context, options, progress, find_image)
    with work.ledger:
        try:
            image = _Building(work, dockerfile).run()
            work.ledger.settle(image, names)
        except BaseException:
            work.ledger.settle()
            raise
        finally:
            if work.finished:
                from engine.build import running

                running.remove_finished(work)
    progress.note(f"Successfully built {digests.short(image.id)}")
    for name in names:
        progress.note(f"Successfully tagged {name}")
    return image


class _Building:
    """One Dockerfile on its way through the builder."""

    def __init__(self, work: Work, dockerfile: Dockerfile) -> None:
        self._work, self._dockerfile = work, dockerfile
        self._arguments = Arguments(work.options.arguments)
        self._plan = stages.planned(dockerfile, work.options.target)
        self._total = len(self._plan) + len(work.options.labels)
        self._number = 0
        self._stage: Stage | None = None

    def run(self) -> StoredImage:
        """Every instruction, in order; the image that the last one made."""
        for instruction in self._plan:
            work = functools.partial(self._do, instruction)
            self._step(instruction.original, work, instruction)
        for label in sorted(self._work.options.labels.items()):
            text = f"LABEL {'='.join(label)}"
            self._step(text, functools.partial(self._label, label))
        unused = self._arguments.unused()
        if unused:
            self._work.progress.warns(
                f"One or more build-args [{' '.join(unused)}] were not consumed"
            )
        if self._stage is None or self._stage.image is None:
            raise BuildFailed(
                "No image was generated. Is your Dockerfile empty?",
                "FROM scratch is nothing yet: COPY something.",
            )
        return self._stage.image

    def _step(
        self,
        text: str,
        work: Callable[[], None],
        instruction: Instruction | None = None,
    ) -> None:
        """One step, with what is told of it before and after."""
        self._number += 1
        deadline.check()
        self._work.progress.begins(self._number, self._total, text)
        self._work.outcome, began = Outcome(cached=False, why=""), time.monotonic()
        try:
            work()
        except EngineError as error:
            self._work.progress.fails(self._report(text, began, error.message))
            failed = self._at(instruction, error)
            if failed is error:
                raise
            raise failed from error
        self._work.progress.ends(self._report(text, began))

    def _report(self, text: str, began: float, failure: str = "") -> StepReport:
        """What there is to tell of a step that is over."""
        image = self._stage.image if self._stage and not failure else None
        image_id = None if self._stage is None else ""
        outcome = self._work.outcome
        return StepReport(
            number=self._number,
            total=self._total,
            text=text,
            image_id=image.id if image else image_id,
            cached=outcome.cached,
            why=outcome.why,
            seconds=time.monotonic() - began,
            size=outcome.size,
            layer=outcome.layer,
            failure=failure,
        )

    def _at(self, instruction: Instruction | None, error: EngineError) -> EngineError:
        """The same error, with the place in the Dockerfile, if it has none yet."""
        if isinstance(error, BuildFileError):
            return error
        failed = error if isinstance(error, BuildFailed) else _failed_by(error)
        if instruction and not failed.excerpt:
            placed = self._dockerfile.error(instruction.position, failed.message)
            failed.excerpt = placed.excerpt
        return failed

    def _do(self, instruction: Instruction) -> None:
        if instruction.name == "FROM":
            self._stage = stages.begin(
                self._work, self._dockerfile, instruction, self._arguments
            )
            self._triggers(self._stage)
        elif self._stage is None:  # an ARG before the first FROM
            seen = self._arguments.for_from()
            for name, default in expand_pairs(self._dockerfile, instruction, seen):
                self._arguments.declare(name, default, early=True)
        else:
            self._carry_out(self._dockerfile, instruction, self._stage)

    def _carry_out(
        self, dockerfile: Dockerfile, instruction: Instruction, stage: Stage
    ) -> None:
        step(instruction.name)(Asked(self._work, stage, dockerfile, instruction))

    def _triggers(self, stage: Stage) -> None:
        """What ONBUILD of the base image has kept for those that build on it."""
        triggers: Sequence[str] = stage.defaults.on_build
        if not triggers:
            return
        many = "s" * (len(triggers) > 1)
        note = f"# Executing {len(triggers)} build trigger{many}"
        self._work.progress.note(note)
        stage.defaults = stage.defaults._replace(on_build=())
        for trigger in triggers:
            read = parse_trigger(trigger)
            self._carry_out(read, read.instructions[0], stage)

    def _label(self, label: tuple[str, str]) -> None:
        """What --label says is one more LABEL, at the end."""
        assert self._stage is not None, "a Dockerfile has a FROM"
        text, defaults = metadata.labelled(self._stage.defaults, [label])
        self._work.only_says(self._stage, ("", text), defaults)


def _failed_by(error: EngineError) -> BuildFailed:
    failed = BuildFailed(error.message, error.hint)
    failed.exit_code = BuildFailed.exit_code
    return failed
