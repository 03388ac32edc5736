"""How a `lab` line is read: click, with Docker's habits.

    lab run --rm -it -m=64m busybox sh -c 'echo --rm'
        └─┬┘└──────┬──────┘ └──┬──┘ └──────┬───────┘
        verb    options      IMAGE    the program's own words: never read as options

click does the reading. Four things are added to it here:

    Explained  a command whose help ends with examples
    Verbs      a group whose verbs are imported when they are asked for, and whose
               help sorts them under headings
    Verb       a command whose help sorts its options under headings
    as_click_reads
             Docker's client is written in Go, whose flags may be followed by `=`
             everywhere: `-m=64m`, `--rm=false`. click knows `--memory=64m` only.

Try it: `lab run --help`; `lab run --rm=false -m=64m busybox true`
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

# Verbs of Docker's that somebody will try, and what to do instead. A guess at another
# verb would mislead.
NOT_HERE = {
    "search": "A web page of the registry's does: `lab pull` needs the whole name.",
    **dict.fromkeys(
        "builder buildx".split(),
        "`lab build` is the classic builder: there is no other here.",
    ),
    "compose": "Each container by hand: `lab run`.",
    "info": "`lab doctor` says what this machine can do, `lab system df` what is here.",
    "version": "`lab --version`",
}
TRUE, FALSE = ("true", "t", "1"), ("false", "f", "0")


class NotHere(click.UsageError):
    """It may be somewhere, and not here; `instead` is what to do without."""

    def __init__(
        self, message: str, instead: str, ctx: click.Context, code: int = 1
    ) -> None:
        super().__init__(message, ctx)
        self.instead = instead
        self.code = code


class Option(click.Option):
    """An option, and the heading that `--help` lists it under.

    `alone`: its value where it has none; another one is then joined to it by `=`.
    """

    def __init__(
        self, *names: Any, under: str = "Options", alone: str = "", **details: Any
    ) -> None:
        super().__init__(*names, **details)
        self.under = under
        self.alone = alone


class Explained(click.Command):
    """A command with examples and `--help`, and `-h` unless it means something else.

    click would add these options itself, and look for a translation of what they do:
    that takes longer than to read the line.
    """

    def __init__(self, *names: Any, examples: str = "", **details: Any) -> None:
        super().__init__(*names, **details)
        self.examples = examples
        taken = {name for parameter in self.params for name in parameter.opts}
        self.params.append(
            Option(
                [name for name in ("-h", "--help") if name not in taken],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_explain,
                help="Show this message and exit.",
            )
        )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """End with the examples, as they would be typed."""
        if not self.examples:
            return
        from textwrap import dedent

        with formatter.section("Examples"):
            for line in dedent(self.examples).strip().splitlines():
                formatter.write(f"{' ' * formatter.current_indent}{line}\n")


def _explain(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """What --help does."""
    if asked and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class Verb(Explained):
    """A command that is read with Docker's habits."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words after the verb; an error says which verb it was."""
        try:
            return super().parse_args(ctx, as_click_reads(ctx, args))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the options under their headings, in the order they were written."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row and isinstance(parameter, click.Option):
                heading = getattr(parameter, "under", "Options")
                headings.setdefault(heading, []).append(row)
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=26)


