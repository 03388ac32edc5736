"""What is to be kept of a container's log, as `--log-driver` and `--log-opt` say.

    json-file   every line, as JSON; max-size and max-file limit it
    local       the same here, limited to 5 files of 20 MB unless told otherwise
    none        nothing

    max-size=10m   how large a file may become      labels=a,b   note these labels
    max-file=3     how many files are kept           env=A,B      and these variables

Docker has drivers for other machines' logs, too; here there are none.

Source: docs.docker.com, "Configure logging drivers"
Try it: `lab run -d --log-opt max-size=1k --log-opt max-file=3 busybox ping 127.0.0.1`
"""

import re
from collections.abc import Mapping

from engine.containers.options.asked import ContainerOptions
from engine.containers.options.sizes import read_size
from engine.errors import InvalidArgument
from engine.runtime.logs import LogKeeping

JSON_FILE, LOCAL, NONE = "json-file", "local", "none"
_LIMITS = {JSON_FILE: ("", "1"), LOCAL: ("20m", "5")}
_KNOWN: dict[str, tuple[str, ...]] = {
    JSON_FILE: ("max-size", "max-file", "labels", "env"),
    LOCAL: ("max-size", "max-file"),
}


def driver(options: ContainerOptions) -> str:
    """The driver that was asked for, or the default."""
    return options.log_driver or JSON_FILE


def keeping(
    options: ContainerOptions, labels: Mapping[str, str], variables: Mapping[str, str]
) -> LogKeeping:
    """What is to be kept. InvalidArgument, in Docker's words, for what is not known.

    `labels` and `variables` are those of the container.
    """
    name, asked = driver(options), options.log_options
    if name == NONE:
        if asked:
            raise InvalidArgument(
                "invalid logging opts for driver none",
                "Nothing is kept, so there is nothing to limit: leave --log-opt out.",
            )
        return LogKeeping(kept=False)
    if name not in _KNOWN:
        raise InvalidArgument(
            f'error looking up logging plugin {name}: plugin "{name}" not found',
            f"There is {JSON_FILE} (the default), {LOCAL} and {NONE}.",
        )
    for option in asked:
        if option not in _KNOWN[name]:
            raise InvalidArgument(
                f"unknown log opt '{option}' for {name} log driver",
                f"There is {', '.join(_KNOWN[name])}.",
            )
    size, count = _LIMITS[name]
    return LogKeeping(
        largest=_bytes(asked.get("max-size", size)),
        files=_count(asked.get("max-file", count)),
        attributes={
            **_chosen(asked.get("labels", ""), labels),
            **_chosen(asked.get("env", ""), variables),
        },
    )


def _chosen(names: str, values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in names.split(",") if name in values}


def _bytes(text: str) -> int:
    """A size; 0, for none, if nothing is said."""
    if not text:
        return 0
    size = read_size(text)
    if not size:
        raise InvalidArgument(
            f"failed to initialize logging driver: invalid size: '{text}'",
            "A number with k, m or g: --log-opt max-size=10m.",
        )
    return size


def _count(text: str) -> int:
    count = int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
    if count < 1:
        raise InvalidArgument(
            "failed to initialize logging driver: max-file cannot be less than 1",
            f"How many files of max-size are kept; not {text!r}.",
        )
    return count
