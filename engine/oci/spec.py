"""The OCI runtime specification: a container on paper.

A *bundle* is a directory with a root file system and a file `config.json`, which
says everything that a runtime must know to make a container of it. `runc`, `crun`
and our own `engine/runtime/` read the same file:

    process    what to run: arguments, environment, user, capabilities, limits
    root       where the root file system is
    mounts     what to mount in it, in this order
    hostname   what the uts namespace calls the machine
    linux      namespaces, control group, devices, seccomp, masked paths

These classes hold the part of the specification that the engine uses; a field that
is not here is not in our bundles.

Source: opencontainers/runtime-spec 1.0.2, config.md and config-linux.md
Try it: `lab create --name a busybox true; lab inspect -f '{{.Bundle}}' a`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = "1.0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What runs, as whom and with which powers.

    `limits` maps an rlimit's name to (soft, hard). `arguments[0]` is looked up in the
    PATH of `environment` unless it holds a slash.
    """

    arguments: tuple[str, ...]
    environment: tuple[str, ...] = ()
    directory: str = "/"
    terminal: bool = False
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = ()
    limits: Mapping[str, tuple[int, int]]
    no_new_privileges: bool = False
    oom_score: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        sets = list(self.capabilities)
        # Another user than root starts with nothing switched on, as under Docker.
        current = sets if self.uid == 0 else []
        data: dict[str, Any] = {
            "terminal": self.terminal,
            "user": {
                "uid": self.uid,
                "gid": self.gid,
                "additionalGids": list(self.groups),
            },
            "args": list(self.arguments),
            "env": list(self.environment),
            "cwd": self.directory,
            "capabilities": {
                "bounding": sets,
                "effective": current,
                "permitted": current,
            },
            "noNewPrivileges": self.no_new_privileges,
        }
        if self.limits:
            data["rlimits"] = [
                {"type": name, "soft": soft, "hard": hard}
                for name, (soft, hard) in self.limits.items()
            ]
        if self.oom_score is not None:
            data["oomScoreAdj"] = self.oom_score
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Process":
        """The process that `config.json` describes."""
        user = data.get("user", {})
        return Process(
            arguments=tuple(data["args"]),
            environment=tuple(data.get("env", ())),
            directory=data.get("cwd", "/"),
            terminal=bool(data.get("terminal")),
            uid=user.get("uid", 0),
            gid=user.get("gid", 0),
            groups=tuple(user.get("additionalGids", ())),
            capabilities=tuple(data.get("capabilities", {}).get("bounding", ())),
            limits={
                limit["type"]: (limit["soft"], limit["hard"])
                for limit in data.get("rlimits", ())
            },
            no_new_privileges=bool(data.get("noNewPrivileges")),
            oom_score=data.get("oomScoreAdj"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecMount:
    """One mount: what, from where, to which path inside, with which options."""

    destination: str
    type: str
    source: str
    options: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        return {
            "destination": self.destination,
            "type": self.type,
            "source": self.source,
            "options": list(self.options),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "SpecMount":
        """The mount that `config.json` describes."""
        return SpecMount(
            destination=data["destination"],
            type=data.get("type", "bind"),
            source=data.get("source", ""),
            options=tuple(data.get("options", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRule:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNode:
    """A device node to make in the container's /dev, beyond those that all have."""

    path: str
    type: str
    major: int
    minor: int
    mode: int

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        return {
            "path": self.path,
            "type": self.type,
            "major": self.major,
            "minor": self.minor,
            "fileMode": self.mode,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "DeviceNode":
        """The node that `config.json` describes."""
        return DeviceNode(
            path=data["path"],
            type=data["type"],
            major=data["major"],
            minor=data["minor"],
            mode=data.get("fileMode", 0o666),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Limits of the control group; None is no limit.

    Memory in bytes, `memory_swap` memory and swap together (-1: no limit), cpu quota
    and period in microseconds, `pids` -1 for no limit.
    """

    memory: int | None = None
    memory_swap: int | None = None
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    pids: int | None = None
    devices: tuple[DeviceRule, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it: without what is not limited."""
        memory = _without_none(limit=self.memory, swap=self.memory_swap)
        cpu = _without_none(
            shares=self.cpu_shares, quota=self.cpu_quota, period=self.cpu_period
        )
        data: dict[str, Any] = {"devices": [rule.to_json() for rule in self.devices]}
        if memory:
            data["memory"] = memory
        if cpu:
            data["cpu"] = cpu
        if self.pids is not None:
            data["pids"] = {"limit": self.pids}
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Resources":
        """The limits that `config.json` describes."""
        memory, cpu = data.get("memory", {}), data.get("cpu", {})
        return Resources(
            memory=memory.get("limit"),
            memory_swap=memory.get("swap"),
            cpu_shares=cpu.get("shares"),
            cpu_quota=cpu.get("quota"),
            cpu_period=cpu.get("period"),
            pids=data.get("pids", {}).get("limit"),
            devices=tuple(DeviceRule.from_json(d) for d in data.get("devices", ())),
        )


def _without_none(**fields: int | None) -> dict[str, int]:
    return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A whole `config.json`. `seccomp` is kept as the specification writes it."""

    process: Process
    root: str
    read_only: bool
    hostname: str
    mounts: tuple[SpecMount, ...]
    namespaces: tuple[str, ...]
    cgroup: str
    resources: Resources
    devices: tuple[DeviceNode, ...] = ()
    masked: tuple[str, ...] = ()
    read_only_paths: tuple[str, ...] = ()
    seccomp: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        linux: dict[str, Any] = {
            "namespaces": [{"type": kind} for kind in self.namespaces],
            "cgroupsPath": f"/{self.cgroup}",
            "resources": self.resources.to_json(),
            "maskedPaths": list(self.masked),
            "readonlyPaths": list(self.read_only_paths),
        }
        if self.devices:
            linux["devices"] = [node.to_json() for node in self.devices]
        if self.seccomp is not None:
            linux["seccomp"] = self.seccomp
        data: dict[str, Any] = {
            "ociVersion": VERSION,
            "process": self.process.to_json(),
            "root": {"path": self.root, "readonly": self.read_only},
            "mounts": [mount.to_json() for mount in self.mounts],
            "linux": linux,
        }
        if "uts" in self.namespaces:
            data["hostname"] = self.hostname
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Spec":
        """The container that `config.json` describes."""
        linux = data["linux"]
        return Spec(
            process=Process.from_json(data["process"]),
            root=data["root"]["path"],
            read_only=bool(data["root"].get("readonly")),
            hostname=data.get("hostname", ""),
            mounts=tuple(SpecMount.from_json(m) for m in data.get("mounts", ())),
            namespaces=tuple(n["type"] for n in linux.get("namespaces", ())),
            cgroup=linux.get("cgroupsPath", "").lstrip("/"),
            resources=Resources.from_json(linux.get("resources", {})),
            devices=tuple(DeviceNode.from_json(d) for d in linux.get("devices", ())),
            masked=tuple(linux.get("maskedPaths", ())),
            read_only_paths=tuple(linux.get("readonlyPaths", ())),
            seccomp=linux.get("seccomp"),
        )
