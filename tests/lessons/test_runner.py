"""The words of a lesson, on the real engine, as the shell speaks them."""

import io
import subprocess

import pytest
from rich.console import Console

from engine.engine import ContainerOptions, Engine
from labshell.lessons.lines import run_hidden
from labshell.lessons.progress import Progress
from labshell.lessons.record import Made
from labshell.lessons.runner import LessonRunner
from labshell.lessons.world import World

LESSON, OTHER = "commit/init-layer", "process/mount-namespace"


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


def test_work_that_was_done_a_step_too_early_is_noticed_when_its_step_comes(student):
    student.goes_to("notes")
    student.types(
        "lab exec {{name}} sh -c 'for f in /note /data/note /scratch/note /etc/hosts;"
        " do echo {{note}} >> $f; done'; lab commit {{name}} {{name}}-copy:1"
    )
    shown = student.goes_to("commit")
    assert "in it holds the note. (+2 points)" in shown
    assert "Work freely" not in shown and shown.endswith(":next goes on.")


def test_a_command_that_changes_nothing_is_not_commented(student):
    student.goes_to("notes")
    assert student.types("lab ps") == ""


def test_what_was_earned_is_not_lost_by_undoing_it(student):
    student.goes_to("notes")
    student.types("lab exec {{name}} sh -c 'echo {{note}} > /note'")
    student.types("lab exec {{name}} rm /note")
    assert student.attempt.here.earned == 1


def test_a_prediction_without_a_hint_says_how_it_is_meant(student):
    assert "Say what you think now" in " ".join(student.says("hint").split())


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


def test_an_interrupted_set_up_is_begun_again_by_the_line_that_it_names(
    student, monkeypatch
):
    def interrupted(world, *lines):
        raise KeyboardInterrupt

    student.saw()
    with monkeypatch.context() as patch:
        patch.setattr(World, "do", interrupted)
        student.runner.start(OTHER)
    assert f"Interrupted. lab learn {OTHER} goes on with the lesson." in student.saw()
    assert student.attempt.lesson.name == LESSON
    student.runner.start(OTHER)
    shown = student.saw()
    assert "A table of mounts of one's own" in shown  # it has not been read yet
    assert "setting up again" not in shown


def test_a_lesson_in_another_engine_leaves_the_first_one_alone(student, fresh_root):
    name = student.attempt.values["name"]
    other = Student(Engine(fresh_root))
    assert "setting up again" in other.saw()
    assert other.engine.container(name).running
    other.says("reset", "lesson")
    assert other.engine.containers(all=True) == []
    assert student.engine.container(name).running


def _names(engine) -> set[str]:
    return {container.name for container in engine.containers(all=True)}


def test_a_finished_lesson_makes_room_for_the_next(student):
    engine, name = student.engine, student.attempt.values["name"]
    student.attempt.here.earned = 1
    student.attempt.finish()
    student.types("lab run --name mine busybox true; lab volume create mine")
    student.saw()
    student.runner.start(OTHER)
    assert f"{LESSON}: removed: container {name}, volume {name}-data" in student.saw()
    assert _names(engine) == {"mine", student.attempt.values["name"]}
    assert [volume.name for volume in engine.volumes()] == ["mine"]
    assert Progress().of(LESSON).finished
    assert Progress().of(LESSON).of("recall").earned == 1
    student.runner.start(OTHER)
    assert "removed" not in student.saw()


def test_a_lesson_that_is_not_finished_keeps_its_things(student):
    name = student.attempt.values["name"]
    student.runner.start(OTHER)
    assert "removed" not in student.saw()
    assert name in _names(student.engine)


def test_a_finished_lesson_can_be_looked_at_again(student):
    engine, name = student.engine, student.attempt.values["name"]
    student.attempt.finish()
    student.runner.start(OTHER)
    student.saw()
    student.runner.start(LESSON)
    shown = student.saw()
    assert "1/11 recall" in shown
    assert "The lesson is finished." in shown
    assert engine.container(name).running
    student.runner.start(OTHER)
    assert f"removed: container {name}" in student.saw()


def test_a_thing_of_ones_own_with_a_word_of_a_finished_lesson_as_its_name_stays(
    student,
):
    student.attempt.finish()
    student.engine.create_volume("busybox")
    again = Student(student.engine)
    again.runner.start(OTHER)
    assert [volume.name for volume in again.engine.volumes()] == ["busybox"]


def test_what_a_finished_lesson_cannot_put_away_does_not_hold_up_the_next(student):
    name = student.attempt.values["name"]
    student.attempt.finish()
    run_hidden(student.engine, f"lab run --name mine -v {name}-data:/d busybox true")
    student.saw()
    student.runner.start(OTHER)
    assert "Error" in student.saw()
    assert student.attempt.lesson.name == OTHER
    assert _names(student.engine) == {"mine", student.attempt.values["name"]}


def test_a_shell_that_still_shows_a_lesson_that_was_put_away_makes_nothing_of_it(
    student,
):
    student.attempt.finish()
    other = LessonRunner(student.engine, "en", Console(file=io.StringIO()))
    other.start(OTHER)
    student.says("again")
    student.says("back")
    student.attempt.save()
    record = Progress().of(LESSON)
    assert (record.before, record.made, record.finished) == (None, Made(), True)
    student.says("reset", "step")
    assert student.engine.container(student.attempt.values["name"]).running


