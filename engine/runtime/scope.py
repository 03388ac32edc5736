"""A scope: the part of the tree of control groups that systemd leaves to an engine.

Where systemd is process 1, the control groups are its own. Whoever makes groups beside
it is in its way: it turns controllers on and off as its units need them, and when a
service or a login ends it kills whatever is left in its group, also the containers that
were started from there. So it is asked, once for each engine root, for a unit of
processes that it has not started itself:

    system.slice/labshell-TAG.scope      the unit: systemd makes it, and takes it away
        shims/                           the spawner and all shims
        ID/                              a container

"Delegate" is the contract: what is inside the scope systemd never touches. The unit
begins with one process, the spawner; all others are born in it. It goes when the last
has ended. On version 1 the limits are in trees that systemd does not use; the scope is
asked for all the same, as the place that outlives the caller's.

Asking is one message over D-Bus. The library jeepney, which speaks it, is imported
where it is needed: that takes longer than asking.

man: systemd.scope(5), org.freedesktop.systemd1(5); systemd.io/CGROUP_DELEGATION
Try it: `lab run -d busybox sleep 60; systemd-cgls /system.slice`
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.acts import act
from engine.errors import EngineBroken
from engine.kernel import cgroups

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.blocking import DBusConnection

SHIMS = "shims"  # the group inside an engine's for the processes of its own
_BUS = "unix:path=/run/dbus/system_bus_socket"
_SYSTEMD, _OBJECT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER = f"{_SYSTEMD}.Manager"
_PATIENCE = 20.0  # seconds for systemd to answer: at boot it has much to do
_ATTEMPTS, _MOMENT = 100, 0.05  # for a scope that is just going away, seconds
_SET_UP = "`./lab` installs it at its next start; `lab doctor` looks again."
_Property = tuple[str, tuple[str, Any]]  # name, D-Bus type, value
_START = "ssa(sv)a(sa(sv))"  # StartTransientUnit: name, mode, properties, other units


def is_to_be_had() -> bool:
    """Whether systemd is process 1, as far as this process can see: sd_booted(3).

    In a container process 1 is another one, even where the machine's /run is shown.
    """
    if not Path("/run/systemd/system").is_dir():
        return False
    groups = Path("/proc/1/cgroup").read_text().splitlines()
    return any(group.endswith(":/init.scope") for group in groups)


@act(
    "org.freedesktop.systemd1(5)",
    lambda unit, pid, description: (
        f"busctl call {_SYSTEMD} {_OBJECT} {_MANAGER} StartTransientUnit '{_START}' "
        f"{unit} fail 2 PIDs au 1 {pid} Delegate b true 0"
    ),
)
def ask(unit: str, pid: int, description: str) -> None:
    """Have systemd put the process `pid` into the scope `unit`; return when it is done.

    If there is such a scope already, the process joins it. EngineBroken if that cannot
    be.
    """
    with _connected() as bus:
        _begin_or_join(bus, unit, pid, description)


@contextlib.contextmanager
def _connected() -> "Iterator[DBusConnection]":
    """A connection to the system's bus; whatever fails with it is EngineBroken."""
    try:
        from jeepney import DBusErrorResponse
        from jeepney.io.blocking import open_dbus_connection
    except ImportError as missing:
        raise EngineBroken(str(missing), _SET_UP) from missing
    try:
        with open_dbus_connection(_BUS, auth_timeout=_PATIENCE) as bus:
            yield bus
    # ValueError: somebody who is no bus has answered.
    except (OSError, ValueError, DBusErrorResponse) as error:
        raise EngineBroken(
            f"systemd cannot be asked for a scope: {error}",
            "Containers run all the same. `systemctl status dbus` may tell why.",
        ) from error


class Arrangement(NamedTuple):
    """How an engine's control groups are arranged.

    `version` 1 or 2; `group` is where they are, or will be, below the top of the tree;
    `systemd` whether it keeps a scope for them, else `trouble` says why not.
    `controllers` are those that limits can be set by: memory, cpu, pids …
    """

    version: int
    group: str
    systemd: bool
    trouble: str
    controllers: tuple[str, ...] = ()


