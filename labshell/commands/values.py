"""What is typed after an option, turned into what the engine takes.

    -m 64m              67108864 bytes; k, m, g, t, p are powers of 1024 here,
                        while the sizes that `lab images` prints are powers of 1000
    --cpus 1.5          one and a half processors
    -e NAME=value       set; -e NAME alone takes the value from this shell
    --env-file FILE     one NAME=value or NAME a line; # begins a comment

Only the form is judged here, with ValueError. Whether a value makes sense (6 MB is
the least memory a container can have) is for the engine to say.

Try it: `lab run -m lots busybox`; `NAME=x lab run --rm -e NAME busybox env`
"""

import os
import re
from collections.abc import Iterable, Mapping

UNLIMITED = -1
_SIZE = r"(\d+(?:\.\d+)?) ?([kmgtp])?i?b?"
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_LARGEST = (1 << 63) - 1  # what the counters of the kernel hold
_LARGEST_FILE = 1 << 20  # bytes of an env file


def memory(text: str) -> int:
    """A number of bytes: "64m", "1.5g", "67108864"."""
    match = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE | re.ASCII)
    if not match:
        raise ValueError(f"invalid size: '{text}'")
    number, unit = match.groups()
    size = float(number) * 1024 ** _POWERS[(unit or "").lower()]
    if size > _LARGEST:
        raise ValueError(f"invalid size: '{text}' is more than the kernel can count")
    return int(size)


def memory_or_unlimited(text: str) -> int:
    """A number of bytes, or -1 for no limit."""
    return UNLIMITED if text.strip() == "-1" else memory(text)


def cpus(text: str) -> float:
    """A number of processors: "2", "0.5"."""
    if not re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)", text.strip(), re.ASCII):
        raise ValueError(f"failed to parse {text} as a rational number")
    return float(text)


def assignment(text: str) -> str:
    """NAME=value, or a NAME alone, unchanged."""
    if not text or text.startswith("="):
        raise ValueError(f"invalid environment variable: {text}")
    return text


def build_argument(text: str) -> str:
    """NAME=value, or a NAME alone, unchanged."""
    if not text.partition("=")[0].strip():
        raise ValueError(f"invalid build argument: {text!r}: it has no name")
    return text


def environment_file(file: str) -> tuple[str, ...]:
    """The assignments in a file, without comments and empty lines."""
    lines = [line.lstrip() for line in _read(file).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        name = line.partition("=")[0]
        if not name:
            raise ValueError(
                f"invalid env file ({file}): no variable name on line '{line}'"
            )
        if any(character.isspace() for character in name):
            raise ValueError(
                f"invalid env file ({file}): variable '{name}' contains whitespaces"
            )
    return tuple(lines)


def _read(file: str) -> str:
    """The text of a file that somebody wrote by hand."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            data = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        reason = str(error.strerror).lower()  # as Docker writes it
        raise ValueError(f"open {file}: {reason}") from error
    if len(data) > _LARGEST_FILE:
        raise ValueError(f"invalid env file ({file}): larger than 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"invalid env file ({file}): not UTF-8") from error


def environment(
    assignments: Iterable[str], shell: Mapping[str, str]
) -> tuple[str, ...]:
    """The assignments as NAME=value; where a name comes twice, the later one counts.

    A name alone takes its value from `shell`, and is left out if it is not set there.
    """
    found: dict[str, str] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if equals:
            found[name] = value
        elif name in shell:
            found[name] = shell[name]
    return tuple(f"{name}={value}" for name, value in found.items())


def label_file(file: str) -> tuple[tuple[str, str], ...]:
    """The labels in a file; a name without a value says nothing, as in Docker."""
    return tuple(label(line) for line in environment_file(file) if "=" in line)


def label(text: str) -> tuple[str, str]:
    """`key=value`; a key alone has the value ""."""
    key, _, value = text.partition("=")
    if not key:
        raise ValueError(f"invalid label '{text}': empty name")
    return key, value


def assigned(text: str) -> tuple[str, str]:
    """`key=value` of a filter."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError("bad format of filter (expected name=value)")
    return key.strip().lower(), value.strip()


def parameter(text: str) -> tuple[str, str]:
    """`name=value` of a kernel parameter."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"sysctl '{text}' is not allowed: NAME=VALUE")
    return name.strip(), value.strip()


def volume(text: str) -> str:
    """What follows -v; a directory of the host that begins with . becomes absolute."""
    source, colon, rest = text.partition(":")
    if colon and source.startswith("."):
        return f"{os.path.abspath(source)}:{rest}"
    return text


def seconds(text: str) -> float:
    """A duration, as Go writes it, in seconds: "1m30s"."""
    from engine import moments  # few options are times

    return moments.seconds(text)


def nanoseconds(text: str) -> int:
    """A duration in nanoseconds; "0" needs no unit."""
    return 0 if text == "0" else round(seconds(text) * 1_000_000_000)


def output_file(text: str) -> str:
    """A file that can be written at the end: so it is looked at before all work."""
    directory = os.path.dirname(text) or "."
    if os.path.isdir(text):
        raise ValueError(f"{text} is a directory: name a file in it")
    if not os.path.isdir(directory):
        raise ValueError(f"there is no directory {directory}: mkdir -p makes it")
    if not os.access(text if os.path.exists(text) else directory, os.W_OK):
        raise ValueError(f"{text} cannot be written here")
    return text
