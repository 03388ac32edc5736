"""A trial: an assignment, solved by its own solution, handed in and graded.

    kit ── with a token of nobody's, and solution/ over it ──▶ solve.sh, in an engine
    of its own ──▶ packed ──▶ an inspector, with the hidden checks ──▶ a row

All of it happens as it will for students, but for the roster. A solve.sh that is itself
asked for is run as theirs is, in a sandbox.

Try it: `lab assignment try layers-1`
"""

import shlex
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError, NotFound
from labshell.grading import course, kit, marking, packing
from labshell.grading.assignment import read_assignment
from labshell.grading.classroom import Classroom
from labshell.grading.looker import Here
from labshell.grading.rows import Row
from labshell.lessons.lines import run_hidden
from labshell.lessons.room import room

NOBODY = "nobody"
_SCRIPT = "solve.sh"


def solve(theirs: Engine, folder: Path) -> Row:
    """What the assignment's own solution earns. EngineError if it cannot be made.

    The base images are `theirs`, if they are not frozen yet.
    """
    asked, solution = kit.lint(folder), folder / "solution"
    if not solution.is_dir():
        raise NotFound(
            f"{folder.name}/solution: there is no such folder",
            "Put into it what a student would hand in, or what makes it: solve.sh.",
        )
    kit.freeze(theirs, asked)
    with (
        room("trial") as (engine, progress),
        tempfile.TemporaryDirectory(dir=progress.path.parent) as place,
    ):
        out = Path(place) / "out"
        kit.export(engine, folder, out)
        kit.load(engine, asked)
        work, file = out / "kit" / asked.name, Path(place) / f"{NOBODY}.tar"
        shutil.copytree(solution, work, dirs_exist_ok=True)
        key = course.read_key(folder.parent / course.KEY)
        token = course.token(key, NOBODY, asked.name)
        values = marking.values_of(asked, token)
        is_work = _SCRIPT in {script.name for script in asked.scripts}
        if (work / _SCRIPT).exists() and not is_work:
            _make(engine, work, values)
        packing.pack(engine, read_assignment(work), NOBODY, token, file)
        # Graded by the instructor's folder: its hidden checks, and the frozen bases.
        with closing(Here(asked)) as looker:
            room_of_one = Classroom(asked, {NOBODY: NOBODY})
            return room_of_one.look(looker, file).row


def _make(engine: Engine, work: Path, values: Mapping[str, str]) -> None:
    """Run the solution's script, in the kit. EngineError if it fails."""
    names = "".join(f"{k}={shlex.quote(v)}\n" for k, v in values.items())
    text = (work / _SCRIPT).read_text()
    done = run_hidden(engine, f"cd {shlex.quote(str(work))}\n{names}{text}")
    if done.code != 0:
        raise EngineError(
            f"{work.name}/solution/{_SCRIPT}: {done.last_words}", "Mend the solution."
        )