def arrangement(group: str) -> Arrangement:
    """That of the engine whose group this is."""
    path, systemd, trouble = cgroups.path_of(group), True, ""
    if not cgroups.is_in_scope(group):
        trouble = _trouble(group)
        systemd = not trouble
        if systemd and cgroups.version() == 2:
            path = f"{cgroups.SLICE}/{group}.scope"
    return Arrangement(
        version=cgroups.version(),
        group=path,
        systemd=systemd,
        trouble=trouble,
        controllers=_controllers(),
    )


def _controllers() -> tuple[str, ...]:
    trees = cgroups.trees()
    if cgroups.version() == 1:
        return tuple(trees)
    return tuple((trees[""] / "cgroup.controllers").read_text().split())


def _trouble(group: str) -> str:
    """Why there would be no scope for the next container; "" if there would."""
    if not is_to_be_had():
        return "systemd is not process 1"
    if cgroups.version() == 2 and cgroups.exists(group):
        return "plain groups are in use since systemd gave no scope"
    try:
        with _connected() as bus:
            _answer(bus, _call("Subscribe"))
    except EngineBroken as error:
        return error.message
    return ""


def _begin_or_join(
    bus: "DBusConnection", unit: str, pid: int, description: str
) -> None:
    """Of two who begin it at once, one joins; who meets its end begins anew."""
    from jeepney import DBusErrorResponse

    for _ in range(_ATTEMPTS):
        try:
            _begin(bus, unit, _properties(pid, description))
            return
        except DBusErrorResponse as error:
            if error.name != f"{_SYSTEMD}.UnitExists":
                raise
        with contextlib.suppress(DBusErrorResponse):  # it is about to go
            _join(bus, unit, pid)
            return
        time.sleep(_MOMENT)
    raise OSError(f"{unit} is neither there nor can it be made")


def _begin(bus: "DBusConnection", unit: str, properties: list[_Property]) -> None:
    """Ask for the scope, and wait for the end of the job that makes it."""
    from jeepney import MatchRule, message_bus

    ended = MatchRule(type="signal", interface=_MANAGER, member="JobRemoved")
    ended.add_arg_condition(2, unit)
    _answer(bus, message_bus.AddMatch(ended))
    _answer(bus, _call("Subscribe"))
    with bus.filter(ended, bufsize=8) as signals:
        start = _call("StartTransientUnit", _START, (unit, "fail", properties, []))
        (job,) = _answer(bus, start)
        while True:
            signal = bus.recv_until_filtered(signals, timeout=_PATIENCE)
            _, removed, _, result = signal.body
            if removed == job:
                break
    if result != "done":
        raise OSError(f"{unit}: its start ended as '{result}'")


def _properties(pid: int, description: str) -> list[_Property]:
    """What the scope shall be like: systemd.scope(5), systemd.resource-control(5)."""
    return [
        ("Description", ("s", description)),
        ("PIDs", ("au", [pid])),
        ("Slice", ("s", cgroups.SLICE)),
        ("Delegate", ("b", True)),
        ("TasksMax", ("t", (1 << 64) - 1)),  # each container has a limit of its own
        ("CollectMode", ("s", "inactive-or-failed")),  # a dead one leaves its name free
        ("TimeoutStopUSec", ("t", 10_000_000)),  # from TERM to KILL at shutdown
        ("After", ("as", ["local-fs.target"])),  # so it ends before disks are unmounted
    ]


def _join(bus: "DBusConnection", unit: str, pid: int) -> None:
    call = _call("AttachProcessesToUnit", "ssau", (unit, f"/{SHIMS}", [pid]))
    _answer(bus, call)


def _call(method: str, signature: str = "", body: tuple[Any, ...] = ()) -> "Message":
    from jeepney import DBusAddress, new_method_call

    manager = DBusAddress(_OBJECT, bus_name=_SYSTEMD, interface=_MANAGER)
    return new_method_call(manager, method, signature or None, body)


def _answer(bus: "DBusConnection", message: "Message") -> tuple[Any, ...]:
    """What is answered; DBusErrorResponse if it is refused."""
    from jeepney.wrappers import unwrap_msg

    answer = bus.send_and_get_reply(message, timeout=_PATIENCE)
    body: tuple[Any, ...] = unwrap_msg(answer)
    return body
