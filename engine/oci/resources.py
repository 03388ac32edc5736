"""Resources: the part of the runtime specification that limits a container.

    memory, cpu, pids …  numbers for the files of its control group
    devices              which device nodes may be opened, and which are made

Source: runtime-spec config-linux.md, "Control groups" and "Devices"
Try it: `lab run -m 64m busybox cat /sys/fs/cgroup/memory/memory.limit_in_bytes`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class DeviceRule(NamedTuple):
    """Whether devices of a type ("c", "b", "a") and number may be used, and how.

    A number that is None stands for every number; `access` is of r, w and m (mknod).
    """

    allow: bool
    type: str = "a"
    major: int | None = None
    minor: int | None = None
    access: str = "rwm"

    def __str__(self) -> str:
        """As cgroup version 1 wants it written: "c 1:3 rwm"."""
        if self.type == "a":
            return "a"
        major = "*" if self.major is None else self.major
        minor = "*" if self.minor is None else self.minor
        return f"{self.type} {major}:{minor} {self.access}"

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        data: dict[str, Any] = {"allow": self.allow, "access": self.access}
        if self.type != "a":
            data["type"] = self.type
        if self.major is not None:
            data["major"] = self.major
        if self.minor is not None:
            data["minor"] = self.minor
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "DeviceRule":
        """The rule that `config.json` describes."""
        return DeviceRule(
            allow=data["allow"],
            type=data.get("type", "a"),
            major=data.get("major"),
            minor=data.get("minor"),
            access=data.get("access", "rwm"),
        )


# Nodes of any number may be made; only these may be opened, unless more is asked for.
# config-linux.md, "Default Devices", and the terminals.
USUAL_DEVICES = (
    DeviceRule(allow=True, type="c", access="m"),
    DeviceRule(allow=True, type="b", access="m"),
    DeviceRule(allow=True, type="c", major=1, minor=3),  # null
    DeviceRule(allow=True, type="c", major=1, minor=5),  # zero
    DeviceRule(allow=True, type="c", major=1, minor=7),  # full
    DeviceRule(allow=True, type="c", major=1, minor=8),  # random
    DeviceRule(allow=True, type="c", major=1, minor=9),  # urandom
    DeviceRule(allow=True, type="c", major=5, minor=0),  # tty
    DeviceRule(allow=True, type="c", major=5, minor=1),  # console
    DeviceRule(allow=True, type="c", major=5, minor=2),  # ptmx
    DeviceRule(allow=True, type="c", major=136),  # terminals
)


class DeviceNode(NamedTuple):
    """A device node to make in the container's /dev, beyond those that all have.

    Its mode is of permissions only; `uid` and `gid` are its owner and group.
    """

    path: str
    type: str
    major: int
    minor: int
    mode: int
    uid: int = 0
    gid: int = 0

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        data: dict[str, Any] = {
            "path": self.path,
            "type": self.type,
            "major": self.major,
            "minor": self.minor,
            "fileMode": self.mode,
        }
        owner = {"uid": self.uid, "gid": self.gid}
        return data | {name: value for name, value in owner.items() if value}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "DeviceNode":
        """The node that `config.json` describes."""
        return DeviceNode(
            path=data["path"],
            type=data["type"],
            major=data["major"],
            minor=data["minor"],
            mode=data.get("fileMode", 0o666) & 0o777,
            uid=data.get("uid", 0),
            gid=data.get("gid", 0),
        )


class Resources(NamedTuple):
    """Limits of the control group; None and "" are no limit.

    Memory in bytes, `memory_swap` memory and swap together (-1: no limit); cpu quota
    and period in microseconds; `cpus` and `mems` are lists of processors and memory
    nodes: "0-2,7"; `pids` -1 for no limit. `memory_high` is of version 2 only,
    `swappiness` and `oom_kill_disable` are of version 1 only.
    """

    memory: int | None = None
    memory_reservation: int | None = None
    memory_swap: int | None = None
    memory_high: int | None = None
    swappiness: int | None = None
    oom_kill_disable: bool | None = None
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    cpus: str | None = None
    mems: str | None = None
    block_weight: int | None = None
    pids: int | None = None
    devices: tuple[DeviceRule, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it: without what is not limited.

        It has no field for what only version 2 knows, but `unified` for its files.
        """
        high = None if self.memory_high is None else str(self.memory_high)
        parts = {
            "memory": _without_none(
                limit=self.memory,
                reservation=self.memory_reservation,
                swap=self.memory_swap,
                swappiness=self.swappiness,
                disableOOMKiller=self.oom_kill_disable,
            ),
            "cpu": _without_none(
                shares=self.cpu_shares,
                quota=self.cpu_quota,
                period=self.cpu_period,
                cpus=self.cpus,
                mems=self.mems,
            ),
            "blockIO": _without_none(weight=self.block_weight),
            "pids": _without_none(limit=self.pids),
            "unified": _without_none(**{"memory.high": high}),
        }
        data: dict[str, Any] = {"devices": [rule.to_json() for rule in self.devices]}
        return data | {name: fields for name, fields in parts.items() if fields}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Resources":
        """The limits that `config.json` describes."""
        memory, cpu = data.get("memory", {}), data.get("cpu", {})
        high = data.get("unified", {}).get("memory.high")
        return Resources(
            memory=memory.get("limit"),
            memory_reservation=memory.get("reservation"),
            memory_swap=memory.get("swap"),
            memory_high=None if high is None else int(high),
            swappiness=memory.get("swappiness"),
            oom_kill_disable=memory.get("disableOOMKiller"),
            cpu_shares=cpu.get("shares"),
            cpu_quota=cpu.get("quota"),
            cpu_period=cpu.get("period"),
            cpus=cpu.get("cpus"),
            mems=cpu.get("mems"),
            block_weight=data.get("blockIO", {}).get("weight"),
            pids=data.get("pids", {}).get("limit"),
            devices=tuple(DeviceRule.from_json(d) for d in data.get("devices", ())),
        )


def _without_none(**fields: int | str | None) -> dict[str, int | str]:
    return {name: value for name, value in fields.items() if value is not None}
