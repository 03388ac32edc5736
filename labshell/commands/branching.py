"""A verb that has verbs of its own, and is one itself.

    lab grade triage OUT           the first word is a verb of `grade`
    lab grade ./triage …           it is not: a file
    lab grade --jobs 2 triage …    nor here, where it is not the first

Try it: `lab grade --help`
"""

from collections.abc import Mapping
from typing import Any

import click

from labshell.commands.grammar import Verb, Verbs


class Branching(Verb):
    """A verb whose first word may be a verb of its own: else the line is its own.

    So `lab grade triage OUT` and `lab grade FILE…` go together. Only the first word is
    read so, and only if it is exactly a verb: a file called triage is `./triage`.
    """

    def __init__(
        self, *names: Any, verbs: Mapping[str, str], help: str, **details: Any
    ) -> None:
        super().__init__(*names, help=help, **details)
        self.branches = Verbs(name=self.name, headings={"Verbs": verbs}, help=help)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the line, as a verb's of this verb if it begins with one."""
        is_branch = bool(args) and args[0] in self.branches.headings["Verbs"]
        reader = self.branches.make_context if is_branch else super().make_context
        return reader(info_name, args, parent, **extra)

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the options, then the verbs."""
        super().format_options(ctx, formatter)
        self.branches.format_commands(ctx, formatter)
