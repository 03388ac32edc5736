"""`docker info`: how many of what, what the machine can do, and how it is arranged.

What a client uses of it is little: whether limits can be set, which version of control
groups there is, where the engine's files are. The rest is for people to read.

man: sysconf(3), os-release(5), cgroups(7)
Source: Docker Engine API 1.41, SystemInfo
Try it: `docker -H unix:///run/labshell/labd.sock info`
"""

import contextlib
import hashlib
import os
import platform
from collections import Counter
from typing import Any

from engine import VERSION as RELEASE
from engine.api.answers import Answer, as_json
from engine.api.call import Call
from engine.api.routes import Route
from engine.engine import Engine
from engine.times import now

_SWARM = {
    "NodeID": "",
    "NodeAddr": "",
    "LocalNodeState": "inactive",
    "ControlAvailable": False,
    "Error": "",
    "RemoteManagers": None,
}
_INDEX = "https://index.docker.io/v1/"


def info(call: Call) -> Answer:
    """All that there is to say of engine and machine."""
    engine = call.engine
    return as_json(
        {
            "ID": _identity(str(engine.root)),
            **_counts(engine),
            **_drivers(engine),
            **_limits(engine),
            **_machine(),
            **_registries(),
            "DockerRootDir": str(engine.root),
            "ServerVersion": RELEASE,
            "SystemTime": now(),
            "Labels": list(call.server.labels),
            "ExperimentalBuild": False,
            "Debug": False,
            "LiveRestoreEnabled": True,  # the daemon may end: containers live on
            "SecurityOptions": _walls(),
            "Swarm": _SWARM,
            "Warnings": call.engine.notices or None,
        }
    )


def _identity(root: str) -> str:
    """An ID that stays the same for one root on one machine, in Docker's form."""
    digest = hashlib.sha256(f"{os.uname().nodename}:{root}".encode()).hexdigest()
    return ":".join(digest[i : i + 4].upper() for i in range(0, 48, 4))


def _counts(engine: Engine) -> dict[str, int]:
    """How many containers in which state, and images with those between them."""
    states = Counter(one.state.status for one in engine.containers(all=True))
    running = states["running"] + states["restarting"]
    return {
        "Containers": states.total(),
        "ContainersRunning": running,
        "ContainersPaused": states["paused"],
        "ContainersStopped": states.total() - running - states["paused"],
        "Images": len(engine.images(all=True)),
    }


def _drivers(engine: Engine) -> dict[str, Any]:
    """What keeps layers, runs containers, and arranges control groups."""
    groups, runtimes = engine.arrangement(), engine.runtimes()
    return {
        "Driver": "overlay2",
        "DriverStatus": [["Native Overlay Diff", "true"]],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "null"],
            "Authorization": None,
            "Log": ["json-file", "none"],
        },
        "LoggingDriver": "json-file",
        "CgroupDriver": "systemd" if groups.systemd else "cgroupfs",
        "CgroupVersion": str(groups.version),
        "Runtimes": {name: _runtime(words) for name, words in runtimes.words.items()},
        "DefaultRuntime": runtimes.default,
        "InitBinary": "labshell",
        "ContainerdCommit": {"ID": "", "Expected": ""},
        "RuncCommit": {"ID": "", "Expected": ""},
        "InitCommit": {"ID": "", "Expected": ""},
        "Isolation": "",
        "GenericResources": None,
    }


def _runtime(words: tuple[str, ...]) -> dict[str, Any]:
    """A runtime by its program and arguments; ours has none."""
    path, *arguments = words or ("labshell",)
    return {"path": path, **({"runtimeArgs": arguments} if arguments else {})}


def _limits(engine: Engine) -> dict[str, bool]:
    """What a container can be kept within."""
    groups = engine.arrangement()
    has = set(groups.controllers).__contains__
    return {
        "MemoryLimit": has("memory"),
        "SwapLimit": has("memory"),
        "KernelMemory": False,
        "KernelMemoryTCP": False,
        "CpuCfsPeriod": has("cpu"),
        "CpuCfsQuota": has("cpu"),
        "CPUShares": has("cpu"),
        "CPUSet": has("cpuset"),
        "PidsLimit": has("pids"),
        "OomKillDisable": has("memory") and groups.version == 1,
        "IPv4Forwarding": True,  # each network that is made turns it on
        "BridgeNfIptables": True,  # none of our rules needs it
        "BridgeNfIp6tables": True,
    }


def _machine() -> dict[str, Any]:
    """The machine, and this process."""
    system: dict[str, str] = {}
    with contextlib.suppress(OSError):  # a machine without that file
        system = platform.freedesktop_os_release()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "Name": os.uname().nodename,
        "KernelVersion": os.uname().release,
        "OperatingSystem": system.get("PRETTY_NAME", "Linux"),
        "OSVersion": system.get("VERSION_ID", ""),
        "OSType": "linux",
        "Architecture": os.uname().machine,
        "NCPU": len(os.sched_getaffinity(0)),
        "MemTotal": pages,
        "NFd": len(os.listdir("/proc/self/fd")),
        "NGoroutines": len(os.listdir("/proc/self/task")),
        "NEventsListener": 0,
        "HttpProxy": os.environ.get("HTTP_PROXY", ""),
        "HttpsProxy": os.environ.get("HTTPS_PROXY", ""),
        "NoProxy": os.environ.get("NO_PROXY", ""),
    }


def _registries() -> dict[str, Any]:
    """Where an image without a registry in its name comes from."""
    return {
        "IndexServerAddress": _INDEX,
        "RegistryConfig": {
            "AllowNondistributableArtifactsCIDRs": [],
            "AllowNondistributableArtifactsHostnames": [],
            "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"],
            "IndexConfigs": {
                "docker.io": {
                    "Name": "docker.io",
                    "Mirrors": [],
                    "Secure": True,
                    "Official": True,
                }
            },
            "Mirrors": [],
        },
    }


def _walls() -> list[str]:
    """What keeps every container in, besides namespaces and capabilities."""
    return ["name=seccomp,profile=default"]


ROUTES = (Route("GET", "/info", info),)
