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
Try it: `lab create --name box busybox true; lab inspect -f '{{.Bundle}}' box`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.oci.resources import DeviceNode, Resources

VERSION = "1.0.2"


class Process(NamedTuple):
    """What runs, as whom and with which powers.

    `limits` maps an rlimit's name to (soft, hard). `arguments[0]` is looked up in the
    PATH of `environment` unless it holds a slash. `capabilities` is the bounding set.
    `current`, what is switched on from the start, is for another user than root nothing
    unless it says so (None does not), as under Docker. `ambient` is a part of
    `inheritable`. `umask`: None is that of whoever starts it.
    """

    arguments: tuple[str, ...]
    limits: Mapping[str, tuple[int, int]]
    environment: tuple[str, ...] = ()
    directory: str = "/"
    terminal: bool = False
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = False
    oom_score: int | None = None
    current: tuple[str, ...] | None = None
    inheritable: tuple[str, ...] = ()
    ambient: tuple[str, ...] = ()
    umask: int | None = None

    @property
    def held(self) -> tuple[str, ...]:
        """The capabilities that are switched on from the start."""
        if self.current is not None:
            return self.current
        return self.capabilities if self.uid == 0 else ()

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        user: dict[str, Any] = {
            "uid": self.uid,
            "gid": self.gid,
            "additionalGids": list(self.groups),
        }
        if self.umask is not None:
            user["umask"] = self.umask
        data: dict[str, Any] = {
            "terminal": self.terminal,
            "user": user,
            "args": list(self.arguments),
            "env": list(self.environment),
            "cwd": self.directory,
            "capabilities": self._sets(),
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

    def _sets(self) -> dict[str, list[str]]:
        sets = {
            "bounding": self.capabilities,
            "effective": self.held,
            "permitted": self.held,
        }
        if self.inheritable:
            sets |= {"inheritable": self.inheritable, "ambient": self.ambient}
        return {name: list(names) for name, names in sets.items()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Process":
        """The process that `config.json` describes."""
        user, sets = data.get("user", {}), data.get("capabilities", {})
        process = Process(
            arguments=tuple(data["args"]),
            environment=tuple(data.get("env", ())),
            directory=data.get("cwd", "/"),
            terminal=bool(data.get("terminal")),
            uid=user.get("uid", 0),
            gid=user.get("gid", 0),
            groups=tuple(user.get("additionalGids", ())),
            capabilities=tuple(sets.get("bounding", ())),
            inheritable=tuple(sets.get("inheritable", ())),
            ambient=tuple(sets.get("ambient", ())),
            umask=user.get("umask"),
            limits={
                limit["type"]: (limit["soft"], limit["hard"])
                for limit in data.get("rlimits", ())
            },
            no_new_privileges=bool(data.get("noNewPrivileges")),
            oom_score=data.get("oomScoreAdj"),
        )
        current = tuple(sets.get("effective", ()))
        return process if current == process.held else process._replace(current=current)


class SpecMount(NamedTuple):
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


class Identities(NamedTuple):
    """The IDs of users and groups from 0 inside are those from `first` on outside.

    A user namespace makes it so, for `size` of them; any other is nobody inside.
    """

    first: int
    size: int = 1 << 16

    def to_json(self) -> list[dict[str, int]]:
        """As linux.uidMappings, and linux.gidMappings, have it."""
        return [{"containerID": 0, "hostID": self.first, "size": self.size}]

    @staticmethod
    def from_json(data: Any) -> "Identities | None":
        """What linux.uidMappings holds, as our engine writes it; None if nothing."""
        return Identities(data[0]["hostID"], data[0]["size"]) if data else None


class Spec(NamedTuple):
    """A whole `config.json`. `seccomp` is kept as the specification writes it.

    `namespaces` are made anew; `joined` are those of others, by kind, with a path.
    `identities`: None where users inside are those of the machine.
    """

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
    sysctl: Mapping[str, str] = {}
    domainname: str = ""
    joined: Mapping[str, str] = {}
    seccomp: Mapping[str, Any] | None = None
    identities: Identities | None = None

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        linux: dict[str, Any] = {
            "namespaces": [
                *({"type": kind} for kind in self.namespaces),
                *({"type": kind, "path": path} for kind, path in self.joined.items()),
            ],
            "cgroupsPath": f"/{self.cgroup}",
            "resources": self.resources.to_json(),
            "maskedPaths": list(self.masked),
            "readonlyPaths": list(self.read_only_paths),
        }
        if self.identities:
            linux["uidMappings"] = linux["gidMappings"] = self.identities.to_json()
        if self.devices:
            linux["devices"] = [node.to_json() for node in self.devices]
        if self.sysctl:
            linux["sysctl"] = dict(self.sysctl)
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
            if self.domainname:
                data["domainname"] = self.domainname
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Spec":
        """The container that `config.json` describes."""
        linux = data["linux"]
        listed = linux.get("namespaces", ())
        return Spec(
            process=Process.from_json(data["process"]),
            root=data["root"]["path"],
            read_only=bool(data["root"].get("readonly")),
            hostname=data.get("hostname", ""),
            domainname=data.get("domainname", ""),
            mounts=tuple(SpecMount.from_json(m) for m in data.get("mounts", ())),
            namespaces=tuple(n["type"] for n in listed if not n.get("path")),
            joined={n["type"]: n["path"] for n in listed if n.get("path")},
            cgroup=linux.get("cgroupsPath", "").lstrip("/"),
            resources=Resources.from_json(linux.get("resources", {})),
            devices=tuple(DeviceNode.from_json(d) for d in linux.get("devices", ())),
            masked=tuple(linux.get("maskedPaths", ())),
            read_only_paths=tuple(linux.get("readonlyPaths", ())),
            sysctl=linux.get("sysctl", {}),
            seccomp=linux.get("seccomp"),
            identities=Identities.from_json(linux.get("uidMappings")),
        )
