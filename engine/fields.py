"""Reading JSON that somebody else wrote: every field is asked for by its type.

JSON from outside may hold anything anywhere. `Fields` is one JSON object with a name
for error messages; what is absent or null reads as empty, what has the wrong type is
an InvalidArgument that says where, and never a TypeError from deep inside.

    {"HostConfig": {"Memory": "64m"}}   ->   HostConfig.Memory is not a number

engine/oci/fields.py is the same for the files of images.

Source: RFC 8259
Try it: `curl --unix-socket /run/labshell/labd.sock -H 'Content-Type: application/json'
-d '{"Cmd": 1}' http://labd/containers/create`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn, Self

from engine.errors import InvalidArgument

_NUMBERS = range(-(1 << 63), 1 << 63)


class Fields(NamedTuple):
    """One JSON object, called `what` in errors; "" for one that needs no name."""

    data: Mapping[str, Any]
    what: str = ""

    @classmethod
    def of(cls, value: Any, what: str) -> Self:
        """`value`, which must be a JSON object; nothing at all is an empty one."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            cls.refuse(what, "an object")
        return cls(value, what)

    @staticmethod
    def refuse(where: str, expected: str) -> NoReturn:
        """Raise the error for a field that is not what is expected."""
        raise InvalidArgument(f"{where} is not {expected}")

    def where(self, key: str) -> str:
        """What a field of this object is called in errors."""
        return f"{self.what}.{key}" if self.what else key

    def text(self, key: str) -> str:
        """A string, "" if absent."""
        return str(self._get(key, str, "a string", ""))

    def number(self, key: str) -> int:
        """A whole number that is not negative and has 63 bits, 0 if absent."""
        value = self._get(key, int, "a number", 0)
        if isinstance(value, bool) or not 0 <= value < 1 << 63:
            self.refuse(self.where(key), "a number, 0 or more")
        return int(value)

    def integer(self, key: str) -> int | None:
        """A whole number of 64 bits, None if absent."""
        value = self._get(key, int, "a number", None)
        if isinstance(value, bool) or (value is not None and value not in _NUMBERS):
            self.refuse(self.where(key), "a number")
        return value  # type: ignore[no-any-return]  # an int by now, or None

    def truth(self, key: str) -> bool:
        """true or false, false if absent."""
        return bool(self._get(key, bool, "true or false", False))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty if absent."""
        values = tuple(self._get(key, list, "a list", []))
        if not all(isinstance(value, str) for value in values):
            self.refuse(self.where(key), "a list of strings")
        return values

    def text_map(self, key: str) -> dict[str, str]:
        """An object whose values are strings, empty if absent."""
        values = self._get(key, dict, "an object", {})
        if not all(isinstance(value, str) for value in values.values()):
            self.refuse(self.where(key), "an object of strings")
        return dict(values)

    def keys(self, key: str) -> tuple[str, ...]:
        """The keys of an object that stands for a set: {"80/tcp": {}}."""
        return tuple(self._get(key, dict, "an object", {}))

    def object(self, key: str) -> Self:
        """An object inside this one."""
        return self.of(self.data.get(key), self.where(key))

    def objects(self, key: str) -> tuple[Self, ...]:
        """A list of objects, empty if absent."""
        values = self._get(key, list, "a list", [])
        what = self.where(key)
        return tuple(self.of(value, f"{what}[{i}]") for i, value in enumerate(values))

    def _get(self, key: str, kind: type, expected: str, default: Any) -> Any:
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            self.refuse(self.where(key), expected)
        return value
