"""How far a student is, saved as one JSON file.

    {"version": 1,
     "seed": "9f…",                        from which the student's values derive
     "current": "commit/init-layer",       what `lab learn` goes on with
     "lessons": {"commit/init-layer": {
        "attempt": 1,                      a new one after each `:reset lesson`
        "step": "guess",                   where the student is
        "finished": false,
        "made": {"containers": [id…], "images": […], "volumes": […]},
        "steps": {"guess": {"status": "passed", "earned": 1, "tries": 1, …}}}}}

The file is $LABSHELL_PROGRESS, or labshell/progress.json in $XDG_DATA_HOME, which is
~/.local/share of the student: under sudo of who typed sudo, and the file is theirs.

Two shells may learn at once. So a save does not write what was read at the start: it
takes the lock, reads the file again, replaces one lesson in it, and renames the new
file over the old one.

man: rename(2), flock(2), sudo(8) on SUDO_USER
Try it: `cat ~/.local/share/labshell/progress.json`
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import EngineBroken, from_os_error
from labshell.lessons import saving

VERSION = 1
OPEN, DONE, WRONG, SKIPPED = "open", "passed", "wrong", "skipped"


@dataclass(slots=True, kw_only=True)
class StepRecord:
    """What is known of one step. `wrong` is a prediction that did not come true."""

    status: str = OPEN
    earned: int = 0
    tries: int = 0
    hints: int = 0
    answer: str = ""
    message: str = ""

    @property
    def done(self) -> bool:
        """May the student go on?"""
        return self.status != OPEN


@dataclass(slots=True, kw_only=True)
class Made:
    """Things in the engine: by id for containers and images, else by name."""

    containers: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)


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
            attempt=int(data["attempt"]),
            root=str(data["root"]),
            world=str(data["world"]),
            step=str(data["step"]),
            finished=bool(data["finished"]),
            before=None if before is None else Made(**before),
            began=None if began is None else Made(**began),
            made=Made(**data["made"]),
            steps={id: StepRecord(**step) for id, step in data["steps"].items()},
        )


class Progress:
    """The progress file: read once, saved lesson by lesson."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._load()

    def _load(self) -> None:
        try:
            data = saving.read(self.path)
            if data["version"] != VERSION:
                raise ValueError(f"version {data['version']} is not known here")
            self.seed = str(data["seed"])
            self.current: str | None = data["current"]
            self.lessons = {
                name: LessonRecord.from_json(record)
                for name, record in data["lessons"].items()
            }
        except FileNotFoundError:
            self.seed, self.current = os.urandom(8).hex(), None
            self.lessons = {}
        except OSError as error:
            raise from_os_error(error) from error
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise EngineBroken(
                f"{self.path} is not a progress file of this version: {error}",
                "Move it away to begin anew: nothing in the engine is lost.",
            ) from error

    def of(self, name: str) -> LessonRecord:
        """The record of one lesson, made if need be."""
        return self.lessons.setdefault(name, LessonRecord())

    def seed_of(self, name: str) -> str:
        """What this attempt's values derive from: another attempt has others."""
        return f"{self.seed}/{self.of(name).attempt}"

    def save(self, name: str) -> None:
        """Save the record of one lesson, whatever another shell saved meanwhile."""
        record, current = self.of(name), self.current

        def replace(saved: Progress) -> None:
            saved.lessons[name], saved.current = record, current

        self._change(replace)

    def forget(self, name: str | None = None) -> None:
        """Forget one lesson but for its number of attempts, or everything."""
        if name is None:
            self._change(lambda saved: saved.lessons.clear())
            self.lessons.clear()
            return
        self.lessons[name] = LessonRecord(attempt=self.of(name).attempt + 1)
        self.save(name)

    def _change(self, change: Callable[["Progress"], None]) -> None:
        try:
            with saving.locked(self.path):
                saved = Progress.__new__(Progress)
                saved.path, saved.seed, saved.current = self.path, self.seed, None
                saved.lessons = {}
                if self.path.exists():
                    saved._load()
                self.seed = saved.seed
                change(saved)
                saving.write(self.path, saved.to_json())
        except OSError as error:
            raise from_os_error(error) from error

    def to_json(self) -> dict[str, Any]:
        """As plain data: the whole file."""
        return {
            "version": VERSION,
            "seed": self.seed,
            "current": self.current,
            "lessons": {name: r.to_json() for name, r in self.lessons.items()},
        }


def default_path() -> Path:
    """Where the student's progress is kept."""
    if chosen := os.environ.get("LABSHELL_PROGRESS"):
        return Path(chosen)
    share = os.environ.get("XDG_DATA_HOME") or saving.home() / ".local/share"
    return Path(share) / "labshell/progress.json"
