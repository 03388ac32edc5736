"""How far a student is, saved as one JSON file.

    {"version": 1,
     "seed": "9f…",                        from which the student's values derive
     "current": "commit/init-layer",       what `lab learn` goes on with
     "lessons": {"commit/init-layer": {
        "attempt": 1,                      a new one after each `:reset lesson`
        "step": "guess",                   where the student is
        "finished": false,
        "made": {"containers": [id…], "images": […], "networks": […], …},
        "steps": {"guess": {"status": "passed", "earned": 1, "tries": 1, …}}}},
     "cards": {"commit/init-layer/guess": [2, "2026-11-30"]},    see drill.py
     "inventory": {"before": {"kernel": "host", …}, "after": …},  see inventory.py
     "mended": ["ghosts"]}                                        see mutants.py

The file is $LABSHELL_PROGRESS, or labshell/progress.json in $XDG_DATA_HOME, which is
~/.local/share of the student: under sudo of who typed sudo, and the file is theirs.

Two shells may learn at once, in one lesson even. So a save does not write what was read
at the start: it takes the lock, reads the file again, puts into it what this shell has
changed (merging.py), and renames the new file over the old one.

A disk may be full. `keep` saves if that is possible; if not, what there is to save
stays in memory, `trouble` says why, and the next `keep` writes all of it.

man: rename(2), flock(2), sudo(8) on SUDO_USER
Try it: `cat ~/.local/share/labshell/progress.json`
"""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from engine.errors import (
    EngineBroken,
    EngineError,
    InvalidArgument,
    NotFound,
    from_os_error,
)
from labshell.lessons import merging, saving
from labshell.lessons.record import LessonRecord, as_text
from labshell.messages import translate

VERSION = 1


