"""Readable JSON: an engine's records, for the students who open them.

    {
      "name": "box",                            each field of an object below the other
      "mounts": [
        {                                       so is a list of objects
          "type": "proc",
          "options": ["nosuid", "noexec"]       any other list is in a line
        }
      ]
    }

The standard library's `indent` gives each of 400 names in a list a line of its own, and
takes several times as long: ten files like this are written at every start.

Try it: `cat /var/lib/labshell/containers/*/config.json`
"""

import json
from typing import Any

# `json.dumps` with an option of its own would make an encoder for each value.
_encode = json.JSONEncoder(ensure_ascii=False).encode
_WORDS: dict[Any, str] = {True: "true", False: "false", None: "null"}


def as_json(data: Any, indent: str = "") -> str:
    """`data` as JSON; all lines but the first begin with `indent`."""
    if not isinstance(data, (dict, list)):
        return _in_a_line(data)
    inner = f"{indent}  "
    if isinstance(data, dict) and data:
        fields = [
            f"{inner}{_in_a_line(name)}: {as_json(value, inner)}"
            for name, value in data.items()
        ]
        return "{\n" + ",\n".join(fields) + f"\n{indent}}}"
    if isinstance(data, list) and data and isinstance(data[0], dict):
        items = [f"{inner}{as_json(item, inner)}" for item in data]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    return _in_a_line(data)


def _in_a_line(value: Any) -> str:
    """A value in one line. Texts and numbers, most of all values, need no encoder."""
    kind = type(value)
    if kind is str:
        return json.encoder.encode_basestring(value)
    if kind is int:
        return str(value)
    return _WORDS[value] if kind is bool or value is None else _encode(value)
