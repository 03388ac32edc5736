"""Reading JSON that somebody else wrote: every field is asked for by its type.

JSON from outside may hold anything anywhere. `Fields` is one JSON object with a name
for error messages; what is absent or null reads as empty, what has the wrong type is
an ImageError that says where, and never a TypeError from deep inside.

    {"config": {"Env": "PATH=/bin"}}   ->   image config: config.Env is not a list

Source: opencontainers/image-spec, config.md and manifest.md
Try it: `lab inspect busybox`
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.errors import ImageError


def read_json(text: bytes) -> Any:
    """What the JSON in `text` says. ValueError or RecursionError if it is none.

    "\\ud800" is half a character, which no file name and no terminal takes: it reads as
    one that is not known, as in Docker.
    """
    data = json.loads(text)
    if b"\\ud" in text.lower():
        halves = json.dumps(data, ensure_ascii=False).encode("utf-16", "surrogatepass")
        data = json.loads(halves.decode("utf-16", "replace"))
    return data


class Fields(NamedTuple):
    """One JSON object, called `what` in errors."""

    data: Mapping[str, Any]
    what: str

    @staticmethod
    def parse(text: bytes, what: str) -> "Fields":
        """The JSON object in `text`."""
        try:
            return Fields.of(read_json(text), what)
        except (ValueError, RecursionError) as error:
            raise ImageError(
                f"{what} is not JSON: {error}", "The image is damaged."
            ) from error

    @staticmethod
    def of(value: Any, what: str) -> "Fields":
        """`value`, which must be a JSON object; nothing at all is an empty one."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise _wrong(what, "an object")
        return Fields(value, what)

    def text(self, key: str) -> str:
        """A string, "" if absent."""
        return str(self._get(key, str, "a string", ""))

    def number(self, key: str) -> int:
        """A whole number that is not negative and has 63 bits, 0 if absent."""
        value = self._get(key, int, "a number", 0)
        if isinstance(value, bool) or not 0 <= value < 1 << 63:
            raise _wrong(f"{self.what}.{key}", "a number, 0 or more")
        return int(value)

    def truth(self, key: str) -> bool:
        """true or false, false if absent."""
        return bool(self._get(key, bool, "true or false", False))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty if absent."""
        values = tuple(self._get(key, list, "a list", []))
        if not all(isinstance(value, str) for value in values):
            raise _wrong(f"{self.what}.{key}", "a list of strings")
        return values

    def text_map(self, key: str) -> dict[str, str]:
        """An object whose values are strings, empty if absent."""
        values = self._get(key, dict, "an object", {})
        if not all(isinstance(value, str) for value in values.values()):
            raise _wrong(f"{self.what}.{key}", "an object of strings")
        return dict(values)

    def keys(self, key: str) -> tuple[str, ...]:
        """The keys of an object that stands for a set: {"80/tcp": {}}."""
        return tuple(self._get(key, dict, "an object", {}))

    def object(self, key: str) -> "Fields":
        """An object inside this one."""
        return Fields.of(self.data.get(key), f"{self.what}.{key}")

    def objects(self, key: str) -> tuple["Fields", ...]:
        """A list of objects, empty if absent."""
        values = self._get(key, list, "a list", [])
        what = f"{self.what}.{key}"
        return tuple(Fields.of(value, f"{what}[{i}]") for i, value in enumerate(values))

    def _get(self, key: str, kind: type, expected: str, default: Any) -> Any:
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise _wrong(f"{self.what}.{key}", expected)
        return value


def _wrong(where: str, expected: str) -> ImageError:
    return ImageError(f"{where} is not {expected}", "The image is damaged.")
