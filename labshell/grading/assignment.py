"""An assignment: what an instructor asks for, and what it is worth.

    layers-1/                   a folder of the instructor's
        assignment.yaml         what this file reads
        checks.py               visible checks: students get them
        hidden.py               hidden checks: they never leave this folder
        solution/               a submission's files that should earn everything
        course.key roster.csv   who the students are: see course.py

`assignment.yaml`:

    schema: labshell.assignment/1
    name: layers-1                     small letters, digits, "-"
    title: Small and clean
    due: "2026-12-01T23:59+01:00"      with its zone
    late: {percent: 10, days: 3}       off for each day begun; after three, nothing
    keep: latest                       of several submissions; or best
    limits: {seconds: 20, memory: 512, unpacked: 1024, upload: 256}      MB
    bases: [busybox]                   images whose layers nobody need hand in
    values: {name: {pick: [oak, elm]}} as in a lesson, one set for each student
    items:
      - id: small
        kind: image                    or file, answer; run: see runs.py
        title: Make {{name}} small
        image: "{{name}}:small"        of a kind `file`: file: Dockerfile
        check: checks:is_small         a function Work -> Outcome, see work.py; one of
                                       a lesson: see lesson_checks.py
        points: 4
        hidden:
          - {check: hidden:keeps_no_token, points: 3}
        concepts: [12, 14]
        needs: {cgroup: 2}             of the machine: see needs.py

Try it: `lab assignment new layers-1`, then `lab assignment lint layers-1`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.errors import EngineError
from labshell.grading import lesson_checks, sheets
from labshell.grading.limits import Limits, read_limits
from labshell.grading.needs import NOTHING, Machine, read_needs, this_machine
from labshell.grading.runs import Script, check_runs, read_script, together
from labshell.lessons.fields import Fields, LessonError, read_text, yaml_data
from labshell.lessons.values import Rule, names_in, read_rules

FILE, SCHEMA = "assignment.yaml", "labshell.assignment/1"
IMAGE, WORK_FILE, ANSWER, RUN = "image", "file", "answer", "run"
KINDS = (IMAGE, WORK_FILE, ANSWER, RUN)
LATEST, BEST = "latest", "best"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_ITEMS = 100
_HOW = "Mend it and run `lab assignment lint`."


def is_name(text: str) -> bool:
    """May an assignment be called so?"""
    return bool(_NAME.fullmatch(text))


class AssignmentError(EngineError):
    """An assignment's files are not as they should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One function that looks at the work, as "checks:name", and what it gives."""

    name: str
    points: int

    @property
    def is_hidden(self) -> bool:
        """Is it one that students do not get?"""
        return self.name.startswith("hidden:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that is asked for. `source` is an image's name or a file's.

    `more`: points of checks that are not here, since students have no hidden ones;
    `script`: what is to be run, for an item of the kind `run`.
    """

    id: str
    kind: str
    title: str
    source: str
    checks: tuple[Check, ...]
    more: int
    concepts: tuple[int, ...]
    needs: Machine = NOTHING
    script: Script | None = None

    @property
    def maximum(self) -> int:
        """All points that it can earn."""
        return sum(check.points for check in self.checks) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """What a day costs: `percent` of the points for each one begun, up to `days`."""

    percent: int = 0
    days: int = 0

    def share(self, late: timedelta) -> float:
        """How much of the points remain: 1 in time, 0 after the last day."""
        if late <= timedelta():
            return 1.0
        begun = -(-late // timedelta(days=1))
        return max(0.0, 1 - begun * self.percent / 100) if begun <= self.days else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One assignment."""

    folder: Path
    name: str
    title: str
    due: datetime
    late: Late
    keep: str
    limits: Limits
    bases: tuple[str, ...]
    rules: Mapping[str, Rule]
    items: tuple[Item, ...]

    @property
    def maximum(self) -> int:
        """All points that can be earned."""
        return sum(item.maximum for item in self.items)

    @property
    def scripts(self) -> tuple[Script, ...]:
        """What is to be run on this machine, each once."""
        here = this_machine()
        able = (item for item in self.items if not here.lacks(item.needs))
        asked = (item.script for item in able if item.script)
        return together(asked, self.bases)

    @property
    def visible(self) -> int:
        """The points of the checks that students have."""
        checks = [check for item in self.items for check in item.checks]
        return sum(check.points for check in checks if not check.is_hidden)


def read_assignment(folder: Path) -> Assignment:
    """The assignment in a folder. AssignmentError says what is wrong with it."""
    shown = f"{folder.name}/{FILE}"
    if not (folder / FILE).exists():
        raise AssignmentError(
            f"{folder}: there is no assignment in it, for there is no {FILE}",
            f"Name the folder that holds {FILE}, or go there.",
        )
    try:
        fields = Fields(yaml_data(read_text(folder / FILE, shown), shown), shown)
        return _read(fields, folder)
    except LessonError as error:
        raise AssignmentError(error.message, _HOW) from error


def _read(fields: Fields, folder: Path) -> Assignment:
    if (schema := fields.text("schema")) != SCHEMA:
        raise fields.problem("schema", f"{SCHEMA} is needed, not {schema}")
    assignment = Assignment(
        folder=folder,
        name=_matching(fields, "name", _NAME, 'small letters, digits and "-"'),
        title=fields.text("title"),
        due=_moment(fields, "due"),
        late=_read_late(fields.inner("late")),
        keep=_one_of(fields, "keep", (LATEST, BEST), LATEST),
        limits=read_limits(fields.inner("limits")),
        bases=fields.texts("bases"),
        rules=read_rules(fields.inner("values")),
        items=tuple(_read_item(item) for item in fields.listed("items")),
    )
    fields.done()
    _examine(assignment, fields)
    return assignment


def _matching(fields: Fields, name: str, form: re.Pattern[str], what: str) -> str:
    text = fields.text(name)
    if not form.fullmatch(text):
        raise fields.problem(name, f"{what} are needed, not {text[:60]!r}")
    return text


def _one_of(fields: Fields, name: str, words: tuple[str, ...], default: str) -> str:
    word = fields.text(name, default)
    if word not in words:
        raise fields.problem(name, f"one of {', '.join(words)}, not `{word[:60]}`")
    return word


def _moment(fields: Fields, name: str) -> datetime:
    text = fields.text(name)
    try:
        moment = sheets.moment(text)
    except ValueError as error:
        raise fields.problem(
            name, f'a time as in "2026-12-01T23:59+01:00" is needed, not {text[:60]!r}'
        ) from error
    if moment.tzinfo is None:
        meant = sheets.with_zone(moment)
        raise fields.problem(name, f'its zone is missing: "{meant}" is in UTC')
    return moment


def _read_late(fields: Fields) -> Late:
    late = Late(percent=fields.integer("percent", 0), days=fields.integer("days", 0))
    fields.done()
    if late.percent > 100:
        raise fields.problem("percent", "at most 100")
    return late


def _read_item(fields: Fields) -> Item:
    id = _matching(fields, "id", _NAME, 'small letters, digits and "-"')
    item = fields.called(f"items.{id}")
    item.text("id")
    kind = _one_of(item, "kind", KINDS, "")
    checks = [Check(name=item.text("check"), points=item.integer("points"))]
    for hidden in item.listed("hidden"):
        check = Check(name=hidden.text("check"), points=hidden.integer("points"))
        checks.append(check)
        hidden.done()
    found = Item(
        id=id,
        kind=kind,
        title=item.text("title"),
        source="" if kind == ANSWER else item.text(kind),
        checks=tuple(checks),
        more=item.integer("more", 0),
        concepts=item.integers("concepts"),
        needs=read_needs(item.inner("needs")),
        script=read_script(item) if kind == RUN else None,
    )
    item.done()
    _examine_item(found, item)
    return found


def _examine_item(item: Item, fields: Fields) -> None:
    if item.kind in (WORK_FILE, RUN) and not _FILE_NAME.fullmatch(item.source):
        needed = "a plain name is needed: letters, digits, . _ -"
        raise fields.problem(item.kind, needed)
    for number, check in enumerate(item.checks):
        module, _, name = check.name.partition(":")
        wanted = "hidden" if number else "checks"
        if not number and lesson_checks.FORM.fullmatch(check.name):
            module, name = "checks", "of_a_lesson"
        if module != wanted or not name.isidentifier():
            field = "hidden" if number else "check"
            raise fields.problem(
                field, f"`{wanted}:name` is needed, not `{check.name[:60]}`"
            )
        if not check.points:
            raise fields.problem("points", "a check earns at least one point")


def _examine(assignment: Assignment, fields: Fields) -> None:
    """What no single field can show: what is there twice, or not at all."""
    ids = [item.id for item in assignment.items]
    if not 0 < len(ids) <= _MOST_ITEMS:
        raise fields.problem("items", f"1 to {_MOST_ITEMS} items are needed")
    for id in ids:
        if ids.count(id) > 1:
            raise fields.problem(f"items.{id}", "two items have this id")
    for item in assignment.items:
        for name in names_in(f"{item.title} {item.source}"):
            if name not in assignment.rules:
                where = f"items.{item.id}"
                raise fields.problem(where, f"`{{{{{name}}}}}` is no value")
    try:
        every = (item.script for item in assignment.items if item.script)
        check_runs(together(every, assignment.bases), assignment.limits.run)
    except ValueError as error:
        raise fields.problem("items", str(error)) from error
