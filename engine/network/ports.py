"""Ports: what -p, -P and --expose ask for, and what comes of it.

    -p 8080:80               8080 of the machine, at every address, leads to 80 inside
    -p 127.0.0.1:8080:80     only at this address: nobody but the machine itself
    -p '[::1]:8080:80/udp'   an IPv6 address stands in brackets; UDP
    -p 80                    any port of the machine that is free
    -p 8000-8002:80-82       three ports
    -p 8000-8002:80          whichever of the three is free
    -P                       -p for each port that the image, or --expose, names

To expose a port opens nothing: it is a note of what the program listens at. To publish
it has the machine pass on what comes to a port of its own: see runtime/porter/.

Try it: `lab run -d -p 8080:80 busybox httpd -f`, then `lab port NAME`
"""

import ipaddress
import re
from collections.abc import Iterable

from engine.errors import InvalidArgument
from engine.oci.instructions import ports_of
from engine.runtime.sandbox import Published

_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?\Z")
_NOTED = re.compile(r"([0-9]{1,5})(?:/(tcp|udp|sctp))?\Z")
_EXAMPLES = "As in 8080:80, 127.0.0.1:8080:80, 53:53/udp."
_MOST = 256  # ports of one container: each is a socket, or two


def published(
    asked: Iterable[str], exposed: Iterable[str] = (), *, everything: bool = False
) -> tuple[Published, ...]:
    """What these texts of -p mean; with -P (`everything`), also all `exposed` ports.

    InvalidArgument, in Docker's words, for what makes no sense.
    """
    found = [one for text in asked for one in parse(text)]
    if everything:
        known = {f"{one.inside}/{one.protocol}" for one in found}
        more = [port for port in exposed if not port.endswith("sctp")]
        found += [one for port in more if port not in known for one in parse(port)]
    if len(found) > _MOST:
        raise InvalidArgument(
            f"too many published ports: {len(found)}",
            f"{_MOST} at most; with --network host all are the machine's own.",
        )
    return tuple(dict.fromkeys(found))


def parse(text: str) -> list[Published]:
    """The ports that one -p names."""
    plain, _, protocol = text.partition("/")
    address, host, container = _parts(plain)
    if not container:
        raise InvalidArgument(f"No port specified: {text}<empty>", _EXAMPLES)
    protocol = _protocol(protocol, text)
    first, last = _range(container, "containerPort")
    low, high = _range(host, "hostPort") if host else (0, 0)
    _check_address(address)
    if first == last or not host:
        inside = range(first, last + 1)
        return [Published(address, low, high, port, protocol) for port in inside]
    if high - low != last - first:
        raise InvalidArgument(
            f"Invalid ranges specified for container and host Ports: {container} and "
            f"{host}",
            "Both must be equally long, or the container's a single port.",
        )
    return [
        Published(address, low + nth, low + nth, first + nth, protocol)
        for nth in range(high - low + 1)
    ]


def _parts(plain: str) -> tuple[str, str, str]:
    """Address, port of the machine, port of the container; "" for what is not said."""
    rest, _, container = plain.rpartition(":")
    address, _, host = rest.rpartition(":")
    return address.removeprefix("[").removesuffix("]"), host, container


def _protocol(text: str, whole: str) -> str:
    protocol = text.lower() if "/" in whole else "tcp"
    if protocol == "sctp":
        raise InvalidArgument(
            f"{whole}: SCTP ports are not passed on here",
            "tcp and udp are; with --network host all are the machine's own.",
        )
    if protocol not in ("tcp", "udp"):
        raise InvalidArgument(f"Invalid proto: {text}", "tcp or udp, as in 53:53/udp.")
    return protocol


def _range(text: str, what: str) -> tuple[int, int]:
    match = _RANGE.match(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    lowest = 1 if what == "containerPort" else 0
    if not lowest <= first <= last < 65536:
        raise InvalidArgument(f"Invalid {what}: {text}", _EXAMPLES)
    return first, last


def _check_address(text: str) -> None:
    try:
        ipaddress.ip_address(text or "0.0.0.0")
    except ValueError as error:
        raise InvalidArgument(
            f"Invalid ip address: {text}", "An address of this machine: `ip addr`."
        ) from error


def exposed(
    asked: Iterable[str], of_image: Iterable[str], opened: Iterable[Published] = ()
) -> tuple[str, ...]:
    """All ports that are noted of a container, as "80/tcp": of --expose and the image.

    What is published is exposed, too. What an image says and is no port is left out.
    """
    known = [f"{m[1]}/{m[2] or 'tcp'}" for m in map(_NOTED.match, of_image) if m]
    known = [port for port in known if 0 < int(port.partition("/")[0]) < 65536]
    known += ports_of(tuple(asked))
    known += [f"{one.inside}/{one.protocol}" for one in opened]
    return tuple(dict.fromkeys(known))
