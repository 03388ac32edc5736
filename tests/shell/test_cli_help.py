"""The help: every verb is there, and says what it does, with examples."""

from collections.abc import Iterator

import click
import pytest

from labshell.cli import lab as top
from labshell.commands import VERBS
from labshell.commands.branching import Branching
from labshell.commands.grammar import Verb, Verbs
from tests.shell.lines import Lab

VERBS_OF_THE_ISSUE = (
    "run create start stop restart kill pause unpause wait rm rename ps logs exec diff "
    "commit inspect images history tag rmi import image volume rootfs doctor acts "
    "mounts tree layers watch learn grade lesson completion"
).split()


def every_verb(
    group: Verbs = top, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name="lab")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        inner = command.branches if isinstance(command, Branching) else command
        if isinstance(inner, Verbs):
            yield from every_verb(inner, (*path, name))


ALL = dict(every_verb())


def test_every_verb_is_there() -> None:
    assert set(VERBS_OF_THE_ISSUE) <= set(ALL)
    assert {"volume create", "volume ls", "volume inspect", "volume rm"} <= set(ALL)
    assert {"image ls", "container ls", "rootfs make"} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_help_begins_with_a_short_sentence(name: str) -> None:
    first = (ALL[name].help or "").strip().partition("\n\n")[0]
    assert first.endswith("."), first
    assert len(ALL[name].get_short_help_str(limit=200)) > 8


@pytest.mark.parametrize("name", ALL)
def test_every_option_is_explained(name: str) -> None:
    options = [p for p in ALL[name].params if isinstance(p, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("name", [n for n in ALL if isinstance(ALL[n], Verb)])
def test_a_verb_shows_examples_of_itself(name: str) -> None:
    verb = ALL[name]
    assert isinstance(verb, Verb)
    if name.count(" ") == 0:
        assert "lab" in verb.examples


@pytest.mark.parametrize("name", ALL)
def test_help_is_printed_on_stdout_and_fits_the_screen(name: str) -> None:
    context = click.Context(ALL[name], info_name=f"lab {name}", max_content_width=80)
    text = ALL[name].get_help(context)
    assert text.startswith("Usage: lab")
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_the_verbs_are_sorted_under_headings(lab: Lab) -> None:
    done = lab("--help")
    assert done.code == 0
    for heading, verbs in VERBS.items():
        assert f"{heading}:" in done.lines
        for verb in verbs:
            assert f"  {verb} " in done.out


def test_a_group_alone_shows_its_verbs(lab: Lab) -> None:
    done = lab("volume")
    assert done.code == 0
    assert "inspect" in done.out


@pytest.mark.parametrize("verb", ["run", "volume", "volume create"])
def test_help_may_stand_before_the_verb(lab: Lab, verb: str) -> None:
    words = verb.split()
    done = lab("help", *words)
    assert done == lab(*words, "--help")
    assert done.lines[0].startswith(f"Usage: lab {verb} ")


def test_help_about_a_verb_that_is_not_there_is_an_error(lab: Lab) -> None:
    assert "unknown command: lab nosuch" in lab("help", "nosuch").error


def test_a_verb_of_dockers_that_is_not_here_says_what_to_do_instead(lab: Lab) -> None:
    done = lab("search", "alpine")
    assert (done.code, done.error) == (1, "docker has `search`, lab has not (yet)")
    assert "lab pull" in done.hint


def test_the_version_is_one_line(lab: Lab) -> None:
    assert lab("--version").lines[0].startswith("labshell ")


def test_help_needs_no_permission_and_no_engine(lab: Lab) -> None:
    assert Lab(lab.root / "nowhere")("run", "--help").code == 0
    assert not (lab.root / "nowhere").exists()


@pytest.mark.parametrize(
    ("verb", "groups"),
    [("prune", ["container", "image", "system"]), ("connect", ["network"])],
)
def test_a_verb_of_a_group_says_of_which(
    lab: Lab, verb: str, groups: list[str]
) -> None:
    done = lab(verb)
    assert (done.code, done.error) == (1, f"unknown command: lab {verb}")
    for group in groups:
        assert f"`lab {group} {verb}`" in done.hint
