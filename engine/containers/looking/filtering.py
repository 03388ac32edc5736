"""Which containers `lab ps` shows: the running ones, unless told otherwise.

A container is shown if it agrees with every key that is used (see engine/filters.py).
`status` also asks for containers that do not run; `since` and `before` are times at
which another container was made; `ancestor` is an image that it came from, however
many images lie between.

Source: moby, daemon/list.go, and what Docker was measured to do
Try it: `lab ps -a --filter ancestor=busybox --filter exited=0`
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from engine import filters
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import EngineError, InvalidArgument
from engine.filters import Filters
from engine.oci.instructions import ports_of
from engine.runtime import health, state
from engine.runtime.sandbox import Sandbox

KEYS = (
    "ancestor before exited expose health id is-task label name network publish since "
    "status volume"
).split()
HEALTHS = (health.NONE, health.STARTING, health.HEALTHY, health.UNHEALTHY)
Test = Callable[[Container], bool]


def select(
    house: House, containers: Iterable[Container], wanted: Filters, *, all: bool = False
) -> Iterator[Container]:
    """Those of the containers that agree; without `all` or a `status`, if they run."""
    filters.refuse_unknown(wanted, KEYS)
    tests = [_test(house, key, values) for key, values in wanted.items()]
    if not all and "status" not in wanted:
        tests.append(lambda container: container.active)
    for container in containers:
        if not any(not agrees(container) for agrees in tests):
            yield container


def _test(house: House, key: str, values: Sequence[str]) -> Test:
    """The question that one key asks of each container."""
    match key:
        case "ancestor":
            images = _descendants(house, values)
            return lambda one: one.image_id in images
        case "before":
            latest = min(house.records.find(name).created for name in values)
            return lambda one: one.created < latest
        case "since":
            earliest = max(house.records.find(name).created for name in values)
            return lambda one: one.created > earliest
        case "exited":
            codes = [_number(value) for value in values]
            return lambda one: (
                one.state.status == state.EXITED and one.state.exit_code in codes
            )
        case "status":
            _refuse_unless(values, state.STATUSES, "Invalid filter 'status={}'")
        case "health":
            _refuse_unless(values, HEALTHS, "Unrecognised filter value for health: {}")
        case "is-task":
            return lambda one: not filters.truth({key: values}, key)
        case "publish" | "expose":
            ports = {*ports_of(values)}
            return lambda one: bool(ports & {*_PORTS[key](one)})
    return lambda one: _AGREES[key](one, values)


_AGREES: dict[str, Callable[[Container, Sequence[str]], bool]] = {
    "health": lambda one, values: one.state.health.status in values,
    "id": lambda one, values: any(one.id.startswith(value) for value in values),
    "label": lambda one, values: filters.has_labels(values, one.labels),
    "name": lambda one, values: filters.fits(values, f"/{one.name}", one.name),
    "network": lambda one, values: bool({*values} & {*_networks(one)}),
    "status": lambda one, values: one.state.status in values,
    "volume": lambda one, values: any(
        value in (path.volume, str(path.source), path.destination)
        for path in one.bound
        for value in values
    ),
}


def _published(container: Container) -> list[str]:
    """Its ports that are reached at the machine, as "80/tcp"."""
    from engine.network import ports

    found = ports.published(container.options.ports)
    return [f"{one.inside}/{one.protocol}" for one in found]


_PORTS: dict[str, Callable[[Container], Sequence[str]]] = {
    "expose": lambda one: one.exposed,
    "publish": _published,
}


def _networks(container: Container) -> tuple[str, ...]:
    """The names of its networks, and while it runs their IDs."""
    names = [one.network for one in container.memberships]
    sandbox = Sandbox.read(container.directory)
    ids = [one.network_id for one in sandbox.endpoints] if sandbox else []
    return (container.options.network, *names, *ids)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid filter: {text!r} is no number", "Write it in digits: 0, 137."
        ) from error


def _refuse_unless(values: Sequence[str], known: Sequence[str], words: str) -> None:
    for value in values:
        if value not in known:
            raise InvalidArgument(
                words.format(value), f"There is {', '.join(sorted(known))}."
            )


def _descendants(house: House, names: Sequence[str]) -> set[str]:
    """The IDs of these images and of all that were made from them."""
    found = set()
    for name in names:
        try:
            found.add(house.images.find(name).id)
        except EngineError:  # no such image: no container came from it
            continue
    images = house.images.by_id()
    while more := {id for id, i in images.items() if i.parent in found} - found:
        found |= more
    return found
