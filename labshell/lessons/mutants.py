"""Mutants: an engine with one planted fault, to be found by reading.

    lessons/mutants/NAME.md     what somebody complains of; what is planted, and where;
                                a script that only a sound engine passes
    …/mutants/NAME/             the student's: a copy of the engine with that fault,
        engine/ labshell/       … which they read, and mend
        lab                     … which runs it
        root/                   its own images and containers

The fault is in the copy alone: the engine that is installed is never touched. Whether
the copy is mended is judged by what it does, not by what was written.

Try it: `lab mutant`, then `lab mutant ghosts`
"""

import shlex
import shutil
import sys
import tempfile
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

import engine
import labshell
from engine.engine import Engine
from engine.errors import NotFound
from labshell.lessons import curriculum, library, saving, symbols
from labshell.lessons.fields import Fields, LessonError, read_text, split_front_matter
from labshell.lessons.lines import Finished, run_hidden
from labshell.lessons.progress import default_path
from labshell.messages import ENGLISH

_FOLDER = library.OURS / "mutants"
_LAUNCHER = """\
#!/bin/sh
# This engine has a fault. It is read from here, and keeps its containers here.
[ -n "${{LABSHELL_ROOT:-}}" ] || export LABSHELL_ROOT={root}
exec {python} -I -S -c {start} "$@"
"""
_START = """\
import sys
sys.path[:0] = {path}
from labshell.cli import main
main()
"""


class Planted(NamedTuple):
    """One change of a file: a text that is there once, and what it becomes."""

    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    """One planted fault. `functions`: the symbols that may be named for it."""

    name: str
    title: str
    concepts: tuple[int, ...]
    functions: tuple[str, ...]
    planted: tuple[Planted, ...]
    proof: str
    report: str

    def is_in(self, named: str) -> bool:
        """Is the fault in this function? Its last name is enough."""
        return any(
            named == symbol or named == symbol.rpartition(":")[2].rpartition(".")[2]
            for symbol in self.functions
        )


def names() -> list[str]:
    """Which mutants there are."""
    return sorted(p.stem for p in _FOLDER.glob("*.md") if "." not in p.stem)


def find(name: str, language: str = ENGLISH) -> Mutant:
    """One mutant, in a language if it has it. NotFound or LessonError."""
    if name not in names():
        raise NotFound(f"No such mutant: {name}", "`lab mutant` lists them.")
    mutant = _read(name)
    path = _FOLDER / f"{name}.{language}.md"
    if not path.exists():
        return mutant
    front, report = split_front_matter(read_text(path, path.name), path.name)
    mutant = mutant._replace(title=front.text("title"), report=report.strip())
    front.done()
    return mutant


def _read(name: str) -> Mutant:
    path = _FOLDER / f"{name}.md"
    front, report = split_front_matter(read_text(path, path.name), path.name)
    mutant = Mutant(
        name=name,
        title=front.text("title"),
        concepts=front.integers("concepts"),
        functions=(front.text("function"), *front.texts("also")),
        planted=tuple(_planted(fields) for fields in front.listed("changes")),
        proof=front.text("proof"),
        report=report.strip(),
    )
    for number in mutant.concepts:
        if number not in curriculum.concepts():
            raise front.problem("concepts", f"there is no concept {number}")
    for symbol in mutant.functions:
        symbols.find(symbol)
    front.done()
    return mutant


def _planted(fields: Fields) -> Planted:
    planted = Planted(fields.text("file"), fields.text("from"), fields.text("to"))
    fields.done()
    return planted


class Copy:
    """The student's copy of the engine, with the fault of one mutant in it."""

    def __init__(self, mutant: Mutant, place: Path | None = None) -> None:
        self.mutant = mutant
        self.place = place or default_path().parent / "mutants" / mutant.name
        self.root = self.place / "root"

    @property
    def program(self) -> Path:
        """What runs it."""
        return self.place / "lab"

    def make(self) -> None:
        """Make the copy and plant the fault; one that is there is left as it is."""
        if self.program.exists():
            return
        saving.make_directory(self.place)
        for package in (engine, labshell):
            source = Path(package.__file__ or "").parent
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(
                source, self.place / source.name, ignore=ignored, dirs_exist_ok=True
            )
        for planted in self.mutant.planted:
            plant(self.place, planted)
        start = _START.format(path=[str(self.place), *filter(None, sys.path)])
        quoted = {"root": str(self.root), "python": sys.executable, "start": start}
        self.program.write_text(
            _LAUNCHER.format(**{key: shlex.quote(text) for key, text in quoted.items()})
        )
        self.program.chmod(0o755)
        saving.hand_over_all(self.place)

    def judge(self) -> Finished:
        """Run the proof on the copy, in a root of its own that goes with it."""
        with tempfile.TemporaryDirectory(
            prefix="labshell-mutant-", dir="/var/tmp"
        ) as t:
            sandbox = Engine(Path(t) / "root")
            program = shlex.quote(str(self.program))
            lines = f'lab() {{ {program} "$@"; }}; export -f lab; cd {t}\n'
            try:
                return run_hidden(sandbox, self.mutant.proof, lines)
            finally:
                sandbox.destroy()

    def remove(self) -> None:
        """Remove the copy, with all that its engine holds."""
        Engine(self.root).destroy()
        shutil.rmtree(self.place, ignore_errors=True)


def plant(place: Path, planted: Planted) -> None:
    """Make one change below `place`. LessonError if the text is not there once."""
    file = place / planted.file
    text = file.read_text()
    if text.count(planted.old) != 1:
        raise LessonError(f"{planted.file} has not once: {planted.old}")
    file.write_text(text.replace(planted.old, planted.new))
    # Python knows a file by its size and the second in which it was written: what it
    # compiled in this second may look like what is to be run now.
    Path(cache_from_source(file)).unlink(missing_ok=True)
