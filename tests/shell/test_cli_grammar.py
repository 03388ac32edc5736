"""How a line is read: Docker's habits on top of click."""

import click
import pytest

from labshell.commands.grammar import Option, Verb, Verbs


def reading(*line: str, **settings: object) -> dict[str, object]:
    """What a verb with a few options gets from the words of a line."""
    got: dict[str, object] = {}
    verb = Verb(
        "try",
        params=[
            Option(["-m", "--memory"]),
            Option(["-e", "--env"], multiple=True),
            Option(["-i", "--interactive"], is_flag=True),
            Option(["-t", "--tty"], is_flag=True),
            Option(["--rm"], is_flag=True),
            Option(["-p", "--pause/--no-pause"], default=True),
            click.Argument(["words"], nargs=-1),
        ],
        callback=got.update,
        context_settings=settings,
    )
    verb.main(list(line), standalone_mode=False)
    return got


def for_a_program(*line: str) -> dict[str, object]:
    return reading(*line, allow_interspersed_args=False)


@pytest.mark.parametrize(
    "words", [["-m", "64m"], ["-m64m"], ["-m=64m"], ["--memory", "64m"]]
)
def test_a_value_may_follow_in_any_way(words: list[str]) -> None:
    assert reading(*words)["memory"] == "64m"


def test_an_equals_sign_belongs_to_the_value_behind_a_space() -> None:
    assert reading("-e", "=x", "-e=A=b", "-eC=d")["env"] == ("=x", "A=b", "C=d")


def test_flags_may_stand_together_and_the_last_may_have_a_value() -> None:
    got = reading("-itm=64m")
    assert (got["interactive"], got["tty"], got["memory"]) == (True, True, "64m")
    assert reading("-itm", "64m")["memory"] == "64m"


@pytest.mark.parametrize(
    ("word", "is_set"), [("--rm", True), ("--rm=true", True), ("--rm=false", False)]
)
def test_a_flag_may_be_given_a_value(word: str, is_set: bool) -> None:
    assert reading(word)["rm"] is is_set


@pytest.mark.parametrize("word", ["--pause=false", "--no-pause", "--pause=0"])
def test_a_flag_that_is_on_may_be_put_off(word: str) -> None:
    assert reading(word)["pause"] is False


def test_a_flag_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="neither true nor false"):
        reading("--rm=maybe")


def test_what_belongs_to_the_program_is_left_alone() -> None:
    got = for_a_program("--rm", "busybox", "ls", "--rm=false", "-m=1", "--", "-i")
    assert got["words"] == ("busybox", "ls", "--rm=false", "-m=1", "--", "-i")
    assert got["memory"] is None


def test_the_value_of_an_option_is_not_taken_for_the_image() -> None:
    got = for_a_program("-m", "64m", "--env", "A=1", "-it", "busybox", "-m=2")
    assert (got["memory"], got["words"]) == ("64m", ("busybox", "-m=2"))


def test_options_may_follow_names_where_there_is_no_program() -> None:
    assert reading("web", "--rm=true", "db")["words"] == ("web", "db")
    assert reading("web", "--rm=true", "db")["rm"] is True


def test_a_value_may_look_like_an_option() -> None:
    assert reading("-m", "-1")["memory"] == "-1"
    assert reading("--memory", "--rm")["memory"] == "--rm"


def test_nothing_is_an_option_behind_two_dashes() -> None:
    assert reading("--", "--rm=false")["words"] == ("--rm=false",)


def test_an_error_names_its_verb() -> None:
    with pytest.raises(click.UsageError) as caught:
        reading("--memory")
    assert caught.value.ctx is not None


def test_a_verb_is_imported_when_it_is_asked_for() -> None:
    verbs = Verbs(
        name="lab", headings={"Any": {"bad": "no.such.module:verb", "ok": ""}}
    )
    context = click.Context(verbs)
    assert verbs.list_commands(context) == ["bad", "ok"]
    with pytest.raises(ModuleNotFoundError):
        verbs.get_command(context, "bad")


def test_a_verb_that_is_not_there_is_guessed() -> None:
    images = "labshell.commands.images:images"
    verbs = Verbs(name="lab", headings={"Any": {"images": images}})
    with pytest.raises(click.UsageError, match="did you mean `lab images`"):
        verbs.main(["image"], prog_name="lab", standalone_mode=False)
