"""What is known of a lesson, as it is saved: LessonRecord, StepRecord, Made.

    LessonRecord ── steps ──> StepRecord     what came of one step
        ├── made, before, began ──> Made     what stands in the engine because of it

Read from a file, each field is looked at: a record is right, or a ValueError.

Try it: `cat ~/.local/share/labshell/progress.json`
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from labshell.messages import marked

OPEN, DONE = marked("open"), marked("passed")
WRONG, SKIPPED = marked("wrong"), marked("skipped")
STATUSES = (OPEN, SKIPPED, WRONG, DONE)  # each better than the one before


def as_text(value: object) -> str:
    """`value`, which must be a text; ValueError if it is not."""
    if not isinstance(value, str):
        raise ValueError(f"not a text: {value!r:.40}")
    return value


def _number(value: object, lowest: int) -> int:
    if type(value) is not int or value < lowest:  # True would be an int as well
        raise ValueError(f"not a number of at least {lowest}: {value!r:.40}")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"neither true nor false: {value!r:.40}")
    return value


@dataclass(slots=True, kw_only=True)
class StepRecord:
    """What is known of one step. `wrong` is a prediction that did not come true.

    `failed`: the commands of its text that have failed, as they were typed.
    """

    status: str = OPEN
    earned: int = 0
    tries: int = 0
    hints: int = 0
    answer: str = ""
    message: str = ""
    failed: list[str] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """May the student go on?"""
        return self.status != OPEN

    @staticmethod
    def from_json(data: dict[str, Any]) -> "StepRecord":
        """From plain data; TypeError or ValueError if it is not that."""
        record = StepRecord(**data)
        for number in (record.earned, record.tries, record.hints):
            _number(number, 0)
        if as_text(record.status) not in STATUSES:
            raise ValueError(f"not a status of a step: {record.status:.40}")
        if not isinstance(record.failed, list):
            raise ValueError(f"not commands: {record.failed!r:.40}")
        for said in (record.answer, record.message, *record.failed):
            as_text(said)
        return record


@dataclass(slots=True, kw_only=True)
class Made:
    """Things in the engine: by id for containers and images, else by name.

    `servers`: the addresses of labd and of the registry, if they run, and bundle://ID
    of what labshell-runc has made; `repositories`: those of the registry.
    """

    containers: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    servers: list[str] = field(default_factory=list)
    repositories: list[str] = field(default_factory=list)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Made":
        """From plain data; TypeError or ValueError if it is not that."""
        made = Made(**data)
        for name in data:
            kind = dict if name == "references" else list
            names = getattr(made, name)
            if not isinstance(names, kind):
                raise ValueError(f"not {name}: {names!r:.40}")
            for each in names:
                as_text(each)
        for id in made.references.values():
            as_text(id)
        return made


@dataclass(slots=True, kw_only=True)
class LessonRecord:
    """What is known of one lesson.

    `root` is the engine it is learnt in, `world` that and the boot in which its
    containers run. `before` is what stood in the engine when the lesson began, `began`
    the same for the step the student is at, `made` what has come since, while it was
    being learnt.
    """

    attempt: int = 1
    root: str = ""
    world: str = ""
    step: str = ""
    finished: bool = False
    before: Made | None = None
    began: Made | None = None
    made: Made = field(default_factory=Made)
    steps: dict[str, StepRecord] = field(default_factory=dict)

    def of(self, id: str) -> StepRecord:
        """The record of one step, made if need be."""
        return self.steps.setdefault(id, StepRecord())

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "LessonRecord":
        """From plain data; TypeError, KeyError or ValueError if it is not that."""
        before, began = data["before"], data["began"]
        return LessonRecord(
            attempt=_number(data["attempt"], 1),
            root=as_text(data["root"]),
            world=as_text(data["world"]),
            step=as_text(data["step"]),
            finished=_truth(data["finished"]),
            before=None if before is None else Made.from_json(before),
            began=None if began is None else Made.from_json(began),
            made=Made.from_json(data["made"]),
            steps={id: StepRecord.from_json(s) for id, s in data["steps"].items()},
        )
