"""Reading the JSON of images: every field is asked for by its type.

    {"config": {"Env": "PATH=/bin"}}   ->   image config: config.Env is not a list

Source: opencontainers/image-spec, config.md and manifest.md
Try it: `lab inspect busybox`
"""

import json
from typing import Any, NoReturn

from engine import fields
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


class Fields(fields.Fields):
    """One JSON object of an image, called `what` in errors."""

    __slots__ = ()

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
    def refuse(where: str, expected: str) -> NoReturn:
        """Raise the error for a field that is not what is expected."""
        raise ImageError(f"{where} is not {expected}", "The image is damaged.")
