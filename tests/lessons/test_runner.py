"""The words of a lesson, on the real engine, as the shell speaks them."""

import io

import pytest
from rich.console import Console

from engine.engine import ContainerOptions, Engine
from labshell.lessons.lines import run_hidden
from labshell.lessons.progress import Progress
from labshell.lessons.runner import LessonRunner

LESSON = "commit/init-layer"


class Student:
    """A runner, what it has shown, and somebody who types."""

    def __init__(self, engine, language="en"):
        self.engine = engine
        self._shown = io.StringIO()
        console = Console(file=self._shown, width=100, highlight=False)
        self.runner = LessonRunner(engine, language, console)
        self.runner.start(LESSON)

    @property
    def attempt(self):
        return self.runner.stage.attempt

    def saw(self) -> str:
        """What was shown since the last look, as one line."""
        text = self._shown.getvalue()
        self._shown.seek(0)
        self._shown.truncate()
        return " ".join(text.split())

    def says(self, word: str, argument: str = "") -> str:
        self.saw()
        assert self.runner.handle(word, argument)
        return self.saw()

    def types(self, line: str) -> str:
        self.saw()
        finished = run_hidden(self.engine, self.attempt.fill(line))
        assert finished.code == 0, finished.output
        self.runner.after_command()
        return self.saw()

    def goes_to(self, step: str) -> str:
        """Skip until there; what is shown of it."""
        shown = ""
        while self.attempt.step.id != step:
            shown = self.says("next" if self.attempt.here.done else "skip")
        return shown


