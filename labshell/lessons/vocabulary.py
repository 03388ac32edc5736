"""The words of a lesson: none may come out of nowhere.

A word is a verb (`lab exec`), an option of one (`lab exec --user`) or an instruction of
a Dockerfile (`RUN`).

    used         by the commands of `:::run`, by reference solutions, in Dockerfiles
    introduced   by a text that names it as code: `lab exec`, `docker exec`, `exec`;
                 `lab exec -u 0`, or `-u` alone; `RUN`. In the step that uses the word,
                 in one before it, or in a lesson that this one needs
    given        what everybody brings along who has started containers: GIVEN

The options are read with the verbs' own grammar, so that `-it`, `--tty` and `-t` are
one word, and what follows the image in `lab run` is none of ours. Other ways and wrong
ways (`also`, `wrong`) are the student's own, and may use what they like.

Try it: `lab lesson lint`
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import click

from labshell.lessons import prose
from labshell.lessons.fields import LessonError, read_text
from labshell.lessons.lesson import Lesson, Step

GIVEN = "`lab run`, `lab ps`, `-d`, `-it`, `--rm`, `--name`, `--help`"
INSTRUCTIONS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD "
    "RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split()
)
_ENGINE = ("lab", "labshell", "docker")
_AS_CODE = re.compile(r"`([^`\n]+)`")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# At the start of a line, or of a quoted one: `printf 'FROM busybox\nRUN true\n'`.
_INSTRUCTION = re.compile(
    rf"(?:^|['\"]|\\n)[ \t]*({'|'.join(sorted(INSTRUCTIONS))})(?=\s)", re.MULTILINE
)


# Two are one word if their texts are: a NamedTuple would compare the spellings, too.
@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word, as it is written in full; `spelled`: all ways to write an option."""

    text: str
    spelled: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(slots=True, kw_only=True)
class Vocabulary:
    """The words that have been introduced."""

    words: set[Word] = field(default_factory=set)
    options: set[str] = field(default_factory=set)  # named without a verb

    def add(self, text: str) -> None:
        """Take in what a text of a lesson names as code."""
        for code in _AS_CODE.findall(_FENCED.sub("", text)):
            first = code.split()[0] if code.split() else ""
            if first.startswith("-"):
                self.options |= set(_loose_options(code))
            elif first in INSTRUCTIONS:
                self.words.add(Word(text=first))
            else:
                self.words |= set(words_in(code))
                self.words |= set(_of_one_command(code.split()))

    def has(self, word: Word) -> bool:
        """Has it been introduced, with its verb or alone?"""
        return word in self.words or bool(word.spelled & self.options)


def words_in(lines: str) -> Iterator[Word]:
    """Every verb, option and instruction that bash lines use."""
    from labshell.shell.lines import simple_commands, tokens

    found = tokens(lines)
    for command in simple_commands(found):
        if command and command[0] in _ENGINE:
            yield from _of_one_command(command[1:])
    for token in found:
        _, substitution, inside = token.value.partition("$(")
        if substitution:  # in double quotes, where it is part of a word
            yield from words_in(inside)
    yield from instructions_in(lines)


def instructions_in(text: str) -> Iterator[Word]:
    """Every instruction of a Dockerfile, or of lines that write one."""
    return (Word(text=name) for name in _INSTRUCTION.findall(text))


def _of_one_command(words: list[str]) -> Iterator[Word]:
    """The verb and the options of the words after `lab`; nothing if it is no verb."""
    from labshell.cli import lab
    from labshell.commands.grammar import Verbs

    command: click.Command = lab
    names = ["lab"]
    while isinstance(command, Verbs):
        inner = command.get_command(click.Context(command), words[0] if words else "")
        if inner is None:
            return
        command, names, words = inner, [*names, words[0]], words[1:]
    yield Word(text=" ".join(names))
    for option in _options(command, words):
        # `create` takes the options of `run`: who has met one has met both.
        verb = " ".join(names).replace("lab create", "lab run")
        longest = max(option.opts, key=len)
        yield Word(text=f"{verb} {longest}", spelled=frozenset(option.opts))