def test_goto_forward_skips_what_lies_between(student):
    assert "6/11 guess-commit" in student.says("goto", "guess-commit")
    assert student.attempt.record.of("notes").status == "skipped"
    name, note = student.attempt.values["name"], student.attempt.values["note"]
    assert note in run_hidden(student.engine, f"lab exec {name} cat /note").output


def test_goto_back_changes_nothing(student):
    student.goes_to("guess-commit")
    assert "1/11 recall" in student.says("goto", "1")
    assert "6/11 guess-commit" in student.says("goto", "guess-commit")
    assert student.attempt.record.of("guess-commit").status == "open"


@pytest.mark.parametrize("where", ["", "0", "12", "nowhere", "-1", "²"])
def test_goto_nowhere_stays_here(student, where):
    assert ":progress" in student.says("goto", where)
    assert student.attempt.number == 0
    assert student.attempt.record.of("recall").status == "open"


DISASTERS = [
    "lab rm -f {{name}}; lab volume rm {{name}}-data",
    "lab rmi -f busybox; lab rename {{name}} other; lab network create {{name}}-net",
    "lab exec {{name}} rm -rf /bin /note /data/note; lab pause {{name}}",
    "kill -9 $(lab inspect -f '{{.State.Pid}}' {{name}})",
    "lab tag $(lab commit {{name}}) busybox:latest; lab rm -f {{name}};"
    " lab run -d --name {{name}} busybox sleep 1000",
]


@pytest.mark.parametrize("disaster", DISASTERS)
def test_panic_undoes_whatever_was_done(student, disaster):
    engine, name = student.engine, student.attempt.values["name"]
    student.goes_to("commit")
    base = engine.image("busybox").id
    student.types("lab tag busybox mine:1")
    student.attempt.here.earned = 1
    run_hidden(engine, student.attempt.fill(disaster))  # from another terminal
    assert "All is as it was" in student.says("panic")
    assert [container.name for container in engine.containers()] == [name]
    assert engine.image("busybox").id == base
    assert _networks(engine) == set()
    note = student.attempt.values["note"]
    for place in ("/note", "/data/note", "/scratch/note"):
        assert note in run_hidden(engine, f"lab exec {name} cat {place}").output
    assert student.attempt.here.earned == 1
    student.types("lab commit {{name}} {{name}}-copy:1")
    assert student.attempt.here.done


def test_what_refuses_to_go_does_not_keep_the_rest(student):
    engine = student.engine
    student.says("reset", "lesson")
    run_hidden(engine, "lab run -d --name mine busybox sleep 1000")
    again = Student(engine)
    again.types("lab network create in-use; lab volume create more")
    engine.connect("in-use", "mine", {})
    assert "Error" in again.says("reset", "lesson")
    assert [container.name for container in engine.containers(all=True)] == ["mine"]
    assert engine.volumes() == []


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
    again.types("lab network create extra-net")
    again.types("lab run --name extra --network extra-net busybox true")
    shown = again.says("reset", "lesson")
    assert "container extra" in shown
    assert f"lab learn {LESSON} begins it again." in shown
    assert "No lesson is open." in again.says("reset", "lesson")
    assert [container.id for container in engine.containers(all=True)] == [mine.id]
    assert _references(engine) == {"busybox:latest"}
    assert engine.volumes() == []
    assert _networks(engine) == set()


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


@pytest.mark.require("root")
def test_on_a_full_disk_it_says_so_and_goes_on(engine, tmp_path, monkeypatch):
    """What stands for a full disk is a directory that nothing can be made in."""
    place = tmp_path / "place"
    monkeypatch.setenv("LABSHELL_PROGRESS", str(place / "progress.json"))
    student = Student(engine)
    subprocess.run(["mount", "--bind", "-o", "ro", place, place], check=True)
    try:
        shown = student.says("answer", "there")
        assert "Right. (+1 point)" in shown
        assert "Read-only file system" in shown
        assert "Not saved. It is kept" in shown
        assert "2/11 stack" in student.says("next")
    finally:
        subprocess.run(["umount", place], check=True)
    assert "Your progress is saved again" in student.says("progress")
    assert Progress().of(LESSON).of("recall").earned == 1
    assert Progress().of(LESSON).step == "stack"


def test_a_lesson_that_another_shell_takes_back_is_said_so(student):
    other = Student(student.engine)
    other.says("reset", "lesson")
    student.says("answer", "there")
    assert "as if it had never begun" in student.says("again")
    assert student.runner.toolbar() == ""
    assert student.engine.containers(all=True) == []


def test_reset_all_removes_what_a_lesson_made_that_is_no_longer_there(student):
    path = Progress().path
    path.write_text(path.read_text().replace(LESSON, "gone/away"))
    runner = LessonRunner(student.engine, "en", Console(file=(shown := io.StringIO())))
    runner.handle("reset", "all")
    assert "No such lesson: gone/away" in shown.getvalue()
    assert student.engine.containers(all=True) == []
    assert Progress().lessons == {}


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


def _networks(engine) -> set[str]:
    return {network.name for network in engine.networks()} - {"bridge", "host", "none"}


def _references(engine) -> set[str]:
    return {name for image in engine.images(all=True) for name in image.references}
