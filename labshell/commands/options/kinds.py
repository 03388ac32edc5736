"""The kinds of options: a switch, a text, a list, and values that must be read.

Try it: `lab run -m much busybox true`: the value is refused before anything is made
"""

from collections.abc import Callable
from typing import Any

import click

from labshell.commands import values
from labshell.commands.grammar import Option


class Value(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.4
    """A value with a form of its own: a function that reads it or raises ValueError."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self.read = read

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """The value as the engine takes it."""
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


ASSIGNMENT = Value("assignment", values.assignment)
BUILD_ARGUMENT = Value("argument", values.build_argument)
ASSIGNMENTS = Value("file", values.environment_file)
LOG_OPTION = Value("option", values.label)
LABEL = Value("label", values.label)
LABELS = Value("file", values.label_file)
PARAMETER = Value("parameter", values.parameter)
VOLUME = Value("volume", values.volume)
BYTES = Value("bytes", values.memory)
BYTES_OR_UNLIMITED = Value("bytes", values.memory_or_unlimited)
CPUS = Value("number", values.cpus)
OUTPUT_FILE = Value("file", values.output_file)
DURATION = Value("time", values.nanoseconds)
SECONDS = Value("time", values.seconds)


class Heading:
    """The options that `--help` lists under one heading."""

    def __init__(self, title: str) -> None:
        self.title = title

    def flag(self, *names: str, help: str, **details: Any) -> Option:
        """A switch."""
        return Option(names, is_flag=True, under=self.title, help=help, **details)

    def value(self, *names: str, metavar: str, help: str, **details: Any) -> Option:
        """One value: a text, unless `type` is given."""
        return Option(names, under=self.title, metavar=metavar, help=help, **details)

    def several(self, *names: str, metavar: str, help: str, **details: Any) -> Option:
        """As many values as one likes."""
        return self.value(*names, metavar=metavar, help=help, multiple=True, **details)
