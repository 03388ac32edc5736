"""A bundle to send to somebody who helps: what the doctor found, and the facts.

    doctor.json     the findings
    machine.txt     kernel, distribution, Python, labshell and the packages it uses
    mounts.txt      /proc/self/mountinfo
    cgroups.txt     /proc/self/cgroup, /proc/cgroups
    containers.json states and errors; no names, commands, environments or labels

Before anything is written, the names of this machine and its users, home directories
and network addresses are replaced. It is plain text in a tar: look before you send.

Try it: `lab doctor --report r.tar.gz; tar -xOf r.tar.gz | less`
"""

import io
import json
import os
import platform
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.engine import Engine
from engine.errors import Conflict, EngineError
from labshell import VERSION
from labshell.doctor.trial import Finding

PACKAGES = ("click", "prompt_toolkit", "pygments", "rich", "pexpect", "PyYAML")
_MOST = 256 * 1024  # bytes of any one file
_ADDRESSES = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b"  # 192.0.2.1
    r"|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b"  # 02:42:ac:11:00:02
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}:?[0-9a-f]{1,4}\b",  # 2001:db8::1
    re.IGNORECASE,
)


def write(file: str, engine: Engine, findings: Sequence[Finding]) -> list[str]:
    """Write the bundle to a new file; the names of what is in it."""
    contents = {
        "doctor.json": _json([finding.to_json() for finding in findings]),
        "machine.txt": _machine(),
        "mounts.txt": _text("/proc/self/mountinfo"),
        "cgroups.txt": _text("/proc/self/cgroup") + _text("/proc/cgroups"),
        "containers.json": _json(_containers(engine)),
    }
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(file, flags, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{file} is there already", "Choose another name.") from error
    with (
        os.fdopen(descriptor, "wb") as opened,
        tarfile.open(fileobj=opened, mode="w:gz") as archive,
    ):
        for name, text in contents.items():
            data = redacted(text[:_MOST], secrets()).encode()
            entry = tarfile.TarInfo(f"labshell-report/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return list(contents)


def secrets() -> dict[str, str]:
    """What must not be in the bundle, and what stands there instead."""
    found = {os.uname().nodename: "HOST"}
    users = {os.environ.get(name, "") for name in ("SUDO_USER", "USER", "LOGNAME")}
    for home in Path("/home").glob("*"):
        users.add(home.name)
    found |= dict.fromkeys(users - {"", "root"}, "USER")
    return found


def redacted(text: str, replaced: dict[str, str]) -> str:
    """The text without addresses and without the words in `replaced`."""
    text = _ADDRESSES.sub("ADDRESS", text)
    for word in sorted(replaced, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", replaced[word], text)
    return text


def _machine() -> str:
    """Versions, one a line."""
    system = os.uname()
    lines = [
        f"kernel {system.release} {system.version} {system.machine}",
        f"python {platform.python_version()}",
        f"labshell {VERSION}",
    ]
    lines += [f"{name} {_version(name)}" for name in PACKAGES]
    return "\n".join(lines) + "\n" + _text("/etc/os-release")


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _containers(engine: Engine) -> list[dict[str, Any]] | str:
    """The states of all containers, and nothing that their owner wrote."""
    try:
        found = engine.containers(all=True)
    except (EngineError, OSError) as error:
        return str(error)
    return [
        {
            "id": container.id[:12],
            "status": container.state.status,
            "exit_code": container.state.exit_code,
            "oom_killed": container.state.oom_killed,
            "error": container.state.error,
        }
        for container in found
    ]


def _json(data: Any) -> str:
    return json.dumps(data, indent=2) + "\n"


def _text(path: str) -> str:
    """What is in a file of the system, or why it cannot be read."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError as error:
        return f"{path}: {error.strerror}\n"