class Verbs(Explained, click.Group):
    """A group of verbs, each "module:function", under headings; imported late."""

    def __init__(
        self,
        *,
        headings: Mapping[str, Mapping[str, str]],
        **details: Any,
    ) -> None:
        super().__init__(subcommand_metavar="VERB ...", **details)
        self.headings = headings

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all verbs, in the order of the table."""
        return [verb for verbs in self.headings.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb; None if there is no such."""
        for verbs in self.headings.values():
            if cmd_name in verbs:
                module, _, function = verbs[cmd_name].partition(":")
                command = getattr(importlib.import_module(module), function)
                assert isinstance(command, click.Command)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the line asks for, or an error that guesses what was meant."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            if name == "help":
                self._help_about(ctx, args[1:])
            raise self._unknown(ctx, name)
        return name, command, args[1:]

    def _help_about(self, ctx: click.Context, words: list[str]) -> NoReturn:
        """`lab help volume create` is `lab volume create --help`."""
        if not words:
            click.echo(ctx.get_help())
            ctx.exit()
        name, command, rest = self.resolve_command(ctx, words)
        assert command is not None
        branches = getattr(command, "branches", None)  # see branching.py
        if rest and isinstance(branches, Verbs):
            command = branches
        about = click.Context(command, ctx, name)
        if isinstance(command, Verbs):
            command._help_about(about, rest)
        click.echo(about.get_help())
        ctx.exit()

    def _unknown(self, ctx: click.Context, name: str) -> click.UsageError:
        from difflib import get_close_matches

        if name in NOT_HERE and ctx.parent is None:
            message = f"docker has `{name}`, lab has not (yet)"
            return NotHere(message, NOT_HERE[name], ctx)
        if inside := [] if ctx.parent else self._groups_with(ctx, name):
            message = f"unknown command: {ctx.command_path} {name}"
            whole = [f"`{ctx.command_path} {group} {name}`" for group in inside]
            return NotHere(message, f"There is {', '.join(whole)}.", ctx)
        near = get_close_matches(name, self.list_commands(ctx), n=1)
        guess = f", did you mean `{ctx.command_path} {near[0]}`?" if near else ""
        message = f"unknown command: {ctx.command_path} {name}{guess}"
        return click.UsageError(message, ctx)

    def _groups_with(self, ctx: click.Context, name: str) -> list[str]:
        """The verbs that hold a verb of this name: `system` for `prune`."""
        held = [(verb, self.get_command(ctx, verb)) for verb in self.list_commands(ctx)]
        return [
            verb
            for verb, command in held
            if isinstance(command, Verbs) and name in command.list_commands(ctx)
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a verb, show which there are."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the verbs under their headings, each with its first sentence."""
        for heading, verbs in self.headings.items():
            rows = []
            for name in verbs:
                command = self.get_command(ctx, name)
                assert command is not None
                rows.append((name, command.get_short_help_str(limit=200)))
            with formatter.section(heading):
                formatter.write_dl(rows)


def as_click_reads(ctx: click.Context, words: Sequence[str]) -> list[str]:
    """Rewrite `-m=64m` as `-m 64m`, `--rm=true` as `--rm`, and `--rm=false` as none.

    Words behind the first one that is no option are left alone where they belong to
    somebody else: `lab run busybox ls --color=false`.
    """
    options = {
        name: parameter
        for parameter in ctx.command.get_params(ctx)
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    read: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--" or (_is_plain(word) and not ctx.allow_interspersed_args):
            return [*read, word, *rest]
        if _is_plain(word):
            read.append(word)
            continue
        parts = _long(word, options) if word[1] == "-" else _short(word, options)
        read += parts
        last = options.get("-" + parts[-1][-1] if parts and word[1] != "-" else word)
        if len(parts) == 1 and last and not _stands_alone(last) and rest:
            read.append(rest.pop(0))  # the option's value, whatever it looks like
    return read


def _is_plain(word: str) -> bool:
    return not word.startswith("-") or word == "-"


def _stands_alone(option: click.Option) -> bool:
    return option.is_flag or option.count or bool(_alone(option))


def _alone(option: click.Option) -> str:
    return option.alone if isinstance(option, Option) else ""


def _long(word: str, options: Mapping[str, click.Option]) -> list[str]:
    """One `--word`, as click reads it."""
    name, equals, value = word.partition("=")
    option = options.get(name)
    if option is not None and _alone(option):
        return [word if equals else f"{name}={_alone(option)}"]
    if not equals or option is None or not _stands_alone(option):
        return [word]
    if value.lower() in TRUE:
        return [name]
    if value.lower() in FALSE:
        return option.secondary_opts[:1]
    raise click.BadParameter(f"{value!r} is neither true nor false", param=option)


def _short(word: str, options: Mapping[str, click.Option]) -> list[str]:
    """One `-abc`, as click reads it: flags, then perhaps an option with its value."""
    for position, letter in enumerate(word[1:], 1):
        option = options.get("-" + letter)
        if option is None:
            return [word]
        if not _stands_alone(option):
            value = word[position + 1 :]
            if value.startswith("="):
                return [word[: position + 1], value[1:]]
            return [word]
    return [word]