@pytest.fixture
def student(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    return Student(engine)


def test_a_lesson_begins_with_its_introduction_and_first_step(student):
    shown = student.saw()
    assert "What commit takes, and what it leaves" in shown
    assert "1/11 recall" in shown
    assert student.runner.toolbar() == "commit/init-layer 1/11 · 0/18 points"


def test_a_prediction_is_made_once(student):
    shown = student.says("answer", "gone")
    assert "neither can change them" in shown
    assert "It is: Yes, nothing has changed" in shown
    assert "A prediction is made once" in student.says("answer", "there")
    assert student.attempt.here.earned == 0


def test_a_prediction_can_be_given_by_its_number(student):
    choices = student.attempt.choices(student.attempt.step)
    number = 1 + [choice.right for choice in choices].index(True)
    assert "Right. (+1 point)" in student.says("answer", str(number))


@pytest.mark.parametrize("given", ["0", "9", "nonsense", "-1", "²"])
def test_a_choice_that_is_none_costs_nothing(student, given):
    assert "is no choice" in student.says("answer", given)
    assert not student.attempt.here.done


def test_nobody_goes_on_before_a_step_is_done(student):
    assert "not done yet" in student.says("next")
    assert student.attempt.number == 0


def test_solution_and_why_wait_until_the_step_is_done(student):
    assert "Not before" in student.says("solution")
    assert "Not before" in student.says("why")
    student.says("answer", "there")
    assert ":answer there" in student.says("solution")
    assert "lab exec" in student.says("why")


def test_work_is_noticed_by_its_effect_and_part_of_it_too(student):
    student.goes_to("notes")
    shown = student.types("lab exec {{name}} sh -c 'echo {{note}} > /note'")
    assert "/data/note, /scratch/note, /etc/hosts" in shown
    assert "+1 point" in shown
    shown = student.types(
        "lab exec {{name}} sh -c 'for f in /data/note /scratch/note /etc/hosts;"
        " do echo {{note}} >> $f; done'"
    )
    assert "in all four places. (+3 points)" in shown
    assert "To a process in the container" in shown


def test_a_command_that_changes_nothing_is_not_commented(student):
    student.goes_to("notes")
    assert student.types("lab ps") == ""


def test_what_was_earned_is_not_lost_by_undoing_it(student):
    student.goes_to("notes")
    student.types("lab exec {{name}} sh -c 'echo {{note}} > /note'")
    student.types("lab exec {{name}} rm /note")
    assert student.attempt.here.earned == 1


def test_hints_get_more_concrete_and_stay_at_the_last(student):
    student.goes_to("commit")
    given = [student.says("hint") for _ in range(4)]
    assert len(set(given)) == 3
    assert "-copy:1" in given[2]
    assert given[2] == given[3]


def test_an_answer_may_be_read_off_the_system(student):
    student.goes_to("find-hosts")
    assert "belongs to the machine" in student.says("answer", "/etc/hosts")
    assert "no such file" in student.says("answer", "/nowhere")
    hosts = student.engine.inspect(student.attempt.values["name"])["HostsPath"]
    assert "one file" in student.says("answer", f"$(echo {hosts})")
    assert student.attempt.here.tries == 3
    assert student.attempt.here.earned == 2


def test_a_misconception_gets_its_own_answer(student):
    student.goes_to("layers")
    assert "Is the init layer one of yours?" in student.says("answer", "3")
    assert "That is it." in student.says("answer", " 2 ")


def test_a_skipped_step_leaves_what_the_next_one_needs(student):
    student.goes_to("twice")
    name = student.attempt.values["name"]
    assert student.engine.image(f"{name}-copy:1")
    assert student.attempt.earned == 0


def test_back_and_again_show_without_changing_anything(student):
    student.says("answer", "there")
    student.says("next")
    assert "1/11 recall" in student.says("back")
    assert "1/11 recall" in student.says("again")
    assert student.attempt.earned == 1
    assert "first step" in student.says("back")


def test_a_lesson_goes_on_in_another_shell(student):
    student.says("answer", "there")
    student.says("next")
    again = Student(student.engine)
    assert again.attempt.step.id == "stack"
    assert again.attempt.earned == 1
    assert again.attempt.values == student.attempt.values
    assert "Setting up" not in again.saw()


def test_after_a_reboot_the_lesson_is_set_up_again(student):
    student.goes_to("commit")
    name = student.attempt.values["name"]
    student.attempt.record.world = "another boot"
    student.attempt.save()
    student.engine.remove(name, force=True)
    again = Student(student.engine)
    assert "setting up again" in again.saw()
    again.types("lab commit {{name}} {{name}}-copy:1")
    assert again.attempt.here.earned == 2


def test_a_shell_killed_while_setting_up_leaves_nothing_in_the_way(student):
    engine, name = student.engine, student.attempt.values["name"]
    record = student.attempt.record
    record.made, record.world = type(record.made)(), ""  # as it is then
    student.attempt.save()
    mine = engine.create(ContainerOptions(image="busybox", name="mine"))
    again = Student(engine)
    assert "could not be set up" not in again.saw()
    assert engine.container(name).running
    again.says("reset", "lesson")
    assert [container.id for container in engine.containers(all=True)] == [mine.id]
    assert engine.volumes() == []


def test_a_lesson_in_another_engine_leaves_the_first_one_alone(student, fresh_root):
    name = student.attempt.values["name"]
    other = Student(Engine(fresh_root))
    assert "setting up again" in other.saw()
    assert other.engine.container(name).running
    other.says("reset", "lesson")
    assert other.engine.containers(all=True) == []
    assert student.engine.container(name).running


def test_reset_step_takes_back_its_points_and_its_effects(student):
    student.goes_to("commit")
    student.types("lab commit {{name}} {{name}}-copy:1")
    name = student.attempt.values["name"]
    student.says("reset", "step")
    assert student.attempt.here.earned == 0
    assert student.attempt.step.id == "commit"
    assert f"{name}-copy:1" not in _references(student.engine)
    inside = run_hidden(student.engine, f"lab exec {name} cat /note")
    assert student.attempt.values["note"] in inside.output


def test_reset_lesson_leaves_nothing_and_touches_nothing_else(student):
    engine = student.engine
    student.says("reset", "lesson")
    mine = engine.create(ContainerOptions(image="busybox", name="mine"))
    again = Student(engine)
    again.goes_to("keep")
    again.types("lab run --name extra busybox true")
    shown = again.says("reset", "lesson")
    assert "container extra" in shown
    assert [container.id for container in engine.containers(all=True)] == [mine.id]
    assert _references(engine) == {"busybox:latest"}
    assert engine.volumes() == []


def test_reset_lesson_puts_a_moved_name_back(student):
    engine = student.engine
    base = engine.image("busybox").id
    student.goes_to("keep")
    student.types("lab tag {{name}}-copy:1 busybox:latest")
    assert engine.image("busybox").id != base
    student.says("reset", "lesson")
    assert engine.image("busybox").id == base


def test_reset_all_forgets_everything(student):
    student.says("answer", "there")
    student.says("reset", "all")
    assert Progress().lessons == {}
    assert student.engine.containers(all=True) == []


def test_reset_without_a_word_asks_which(student):
    assert "`" not in student.says("reset")
    assert student.runner.stage is not None


def test_a_container_that_is_gone_is_said_so(student):
    student.goes_to("notes")
    student.engine.remove(student.attempt.values["name"], force=True)
    shown = student.says("check")
    assert "There is no container" in shown
    assert ":reset step" in shown


def test_words_without_a_lesson_say_how_to_open_one(engine, student):
    runner = LessonRunner(engine, "en", Console(file=io.StringIO()))
    assert runner.handle("next")
    assert runner.toolbar() == ""
    assert not runner.handle("nonsense")
    runner.after_command()


def test_source_is_shown_by_symbol_or_refused_by_name(student):
    assert "def atomic_write" in student.says("source", "engine.files:atomic_write")
    assert "has no `nosuch`" in student.says("source", "engine.files:nosuch") or (
        "has no nosuch" in student.says("source", "engine.files:nosuch")
    )


def test_an_unknown_lesson_is_one_clear_error(engine, student):
    shown = io.StringIO()
    LessonRunner(engine, "en", Console(file=shown, width=100)).start("commit/nosuch")
    assert "No such lesson: commit/nosuch" in shown.getvalue()


def test_a_name_that_is_taken_is_said_and_nothing_is_left(student):
    engine = student.engine
    name = student.attempt.values["name"]
    student.says("reset", "lesson")
    taken = {"otter", "heron", "badger", "raven", "lynx", "marten"}
    for each in taken:
        engine.create(ContainerOptions(image="busybox", name=each))
    again = LessonRunner(engine, "en", Console(file=(shown := io.StringIO())))
    again.start(LESSON)
    assert "could not be set up" in " ".join(shown.getvalue().split())
    assert {c.name for c in engine.containers(all=True)} == taken
    assert again.stage is None
    assert name in taken


def test_the_lesson_speaks_chinese(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    student = Student(engine, "zh")
    assert "commit 带走什么，留下什么" in student.saw()
    assert "猜对了。 (+1 分)" in student.says("answer", "there")
    student.goes_to("notes")
    assert "这些地方还没有便条：/note, /data/note" in student.says("check")


def _references(engine) -> set[str]:
    return {name for image in engine.images(all=True) for name in image.references}
