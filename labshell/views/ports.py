"""The ports of a container in the words of `docker ps`.

    0.0.0.0:8080->80/tcp      8080 of the machine leads to 80 inside
    :::80-82->80-82/tcp       neighbours that have the same number inside, told together
    53/udp                    exposed: noted, and not published

Try it: `lab ps --format '{{.Names}}: {{.Ports}}'`
"""

from typing import NamedTuple

from engine.engine import Container


class _Port(NamedTuple):
    """In Docker's order; `address` is "" for a port that is only exposed."""

    inside: int
    address: str
    outside: int
    protocol: str


def published_ports(container: Container) -> str:
    """The column PORTS; empty for a container that does not run."""
    if not container.active or not container.exposed:
        return ""
    words, moved = [], []
    groups: dict[tuple[str, str], tuple[int, int]] = {}
    for port in sorted(_ports(container)):
        key = port.address, port.protocol
        first, last = groups.get(key, (port.inside, port.inside - 1))
        if port.address and port.outside != port.inside:
            place = f"{port.address}:{port.outside}"
            moved.append(f"{place}->{port.inside}/{port.protocol}")
        elif port.inside == last + 1:
            groups[key] = first, port.inside
        else:
            words.append(_group(*key, first, last))
            groups[key] = port.inside, port.inside
    words += [_group(*key, first, last) for key, (first, last) in groups.items()]
    return ", ".join(words + moved)


def _ports(container: Container) -> set[_Port]:
    opened = {
        _Port(one.inside, one.address, one.port, one.protocol)
        for one in container.state.ports
    }
    known = {(one.inside, one.protocol) for one in opened}
    for text in container.exposed:
        number, _, protocol = text.partition("/")
        if (int(number), protocol) not in known:
            opened.add(_Port(int(number), "", 0, protocol))
    return opened


def _group(address: str, protocol: str, first: int, last: int) -> str:
    span = f"{first}-{last}" if last > first else str(first)
    return f"{address}:{span}->{span}/{protocol}" if address else f"{span}/{protocol}"