class Progress:
    """The progress file: read once, saved lesson by lesson."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.trouble: EngineError | None = None
        self._load()

    def _load(self) -> None:
        try:
            data = saving.read(self.path)
            if data["version"] != VERSION:
                raise ValueError(f"version {data['version']} is not known here")
            self.seed = as_text(data["seed"])
            current = data["current"]
            self.current: str | None = None if current is None else as_text(current)
            self.lessons = {
                name: LessonRecord.from_json(record)
                for name, record in data["lessons"].items()
            }
            self.inventory = _takings(data.get("inventory", {}))
            self.mended = {as_text(name) for name in data.get("mended", ())}
            self.cards = {
                name: (max(0, int(box)), date.fromisoformat(due).isoformat())
                for name, (box, due) in data.get("cards", {}).items()
            }
        except FileNotFoundError:
            self.seed, self.current = os.urandom(8).hex(), None
            self.lessons, self.cards, self.inventory = {}, {}, {}
            self.mended = set[str]()
        except OSError as error:
            raise from_os_error(error) from error
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise EngineBroken(
                translate(
                    "{file} is not a progress file of this version: {reason}"
                ).format(file=self.path, reason=error),
                translate("Move it away to begin anew: nothing in the engine is lost."),
            ) from error

        self._base = {name: _copy(record) for name, record in self.lessons.items()}

    def of(self, name: str) -> LessonRecord:
        """The record of one lesson, made if need be."""
        return self.lessons.setdefault(name, LessonRecord())

    def seed_of(self, name: str) -> str:
        """What this attempt's values derive from: another attempt has others."""
        return f"{self.seed}/{self.of(name).attempt}"

    def save(self, name: str) -> None:
        """Save the record of one lesson, whatever another shell saved meanwhile."""
        base, ours, current = self._base.get(name), self.of(name), self.current

        def put(saved: Progress) -> None:
            saved.current = current
            saved.lessons[name] = merging.joined(base, ours, saved.lessons.get(name))

        self.lessons[name] = self._change(put).lessons[name]
        self._base[name] = _copy(self.lessons[name])
        self.trouble = None

    def keep(self, name: str) -> None:
        """Save one lesson; if that cannot be done now, `trouble` says why."""
        try:
            self.save(name)
        except EngineError as error:
            self.trouble = error

    def forget(self, name: str | None = None) -> None:
        """Forget one lesson but for its number of attempts, or everything."""
        if name is None:
            self._change(Progress._clear)
            self._clear()
            return
        self.lessons[name] = LessonRecord(attempt=self.of(name).attempt + 1)
        self.save(name)

    def take_in(self, other: "Progress") -> None:
        """Merge what was exported elsewhere: of each step, the better result."""
        self._change(lambda saved: saved._merge(other))
        self._load()

    def _merge(self, other: "Progress") -> None:
        if not self.lessons:  # somebody who moves keeps their values
            self.seed, self.current = other.seed, other.current
        for name, record in other.lessons.items():
            merging.take_in(self.of(name), record)
        for card, known in other.cards.items():
            self.cards[card] = max(self.cards.get(card, known), known)
        for taking, answers in other.inventory.items():
            self.inventory[taking] = answers | self.inventory.get(taking, {})
        self.mended |= other.mended

    def portable(self) -> dict[str, Any]:
        """The whole, as plain data, without what belongs to this machine."""
        lessons = {
            name: merging.portable(record).to_json()
            for name, record in self.lessons.items()
        }
        return {**self.to_json(), "lessons": lessons}

    def save_card(self, card: str, box: int, due: str) -> None:
        """Save in which box a card of the drill is now, and when it is due."""
        self._change(lambda saved: saved.cards.update({card: (box, due)}))
        self.cards[card] = (box, due)

    def save_answers(self, taking: str, answers: dict[str, str]) -> None:
        """Save what was answered in one taking of the concept inventory."""
        self._change(lambda saved: saved.inventory.update({taking: answers}))
        self.inventory[taking] = answers

    def save_mended(self, mutant: str) -> None:
        """Save that the fault of a mutant was found and mended."""
        self._change(lambda saved: saved.mended.add(mutant))
        self.mended.add(mutant)

    def _clear(self) -> None:
        self.current = None
        self.lessons.clear()
        self._base.clear()
        self.cards.clear()
        self.inventory.clear()
        self.mended.clear()

    def _change(self, change: Callable[["Progress"], None]) -> "Progress":
        """Change what is saved, by `change`; what is saved then."""
        try:
            with saving.locked(self.path):
                saved = Progress(self.path)
                if not self.path.exists():
                    saved.seed = self.seed
                self.seed = saved.seed
                change(saved)
                saving.write(self.path, saved.to_json())
        except OSError as error:
            raise from_os_error(error) from error
        return saved

    @property
    def earned(self) -> int:
        """All points of all lessons."""
        records = self.lessons.values()
        return sum(step.earned for r in records for step in r.steps.values())

    def to_json(self) -> dict[str, Any]:
        """As plain data: the whole file."""
        return {
            "version": VERSION,
            "seed": self.seed,
            "current": self.current,
            "lessons": {name: r.to_json() for name, r in self.lessons.items()},
            "cards": {name: list(card) for name, card in self.cards.items()},
            "inventory": self.inventory,
            "mended": sorted(self.mended),
        }


def _takings(data: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        taking: {question: as_text(key) for question, key in answers.items()}
        for taking, answers in data.items()
    }


def _copy(record: LessonRecord) -> LessonRecord:
    return LessonRecord.from_json(record.to_json())


def exported(path: Path) -> Progress:
    """What `lab lesson export` wrote. EngineError if the file is not that."""
    how = translate("`lab lesson export` writes one.")
    if not path.exists():
        missing = translate("{file}: there is no such file")
        raise NotFound(missing.format(file=path), how)
    try:
        return Progress(path)
    except EngineBroken as error:
        raise InvalidArgument(error.message, how) from error


def default_path() -> Path:
    """Where the student's progress is kept."""
    if chosen := os.environ.get("LABSHELL_PROGRESS"):
        return Path(chosen)
    share = os.environ.get("XDG_DATA_HOME") or saving.home() / ".local/share"
    return Path(share) / "labshell/progress.json"
