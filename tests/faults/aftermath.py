"""The aftermath: what may be there of an engine, after whatever has happened to it.

    mounts       the root on itself, and the overlays of containers that run
    groups       of the spawner and the shims, and of containers that run
    processes    a spawner, a shim for each container that runs, and what it runs
    /run         locks, the socket of the spawner, those of shims that live
    the root     what the records of containers, images and volumes name, nothing half
    records      a container that says "running" runs, one that says "exited" does not,
                 and only one that says "paused" is frozen
    locks        nobody holds any but those shims
    networks     bridges of those that are recorded; namespaces, addresses and pairs of
                 interfaces of containers that run

`wrong` only looks: whoever calls it has run an ordinary command before.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine import files
from engine.containers.house import House
from engine.containers.record import Container
from engine.containers.records import Records
from engine.kernel import cgroups, firewall, processes
from engine.network import walls
from engine.network.networks import bridge_name
from engine.runtime import state, translation
from engine.runtime.bundle import Bundle
from engine.runtime.sandbox import Sandbox
from engine.storage.volumes import Volumes
from tests.engine.boxes import until
from tests.faults.rounds import name_of, spawners
from tests.faults.traces import running
from tests.leftovers import mounts_in

IN_ITS_OWN_TIME = 5.0  # seconds, for what still ends when the command has answered
_OF_ROOT = {
    *("format.json", "images", "snapshots", "containers", "names", "volumes"),
    *("locks", "seccomp", "events.jsonl", "networks", "builds", "downloads"),
}
_OF_CONTAINER = {
    *("config.json", "state.json", "bundle", "alive", "committing"),
    *("init", "upper", "work", "rootfs", "shm"),
    *("hosts", "hostname", "resolv.conf", "acts.jsonl", "log.jsonl", "network.json"),
}
_OF_VOLUME = {"_data", "volume.json", "fill.lock"}


def wrong(root: Path) -> list[str]:
    """Everything that should not be so, a line each."""
    house = House(root)
    notices: list[str] = []
    found = list(Records(root, notices).all())
    active = [container for container in found if container.active]
    parts: tuple[Iterable[str], ...] = (
        notices,
        _mounts(root, active),
        _groups(house, active),
        _processes(house, active),
        _sockets(house, active),
        _records(house, found),
        _containers(root, found),
        _volumes(root),
        _images(house, found),
        _locks(root, active),
        _downloads(root),
        _networks(house, active),
    )
    return [line for part in parts for line in part]


def until_right(root: Path) -> None:
    """Wait until nothing is wrong: a shim needs a moment to go."""
    found: list[str] = []

    def right() -> bool:
        found[:] = wrong(root)
        return not found

    try:
        until(right, "the end", IN_ITS_OWN_TIME)
    except AssertionError:
        raise AssertionError("; ".join(found)) from None


def _more(what: str, there: Iterable[str], allowed: Iterable[str]) -> Iterator[str]:
    for name in sorted(set(there) - set(allowed)):
        yield f"{what} left: {name}"


def _mounts(root: Path, active: list[Container]) -> Iterator[str]:
    allowed = {str(root), *(str(c.directory / "rootfs") for c in active)}
    mounts = mounts_in(root)
    yield from _more("mount", mounts, allowed)
    if len(mounts) != len(set(mounts)):
        yield f"mounted twice: {mounts}"


def _groups(house: House, active: list[Container]) -> Iterator[str]:
    for place in cgroups.directories(house.place.cgroup):
        inside = [path.name for path in place.glob("*/")]
        yield from _more(
            f"group in {place}", inside, {"shims", *(c.id for c in active)}
        )


def _processes(house: House, active: list[Container]) -> Iterator[str]:
    """What runs in a container here is one process: an exec must not be left."""
    known = {*spawners(house.place)}
    shims = {c.state.shim_pid for c in active}
    known |= shims | {c.state.pid for c in active}
    for pid in cgroups.members(house.place.cgroup):
        if pid not in known and running(pid) and not _is_porter(pid, shims):
            yield f"process left: {pid} {name_of(pid)}"


def _is_porter(pid: int, shims: set[int]) -> bool:
    """Whether it stands beside the shim of a container that runs."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return True  # it has ended meanwhile
    return name_of(pid) == "lab-porter" and int(words[1]) in shims


def _sockets(house: House, active: list[Container]) -> Iterator[str]:
    there = [n for n in os.listdir(house.place.directory) if not n.endswith(".lock")]
    there = [name for name in there if not name.startswith("spawner-")]
    allowed = ["netns", "runtimes", *(f"{c.id}.sock" for c in active)]
    yield from _more("socket", there, allowed)


def _records(house: House, found: list[Container]) -> Iterator[str]:
    for container in found:
        now, name = container.state, container.name
        lives = processes.start_time(now.pid) == now.pid_started
        held = files.is_locked(container.directory / "alive")
        if container.active and not (lives and now.pid and running(now.pid)):
            yield f"{name} is {now.status}, and process {now.pid} does not live"
        if container.running and _is_frozen(house, container) != (
            now.status == state.PAUSED
        ):
            yield f"{name} is {now.status}, and is not frozen, or is"
        if container.active != held:
            yield f"{name} is {now.status}, and its lock is held: {held}"
        if not container.active and cgroups.exists(house.cgroup(container)):
            yield f"{name} is {now.status}, and has a group"
        if not container.active and (now.pid or now.shim_pid):
            yield f"{name} is {now.status}, and has the process {now.pid}"


