"""One mapping of a lesson's front matter, read field by field.

Lessons are written by hand, so mistakes are normal, and an author needs to hear
which file, which field, and what was expected there:

    lessons/commit/010.init-layer/lesson.md: steps.guess.points: a whole number
    is needed, not "two"

A field that nobody asked for is a mistake as well (most often a misspelt one), so
`done()` names it and what it may have been meant to be.

Try it: misspell a field of a lesson, then `lab lesson lint`.
"""

import difflib
import reprlib
from datetime import date
from pathlib import Path
from typing import Any

from engine.errors import EngineError

_MOST_BYTES = 256 << 10  # of one lesson file


class LessonError(EngineError):
    """A lesson's files are not as they should be."""


class Fields:
    """A mapping from outside. Each reader returns the right type or raises."""

    def __init__(self, data: object, file: str, where: str = "") -> None:
        self._file, self._where, self._asked = file, where, set[str]()
        if not isinstance(data, dict):
            raise self.problem("", "fields (name: value) are needed here")
        self._data: dict[str, Any] = {}
        for key, value in data.items():
            if isinstance(key, bool) or key is None:
                raise self.problem("", f"quote the name: YAML reads it as {key!r}")
            self._data[str(key)] = value

    def place(self, name: str) -> str:
        """How a field is called in errors: "steps.guess.ask"."""
        return ".".join(part for part in (self._where, name) if part)

    def problem(self, name: str, what: str) -> LessonError:
        """An error that names the file and the field."""
        field = self.place(name)
        return LessonError(
            f"{self._file}: {field + ': ' if field else ''}{what}",
            "Mend it and run `lab lesson lint`.",
        )

    def has(self, name: str) -> bool:
        """Is the field there at all?"""
        return name in self._data

    def names(self) -> tuple[str, ...]:
        """The names of all fields, in the order of the file."""
        return tuple(self._data)

    def _take(self, name: str) -> Any:
        self._asked.add(name)
        if name not in self._data:
            near = difflib.get_close_matches(name, self._data, 1)
            raise self.problem(
                name, f"is missing; is `{near[0]}` meant?" if near else "is missing"
            )
        return self._data[name]

    def text(self, name: str, default: str | None = None) -> str:
        """One text; a number is taken as it is written."""
        self._asked.add(name)
        if name not in self._data and default is not None:
            return default
        value = self._take(name)
        if isinstance(value, date):
            raise self.problem(name, f'a text is needed: put it in quotes, "{value}"')
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.problem(name, f"a text is needed, not {_shown(value)}")
        return str(value).rstrip("\n")

    def integer(self, name: str, default: int | None = None) -> int:
        """One whole number that is not negative."""
        self._asked.add(name)
        if name not in self._data and default is not None:
            return default
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.problem(name, f"a whole number is needed, not {_shown(value)}")
        if value < 0:
            raise self.problem(name, f"0 or more is needed, not {_shown(value)}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """One number, whole or not."""
        self._asked.add(name)
        if name not in self._data and default is not None:
            return default
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.problem(name, f"a number is needed, not {_shown(value)}")
        return float(value)

    def flag(self, name: str) -> bool:
        """true or false; false if it is not there."""
        self._asked.add(name)
        value = self._data.get(name, False)
        if not isinstance(value, bool):
            raise self.problem(name, f"true or false is needed, not {_shown(value)}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one; none if not there."""
        self._asked.add(name)
        value = self._data.get(name, [])
        values = value if isinstance(value, list) else [value]
        for item in values:
            if isinstance(item, bool) or not isinstance(item, str | int | float):
                raise self.problem(name, f"texts are needed, not {_shown(item)}")
        return tuple(str(item).rstrip("\n") for item in values)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers; none if not there."""
        self._asked.add(name)
        value = self._data.get(name, [])
        if not isinstance(value, list) or not all(type(n) is int for n in value):
            raise self.problem(name, "a list of whole numbers is needed, as in [1, 2]")
        return tuple(value)

    def inner(self, name: str) -> "Fields":
        """The mapping inside one field; an empty one if it is not there."""
        self._asked.add(name)
        return Fields(self._data.get(name, {}), self._file, self.place(name))

    def listed(self, name: str) -> list["Fields"]:
        """The mappings of a list of mappings; none if it is not there."""
        self._asked.add(name)
        value = self._data.get(name, [])
        if not isinstance(value, list):
            raise self.problem(name, f"a list is needed, not {_shown(value)}")
        return [
            Fields(item, self._file, f"{self.place(name)}[{number}]")
            for number, item in enumerate(value, 1)
        ]

    def called(self, where: str) -> "Fields":
        """The same mapping under a better name, for errors."""
        return Fields(self._data, self._file, where)

    def done(self) -> None:
        """Raise if there is a field that nobody asked for."""
        for name in self._data:
            if name not in self._asked:
                near = difflib.get_close_matches(name, self._asked, 1)
                meant = f"; is `{near[0]}` meant?" if near else ""
                raise self.problem(name, f"there is no such field{meant}")


def _shown(value: object) -> str:
    """A value as errors show it: short, even if it holds itself a thousand times."""
    return "nothing" if value is None else reprlib.repr(value)[:60]


def read_text(path: Path, shown: str) -> str:
    """The text of a lesson's file. `shown` is how errors call it."""
    try:
        if path.exists() and not path.is_file():
            raise LessonError(f"{shown}: not a file", "Put a file there.")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise LessonError(f"{shown}: larger than {_MOST_BYTES >> 10} KB")
        return data.decode()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise LessonError(f"{shown}: {reason}", "`lab lesson list`") from error
    except UnicodeDecodeError as error:
        raise LessonError(
            f"{shown}: byte {error.start} is not UTF-8", "Save the file as UTF-8."
        ) from error


def split_front_matter(text: str, shown: str) -> tuple[Fields, str]:
    """The YAML between the two `---` lines, as fields; and the Markdown below."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---" or "---" not in [x.rstrip() for x in lines[1:]]:
        raise LessonError(
            f"{shown}: it must begin with front matter between two lines of `---`",
            "See another lesson: `lab lesson list`.",
        )
    end = [line.rstrip() for line in lines].index("---", 1)
    # The empty first line stands for the `---`, so that line numbers are true.
    front = "\n" + "\n".join(lines[1:end])
    return Fields(yaml_data(front, shown), shown), "\n".join(lines[end + 1 :])


def yaml_data(text: str, shown: str) -> object:
    """What YAML says, read safely. `shown` is how errors call the file."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LessonError(
            f"{shown}: line {line}: {error.problem}", "Is a text with `:` quoted?"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LessonError(f"{shown}: it is not YAML: {error}") from error


def _loader() -> Any:
    """YAML's safe loader, made to refuse a name that is given twice."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if not isinstance(key.value, str):
                    raise yaml.MarkedYAMLError(
                        problem="a name must be a text",
                        problem_mark=key.start_mark,
                    )
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"`{key.value}` is given twice",
                        problem_mark=key.start_mark,
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    return Loader
