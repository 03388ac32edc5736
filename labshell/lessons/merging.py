"""Two records of one lesson made one, so that nothing that was done is lost.

Two shells learn at once: each knows what was saved when it read last (base), and what
has come of it in its own hands (ours). Whatever only one of the two has changed is
taken from that one:

    base ──> ours          step "guess" passed here                   ours
     └─────> saved         step "work" passed there                   saved
                           both have done something to a step         the better

An export is taken in: there is no base, so of each step the better result counts, which
makes it the same to take in a file once or twice. Where the student is, and what stands
in the engine, belongs to a machine and is never exported.

Try it: two shells in one lesson, then `:progress` in both
"""

from collections.abc import Mapping

from labshell.lessons.record import STATUSES, LessonRecord, Made, StepRecord


def better(one: StepRecord, other: StepRecord) -> StepRecord:
    """The result that is worth more; the same one, in whichever order they come."""
    return max(one, other, key=_worth)


def _worth(step: StepRecord) -> tuple[int, int, int, str, str]:
    rank = STATUSES.index(step.status)
    return step.earned, rank, step.tries + step.hints, step.answer, step.message


def joined(
    base: LessonRecord | None, ours: LessonRecord, saved: LessonRecord | None
) -> LessonRecord:
    """What to save of a lesson, if `saved` is what another shell made of `base`."""
    if saved is None or saved == base:
        return ours
    if base is None:
        base = LessonRecord()
    if saved.attempt > ours.attempt:
        return saved  # it was reset over there: what was done here is undone
    if ours.attempt > saved.attempt:
        return ours  # it is reset here
    ours.steps = _steps(base.steps, ours.steps, saved.steps)
    if saved.finished != base.finished:
        ours.finished |= saved.finished
    if saved.before != base.before and ours.before == base.before:
        _stand_as(ours, saved, base)
    else:
        _add(ours.made, saved.made, base.made)
    return ours


def _steps(
    base: Mapping[str, StepRecord],
    ours: Mapping[str, StepRecord],
    saved: Mapping[str, StepRecord],
) -> dict[str, StepRecord]:
    steps = {}
    for id in (*ours, *(id for id in saved if id not in ours)):
        before = base.get(id, StepRecord())
        here, there = ours.get(id, before), saved.get(id, before)
        if there == before:
            steps[id] = here
        elif here == before:
            steps[id] = there
        else:
            steps[id] = better(here, there)
    return steps


def _stand_as(ours: LessonRecord, saved: LessonRecord, base: LessonRecord) -> None:
    """Over there it was set up again, or put away: what stood before has gone."""
    _add(saved.made, ours.made, base.made)
    ours.root, ours.world = saved.root, saved.world
    ours.before, ours.began, ours.made = saved.before, saved.began, saved.made


def _add(ours: Made, saved: Made, base: Made) -> None:
    """Add what came over there: it belongs to the lesson, whoever saw it first."""
    for here, there, before in (
        (ours.containers, saved.containers, base.containers),
        (ours.images, saved.images, base.images),
        (ours.volumes, saved.volumes, base.volumes),
        (ours.networks, saved.networks, base.networks),
        (ours.servers, saved.servers, base.servers),
        (ours.repositories, saved.repositories, base.repositories),
    ):
        here += [item for item in there if item not in before and item not in here]
    new = saved.references.items() - base.references.items()
    ours.references = {**dict(new), **ours.references}


def portable(record: LessonRecord) -> LessonRecord:
    """What of a record does not belong to this machine."""
    return LessonRecord(
        attempt=record.attempt,
        step=record.step,
        finished=record.finished,
        steps=record.steps,
    )


def take_in(ours: LessonRecord, theirs: LessonRecord) -> None:
    """Merge what was exported elsewhere into what is known here."""
    for id, step in theirs.steps.items():
        ours.steps[id] = better(ours.of(id), step)
    ours.finished |= theirs.finished
    if ours.before is None:  # not begun on this machine
        ours.attempt = max(ours.attempt, theirs.attempt)
        ours.step = ours.step or theirs.step