def _is_frozen(house: House, container: Container) -> bool:
    place = cgroups.directory(house.cgroup(container), "freezer")
    if cgroups.version() == 2:
        return "frozen 1" in (place / "cgroup.events").read_text()
    return (place / "freezer.state").read_text() != "THAWED\n"


def _containers(root: Path, found: list[Container]) -> Iterator[str]:
    yield from _more("file", os.listdir(root), _OF_ROOT)
    identities = {container.id for container in found}
    yield from _more("record", _listed(root / "containers"), identities)
    links = {
        name: os.readlink(root / "names" / name) for name in _listed(root / "names")
    }
    named = {c.name: f"../containers/{c.id}" for c in found}
    if links != named:
        yield f"the names are {links}, and should be {named}"
    for container in found:
        there = os.listdir(container.directory)
        yield from _more(f"file of {container.name}", there, _OF_CONTAINER)
        for folder in ("bundle",):
            hidden = _hidden(container.directory / folder)
            yield from _more(f"file of {container.name}", hidden, ())
        for name in ("init", "upper", "work", "rootfs", "bundle"):
            if name not in there and container.state.status != state.DEAD:
                yield f"{container.name} has no {name}"


def _volumes(root: Path) -> Iterator[str]:
    notices: list[str] = []
    known = {volume.name for volume in Volumes(root, notices).all()}
    yield from notices
    yield from _more("volume", _listed(root / "volumes"), known)
    for name in known:
        there = os.listdir(root / "volumes" / name)
        yield from _more(f"file of volume {name}", there, _OF_VOLUME)
        if "_data" not in there:
            yield f"volume {name} has no _data"


def _images(house: House, found: list[Container]) -> Iterator[str]:
    store = house.images
    folder = os.listdir(store.content.directory)
    yield from _more("file of images", folder, {"blobs", "index.json", "oci-layout"})
    blobs = {digest.partition(":")[2] for digest in store.catalogue.blobs()}
    there = set(os.listdir(store.content.blobs))
    yield from _more("blob", there, blobs)
    yield from _more("blob missing, not", blobs, there)
    chains = {
        chain.partition(":")[2] for image in store.list() for chain in image.chain_ids
    }
    chains |= {name for container in found for name in _layers_of(container)}
    yield from _more("snapshot", _listed(store.snapshots.directory), chains)
    yield from _more("file of seccomp", _hidden(house.root / "seccomp"), ())


def _layers_of(container: Container) -> Iterator[str]:
    """The snapshots that a container stands on; of a build, they may not be settled."""
    layers = Bundle.read(container.directory / "bundle").layers
    for path in layers.lower[1:] if layers else ():
        yield from (path.name, f".unsettled-{path.name}")


def _locks(root: Path, active: list[Container]) -> Iterator[str]:
    for path in (root / "locks").iterdir():
        if files.is_locked(path):
            yield f"lock {path.name} is held"
        if path.name.startswith("unfinished-"):
            yield f"mark left: {path.name}"


def _downloads(root: Path) -> Iterator[str]:
    """What had come of a blob may stay for the next time."""
    for name in _listed(root / "downloads"):
        if not re.fullmatch(r"[0-9a-f]{64}(\.whole)?", name):
            yield f"file of downloads left: {name}"
        if files.is_locked(root / "downloads" / name):
            yield f"download {name} is held"


def _networks(house: House, active: list[Container]) -> Iterator[str]:
    sandboxes = [Sandbox.read(container.directory) for container in active]
    endpoints = [e for each in sandboxes if each for e in each.endpoints]
    pinned = [Path(each.namespace).name for each in sandboxes if each]
    yield from _more("namespace", _listed(house.place.pin("")), pinned)
    known = house.networks.all()
    records = {f"{one.name}{end}" for one in known for end in (".json", ".leases")}
    yield from _more("file of networks", _listed(house.root / "networks"), records)
    leases = (house.root / "networks").glob("*.leases/*")
    yield from _more("lease", map(str, leases), [one.lease for one in endpoints])
    tag = house.place.tag
    ours = [n for n in _listed(Path("/sys/class/net")) if n[2:10] == tag]
    bridges = [bridge_name(tag, one) for one in known if one.subnet]
    yield from _more("interface", ours, [*bridges, *(one.link for one in endpoints)])
    inside = {container.id for container in active}
    for record in (house.root / "containers").glob("*/network.json"):
        if record.parent.name not in inside:
            yield f"network of a container that does not run: {record}"
    yield from _rules(tag, bridges)
    led = {rule.to for rule in translation.rules(walls.table(tag))}
    yield from _more("rules to", led, [one.address for one in endpoints])


def _rules(tag: str, bridges: list[str]) -> Iterator[str]:
    for each in firewall.listed(walls.table(tag)):
        if each.get("set", {}).get("name") == "bridges":
            yield from _more("rules for", each["set"].get("elem", []), bridges)


def _listed(directory: Path) -> list[str]:
    return os.listdir(directory) if directory.exists() else []


def _hidden(directory: Path) -> list[str]:
    """What a write that was cut short has left: see files.atomic_write."""
    return [name for name in _listed(directory) if re.match(r"\..*\.\d+\.", name)]
