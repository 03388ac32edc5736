"""`lab lesson test`: a lesson proves itself, like code.

    untouched    set up and left alone, no step passes
    solved       the reference solution, typed into a real shell, passes every step;
                 for two students with different values, each from fresh; of what the
                 text shows, that fails which is meant to (`:::look fails`), and no more
    also         each other way that must pass does
    wrong        each wrong way gets exactly its points and its message
    reset        afterwards nothing is left: no container, image, volume, network …

Each way is tried in the world with which its step begins (ground.py).

All of it happens in an engine of its own, on the real kernel, and is removed at the
end. A finding that is "could not run" means that the proof, not the lesson, is at
fault: a check that raised or hung, setup lines that failed, no root.

Try it: `lab lesson test commit/init-layer`
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError
from labshell.lessons import library, prose, reference, scene
from labshell.lessons.attempt import Attempt
from labshell.lessons.fields import LessonError
from labshell.lessons.ground import Ground
from labshell.lessons.lesson import Lesson, Step, Wrong
from labshell.lessons.lint import Finding, finding
from labshell.lessons.outcomes import COULD_NOT_RUN, Outcome
from labshell.lessons.progress import Progress
from labshell.lessons.record import LessonRecord, Made, StepRecord
from labshell.lessons.room import room
from labshell.lessons.typist import Typist
from labshell.lessons.values import fill
from labshell.lessons.warm import Warm

_A_MOMENT = 20.0  # seconds for a program in the background to get where it should be
SEEDS = ("first student", "second student")


class ProofFailed(EngineError):
    """The proof could not be carried out; this says nothing about the lesson."""


def prove(
    name: str,
    *,
    walks: int = len(SEEDS),
    all_ways: bool = True,
    folder: Path | None = None,
) -> Iterator[Finding]:
    """All findings of one lesson, as they are made.

    So many students walk through it in a shell; none, and it takes half the time. Of
    each step all ways are tried, or the reference solution alone: then it takes a few
    seconds.
    """
    if os.geteuid() != 0:
        yield Finding(
            lesson=name, what="proof", verdict=COULD_NOT_RUN, detail="it needs root"
        )
        return
    lesson = library.find(name, folder=folder)
    with (
        room(SEEDS[0]) as (engine, progress),
        closing(Warm(progress.path.parent)) as warm,
    ):
        for number, seed in enumerate(SEEDS[: max(walks, 1)], 1):
            if number > 1:  # another student, to whom the engine is as good as new
                progress = Progress(progress.path.with_name(f"{number}.json"))
                progress.seed = seed
            attempt = Attempt(engine, progress, lesson, warm)
            ground = Ground(attempt)
            yield finding(name, f"untouched, {seed}", partial(_untouched, ground))
            if number == 1:
                for step in lesson.steps:
                    if all_ways:
                        yield from _other_ways(ground, step)
                    yield from _reference_way(ground, step)
            yield finding(name, f"reset, {seed}", partial(_reset, attempt))
            if number <= walks:
                look = partial(_solved, engine, progress, lesson)
                yield finding(name, f"solved in a shell, {seed}", look)


def _untouched(ground: Ground) -> str:
    """No step may pass before anything was done for it."""
    ground.begin()
    attempt, looked = ground.attempt, 0
    for position, step in enumerate(attempt.lesson.steps):
        if step.check:
            attempt.enter(position)
            outcome = _believable(attempt.check(), step)
            looked += 1
            if outcome.passed or outcome.earned:
                raise LessonError(f"{step.id} earns {outcome.earned} untouched")
    return f"{looked} checks"


def _other_ways(ground: Ground, step: Step) -> Iterator[Finding]:
    """Each way of doing a step but the first: those that must pass, and must not."""
    name = ground.attempt.lesson.name
    for number, lines in enumerate(step.also, 2):
        look = partial(_passes, ground, step, lines)
        yield finding(name, f"{step.id}: way {number}", look)
    for number, wrong in enumerate(step.wrong, 1):
        look = partial(_fails_as_it_says, ground, step, wrong)
        yield finding(name, f"{step.id}: wrong way {number}", look)


def _reference_way(ground: Ground, step: Step) -> Iterator[Finding]:
    """The reference solution comes last: the next step begins with what it leaves."""
    if step.solve:
        look = partial(_passes, ground, step, step.solve)
        yield finding(ground.attempt.lesson.name, f"{step.id}: way 1", look)


def _passes(ground: Ground, step: Step, lines: tuple[str, ...]) -> str:
    def amiss(outcome: Outcome) -> str:
        if outcome.passed and outcome.earned == step.points:
            return ""
        return f"{outcome.earned} of {step.points}: {outcome.text()}"

    return _try(ground, step, lines, amiss).text()


def _fails_as_it_says(ground: Ground, step: Step, wrong: Wrong) -> str:
    fill = ground.attempt.fill
    meant = fill(wrong.says)

    def amiss(outcome: Outcome) -> str:
        if outcome.passed or outcome.earned != wrong.earned:
            return f"earns {outcome.earned}, not {wrong.earned}: {outcome.text()}"
        says = fill(outcome.text())
        return f"says “{says}”, not “{meant}”" if meant and says != meant else ""

    return fill(_try(ground, step, wrong.do, amiss).text())


def _try(
    ground: Ground,
    step: Step,
    lines: tuple[str, ...],
    amiss: Callable[[Outcome], str],
) -> Outcome:
    """What these lines come to, in the world as it is when the step begins.

    LessonError if it is not what it should be: `amiss` says in which way, or "".
    """
    commands = reference.commands(lines)
    if step.check:
        ground.stand_at(step)
        commands[:0] = reference.shown(ground.attempt.lesson, step)
    else:  # a question that is answered by thinking leaves the world alone
        ground.attempt.record.step = step.id
        ground.attempt.record.steps[step.id] = StepRecord()
    if commands:
        finished = ground.run(step, commands)
        if finished.code != 0:
            raise ProofFailed(f"{commands[0]}: {finished.last_words}")
    outcome = _looked(ground, step, lines, amiss)
    if complaint := amiss(outcome):
        raise LessonError(f"{lines[0]}: {complaint}")
    return outcome


def _looked(
    ground: Ground,
    step: Step,
    lines: tuple[str, ...],
    amiss: Callable[[Outcome], str],
) -> Outcome:
    """What the answer among the lines earns, or what the check says.

    What the lines have left running may still be on its way (`exec -d`).
    """
    attempt = ground.attempt
    for line in lines:
        if line.startswith(":answer "):
            answer = attempt.fill(line.removeprefix(":answer "))
            if "$" in answer:
                answer = ground.expand(answer)
            return _believable(attempt.answer(answer), step)
    end = time.monotonic() + _A_MOMENT
    while True:
        outcome = _believable(attempt.check(), step)
        if not amiss(outcome) or time.monotonic() > end:
            return outcome
        time.sleep(0.1)


def _believable(outcome: Outcome, step: Step) -> Outcome:
    if outcome.verdict == COULD_NOT_RUN:
        raise ProofFailed(f"{step.id}: {outcome.text()}")
    return outcome


def _reset(attempt: Attempt) -> str:
    """After `:reset lesson`, nothing that the lesson made may be left."""
    before, made = attempt.record.before, list(attempt.record.made.containers)
    removed = attempt.reset_lesson()
    _nothing_left(attempt.engine, before or Made(), made)
    return f"{len(removed)} things removed"


def _nothing_left(engine: Engine, before: Made, containers: list[str]) -> None:
    left = scene.news(before, scene.inventory(engine))
    names = [*left.containers, *left.images, *left.references, *left.volumes]
    names += left.networks
    names += [*left.servers, *left.repositories]
    names += [line for line in _mounts() if any(id in line for id in containers)]
    names += [path for path in _cgroups() if any(id in path for id in containers)]
    if names:
        raise LessonError(f"left behind: {', '.join(names)}")


def _mounts() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    return [f"mount {line.split()[4]}" for line in lines]


def _cgroups() -> list[str]:
    return [f"cgroup {path}" for path, _, _ in os.walk("/sys/fs/cgroup")]


def _solved(engine: Engine, progress: Progress, lesson: Lesson) -> str:
    """A walk through the whole lesson, from fresh, and taken back at its end."""
    before = scene.inventory(engine)
    typist = Typist(lesson, engine.root, progress.path)
    try:
        typist.walk()
        record = Progress(progress.path).of(lesson.name)
        earned = sum(step.earned for step in record.steps.values())
        if earned != lesson.maximum:
            raise LessonError(f"{earned} of {lesson.maximum} points")
        _failed_as_meant(lesson, record, typist.values())
        typist.reset()
    finally:
        typist.close()
    _nothing_left(engine, before, record.made.containers)
    return f"{lesson.maximum} points"


def _failed_as_meant(
    lesson: Lesson, record: LessonRecord, values: Mapping[str, str]
) -> None:
    """LessonError if a command of the text has failed that should not, or has not."""
    meant = {fill(one, values) for one in prose.failing(lesson.sections, lesson.shown)}
    failed = {line for step in record.steps.values() for line in step.failed}
    for line in sorted(failed - meant):
        raise LessonError(f"the text shows a command that has failed: {line}")
    for line in sorted(meant - failed):
        raise LessonError(f"the text shows a command that was to fail: {line}")
