"""The world of a step: what is in the engine when the step begins.

It is a function of the lesson: its setup, then what each step before did, by the
reference solution. So a step that is skipped leaves what the next one needs, a reset
step begins as it should, and a lesson goes on after a reboot.

    before       an inventory of what is the student's own
    make         take down what an earlier start made; set up; do the steps before
    look         credit what has come since the last look to the lesson
    take down    remove what was credited, and nothing else
    put away     the same of a lesson that is finished; its points and answers stay

What comes after the end of a lesson is not credited: it is the student's own.

Try it: `:reset step` in the middle of a lesson.
"""

from collections.abc import Sequence

from engine.engine import Engine
from labshell.lessons import client, reference, scene
from labshell.lessons.fields import LessonError
from labshell.lessons.lesson import Lesson, Step
from labshell.lessons.lines import Finished, run_hidden
from labshell.lessons.progress import Progress
from labshell.lessons.record import LessonRecord, Made
from labshell.lessons.values import derive, fill
from labshell.lessons.warm import Warm
from labshell.messages import translate


class World:
    """What one attempt at a lesson has made in the engine."""

    def __init__(
        self,
        engine: Engine,
        progress: Progress,
        lesson: Lesson,
        warm: Warm | None = None,
    ) -> None:
        """`warm` answers the `lab` of its scripts."""
        self._engine, self._progress, self._lesson = engine, progress, lesson
        self._warm = warm
        self._known: Made | None = None  # the inventory when last looked at

    @property
    def _record(self) -> LessonRecord:
        return self._progress.of(self._lesson.name)

    @property
    def values(self) -> dict[str, str]:
        """What `{{name}}` stands for in this attempt."""
        seed = self._progress.seed_of(self._lesson.name)
        return derive(seed, self._lesson.name, self._lesson.rules)

    @property
    def stands(self) -> bool:
        """Is it there: set up to the end, in this engine, since this boot?"""
        return self._record.world == scene.world(self._engine)

    @property
    def _is_here(self) -> bool:
        """What was made in another engine is not looked at, and stays there."""
        record = self._record
        return record.before is not None and record.root == str(self._engine.root)

    def begin(self, before: Sequence[Step]) -> None:
        """Go on in the world that stands, or make it; `before` are the steps done."""
        if not (self.stands and self._record.finished):  # it is all credited then
            self._recover()
        if not self.stands:
            self.make(before)
        self._known = scene.inventory(self._engine)

    def make(self, before: Sequence[Step]) -> None:
        """Take down what an earlier start made; set up; do again what came before."""
        record = self._record
        scene.ensure_programs(self._lesson)
        self._clear()
        scene.ensure_base_image(self._engine)
        record.root, record.world = str(self._engine.root), ""  # until it stands
        record.made, record.before = Made(), scene.inventory(self._engine)
        self._known = record.before
        self._progress.save(self._lesson.name)
        done = [reference.whole(self._lesson, step) for step in before]
        try:
            self.do(self._lesson.setup, *done)
        except LessonError:
            self._clear()
            raise
        record.world = scene.world(self._engine)
        record.began = self._known

    def restore(self, before: Sequence[Step]) -> None:
        """Make it again, whatever has come meanwhile, in another terminal too."""
        self._recover()
        if self._is_here:
            self.look()
        self.make(before)

    def run(self, lines: str) -> Finished:
        """Run bash lines with this attempt's values, unseen; credit what they made."""
        try:
            return self._run(lines)
        finally:
            self.look()

    def _run(self, lines: str) -> Finished:
        prelude = client.prelude(self._engine, self._lesson)
        script = fill(lines, self.values)
        return run_hidden(self._engine, script, prelude, self._warm)

    def do(self, *scripts: str) -> None:
        """Do what a step needs: each script in a shell of its own, until one fails.

        LessonError if one does.
        """
        try:
            for script in filter(None, scripts):
                finished = self._run(script)
                if finished.code != 0:
                    raise self._not_set_up(finished.last_words)
        finally:
            self.look()

    def _not_set_up(self, reason: str) -> LessonError:
        return LessonError(
            translate("{lesson} could not be set up: {reason}").format(
                lesson=self._lesson.name, reason=reason
            ),
            translate(
                "If a name is taken, rename or remove what has it; then "
                "`:reset lesson`."
            ),
        )

    def look(self) -> Made:
        """Credit what has come since the last look to the lesson; what is there now."""
        now = scene.inventory(self._engine)
        came = scene.news(self._known or now, now)
        if scene.credit(self._record.made, came):
            self._progress.keep(self._lesson.name)
        self._known = now
        return now

    def pass_over(self) -> None:
        """Take what has come since the last look for the student's own."""
        self._known = scene.inventory(self._engine)

    def take_down(self) -> list[str]:
        """Remove what the lesson made; the names of what was removed."""
        self._recover()
        if self._known is not None:
            self.look()
        return self._clear()

    def _clear(self) -> list[str]:
        record = self._record
        if not self._is_here or record.before is None:
            return []
        return scene.clear(self._engine, record.made, record.before)

    def _recover(self) -> None:
        """Credit what was made when a shell was killed before it could say so.

        Other things may have come since, and are not ours: so only by their names.
        """
        before = self._record.before
        if not self._is_here or before is None:
            return
        came = scene.news(before, scene.inventory(self._engine))
        lesson = self._lesson
        done = [reference.whole(lesson, step) for step in lesson.steps]
        text = fill("\n".join([lesson.setup, *done]), self.values)
        scene.credit(self._record.made, scene.mentioned(self._engine, came, text))


def put_away(engine: Engine, progress: Progress, name: str) -> list[str]:
    """Remove what a finished lesson has left in this engine; the names of what went.

    A name of an image that has been moved since is the student's, and stays.
    """
    record = progress.of(name)
    if record.before is None or record.root != str(engine.root):
        return []
    made, now = record.made, scene.inventory(engine).references
    for name_of_image, id in list(made.references.items()):
        if now.get(name_of_image) != id:
            del made.references[name_of_image]
    removed = scene.clear(engine, made, record.before)
    record.world, record.before, record.began, record.made = "", None, None, Made()
    progress.keep(name)
    return removed