def _options(command: click.Command, words: list[str]) -> list[click.Option]:
    """The options in the words after a verb, read as the verb itself reads them."""
    from labshell.commands.grammar import as_click_reads

    settings = command.context_settings
    context = click.Context(command, resilient_parsing=True, **settings)
    try:
        read = as_click_reads(context, words)
        _, _, order = command.make_parser(context).parse_args(read)
    except click.UsageError:
        return []  # text about a command, such as `lab run -p HOST:CONTAINER …`
    return [parameter for parameter in order if isinstance(parameter, click.Option)]


def _loose_options(code: str) -> Iterator[str]:
    """`-it` names -i and -t; `--tmpfs /scratch` and `--tmpfs=/scratch` name --tmpfs."""
    for part in code.split():
        name = part.partition("=")[0]
        if name.startswith("--"):
            yield name
        elif name.startswith("-"):
            yield from (f"-{letter}" for letter in name[1:])


def unintroduced(
    lesson: Lesson, find: Callable[[str], Lesson]
) -> Iterator[tuple[str, Word]]:
    """(step, word) for each word that a lesson uses before anything introduces it.

    `find` gives the lessons that it needs.
    """
    known = Vocabulary()
    known.add(GIVEN)
    for needed in _needed(lesson, find, (lesson.name,), set()):
        _read(needed, known)
    known.add(lesson.sections[prose.INTRODUCTION].before)
    for step in lesson.steps:
        _read_step(lesson, step, known)
        for word in dict.fromkeys(_used(lesson, step)):
            if not known.has(word):
                yield step.id, word
    for word in dict.fromkeys(_used_by_files(lesson)):
        if not known.has(word):
            yield "files", word


def _needed(
    lesson: Lesson,
    find: Callable[[str], Lesson],
    path: tuple[str, ...],
    read: set[str],
) -> Iterator[Lesson]:
    """All lessons that come before this one, each once: `read` are those so far.

    LessonError if they go in a circle: `path` leads from the first lesson to this one.
    """
    for name in lesson.needs:
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            raise LessonError(f"{lesson.shown}: needs: they go in a circle: {circle}")
        if name not in read:
            read.add(name)
            needed = find(name)
            yield needed
            yield from _needed(needed, find, (*path, name), read)


def _read(lesson: Lesson, known: Vocabulary) -> None:
    """Take in a whole lesson."""
    for name in (prose.INTRODUCTION, prose.CLOSING):
        if section := lesson.sections.get(name):
            known.add(section.before)
    for step in lesson.steps:
        _read_step(lesson, step, known)


def _read_step(lesson: Lesson, step: Step, known: Vocabulary) -> None:
    """Take in what the student reads of one step."""
    section = lesson.sections[step.id]
    texts = [section.before, section.after, step.ask, *step.hints]
    texts += step.misconceptions.values()
    texts += [text for c in step.choices for text in (c.says, c.because)]
    for text in texts:
        known.add(text)


def _used(lesson: Lesson, step: Step) -> Iterator[Word]:
    """What the student sees run, or has to use."""
    section = lesson.sections[step.id]
    for _, line in prose.commands({step.id: section}, lesson.shown):
        yield from words_in(line)
    typed = [line.removeprefix(":answer ") for line in step.solve]
    yield from words_in("\n".join(typed))
    for text in (section.before, section.after):
        for language, content in _FENCED.findall(text):
            if language.lower() == "dockerfile":
                yield from instructions_in(content)


def _used_by_files(lesson: Lesson) -> Iterator[Word]:
    for path in sorted((lesson.folder / "files").rglob("*Dockerfile*")):
        shown = lesson.shown.replace("lesson.md", path.name)
        yield from instructions_in(read_text(path, shown))
