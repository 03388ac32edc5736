"""The configuration: what config.json asks for, whoever has written it.

podman, `runc spec` and our own engine fill in different parts of the same file. What
they leave to the runtime is filled in here, so that rootfs.py and init.py meet only one
kind of specification:

    paths            those of a root and of bind mounts are relative to the bundle
    words            "exec", "dev", "suid" only say that nothing is forbidden
    0, "" and null   no limit
    capabilities     those that this machine can give
    umask            022, unless another one is asked for

Source: runtime-spec config.md
Try it: `labshell-runc spec; less config.json`
"""

import contextlib
import json
import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import InvalidArgument
from engine.fields import Fields
from engine.kernel import capabilities, mount_flags
from engine.oci.resources import Resources
from engine.oci.spec import Process, Spec, SpecMount
from engine.runtime.command import hooks, refusing, walls

_LARGEST = 16 << 20  # bytes
_UMASK = 0o022
_IDENTITIES = range((1 << 32) - 1)
_LIFTING = ("rw", "suid", "dev", "exec", "defaults", "async")
_PRIVATE = ("private", "rprivate")
_BINDING = ("bind", "rbind")
_OF_BINDS = ("ro", "nosuid", "nodev", "noexec", *_PRIVATE, *_BINDING)
_NO_ZEROS = (
    *("memory", "memory_reservation", "memory_swap", "block_weight"),
    *("cpu_shares", "cpu_quota", "cpu_period", "cpus", "mems"),
)


class Config(NamedTuple):
    """A config.json. `window` is the size of its terminal, rows and columns.

    `hooks` are as the specification writes them, by their moments.
    """

    spec: Spec
    hooks: Mapping[str, Any]
    annotations: Mapping[str, str]
    window: tuple[int, int] | None


def read(bundle: Path, identity: str) -> Config:
    """The configuration of the container `identity`. InvalidArgument if unsound."""
    data = _json(bundle / "config.json")
    with _told_of(bundle / "config.json"):
        return _understood(data, bundle, identity)


def read_process(path: Path) -> tuple[Process, tuple[int, int] | None]:
    """The process that a file of its own describes, and the size of its terminal."""
    data = _json(path)
    with _told_of(path):
        refusing.refuse({"process": data})
        return _process(data), _window(data)


def read_limits(path: Path) -> Resources:
    """The limits that a file of their own describes; "-" is standard input."""
    data = _json(Path("/dev/stdin") if str(path) == "-" else path)
    with _told_of(path):
        refusing.refuse({"linux": {"resources": data}})
        return _limits(Resources.from_json(data))


def _json(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return _without_nulls(json.loads(file.read(_LARGEST)))
    except FileNotFoundError as error:
        raise InvalidArgument(
            f"{path}: no such file", "`labshell-runc spec` writes a config.json."
        ) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, error) from error


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Make what Python says of JSON of an unexpected form an InvalidArgument."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(path, error) from error


def _invalid(path: Path, error: Exception) -> InvalidArgument:
    reason = f"{type(error).__name__}: {error}"
    return InvalidArgument(
        f"{path} is not valid: {reason}", "Its format: runtime-spec, config.md."
    )


def _without_nulls(value: Any) -> Any:
    """JSON without what is null: that is as good as absent."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _understood(data: Any, bundle: Path, identity: str) -> Config:
    fields = Fields.of(data, "")
    if not fields.text("ociVersion").startswith("1."):
        Fields.refuse("ociVersion", "a version 1 of the specification")
    for name in ("process", "root", "linux"):
        if not fields.object(name).data:
            Fields.refuse(name, "there")
    refusing.refuse(data)
    spec = Spec.from_json(data)
    listed = data["linux"].get("namespaces", ())
    walls.check_namespaces(spec, [one["type"] for one in listed])
    walls.check_parameters(spec)
    walls.check_names(spec)
    walls.check_nodes(spec.devices)
    resources = _limits(spec.resources)
    whole = spec._replace(
        process=_process(data["process"]),
        root=os.path.realpath(bundle / fields.object("root").text("path")),
        mounts=tuple(_mount(mount, bundle) for mount in spec.mounts),
        cgroup=walls.group(fields.object("linux").text("cgroupsPath"), identity),
        resources=resources._replace(devices=walls.device_rules(resources.devices)),
        seccomp=walls.policy(spec.seccomp),
    )
    if not Path(whole.root).is_dir() or whole.root == "/":
        Fields.refuse("root.path", "a directory of the container's own")
    asked = fields.object("hooks").data
    hooks.read(asked, *hooks.BEFORE, *hooks.AFTER)
    annotations = fields.text_map("annotations")
    return Config(whole, asked, annotations, _window(data["process"]))


def _process(data: Any) -> Process:
    """A process, with what may be left out of it."""
    fields = Fields.of(data, "process")
    if not fields.texts("args"):
        Fields.refuse("process.args", "a list with a program")
    if not fields.text("cwd").startswith("/"):
        Fields.refuse("process.cwd", "an absolute path")
    if any("=" not in entry for entry in fields.texts("env")):
        Fields.refuse("process.env", "a list of NAME=VALUE")
    process = Process.from_json(data)
    for name in process.limits:
        if not hasattr(resource, name) and name != "RLIMIT_LOCKS":
            Fields.refuse(f"process.rlimits: {name!r}", "a limit of this kernel")
    check_identity(process)
    umask = _UMASK if process.umask is None else process.umask
    return _within_reach(process)._replace(umask=umask)


def check_identity(process: Process) -> None:
    """Raise InvalidArgument unless user and groups have numbers that can be had.

    The last of 32 bits is -1, which setresuid(2) takes as "stay who you are": root.
    """
    for number in (process.uid, process.gid, *process.groups):
        if type(number) is not int or number not in _IDENTITIES:
            Fields.refuse(f"process.user: {number!r}", "the number of a user or group")


def _within_reach(process: Process) -> Process:
    """With the capabilities that can be given: more than that must not fail."""
    ours = capabilities.available()

    def among(names: tuple[str, ...], allowed: frozenset[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in allowed)

    held = among(process.held, ours)
    lent = among(process.inheritable, ours)
    return process._replace(
        capabilities=among(process.capabilities, ours),
        current=held,
        inheritable=lent,
        ambient=among(process.ambient, frozenset(held) & frozenset(lent)),
    )


def _window(process: Mapping[str, Any]) -> tuple[int, int] | None:
    size = process.get("consoleSize")
    return (int(size["height"]), int(size["width"])) if size else None


def _mount(mount: SpecMount, bundle: Path) -> SpecMount:
    """A mount in the words that rootfs.py knows."""
    if not mount.destination.startswith("/"):
        mount = mount._replace(destination=f"/{mount.destination}")
    options = [word for word in mount.options if word not in _LIFTING]
    if mount.type != "bind" and not set(options) & set(_BINDING):
        _check_words(mount, [w for w in options if w.endswith(("shared", "slave"))])
        return mount._replace(options=tuple(options))
    options = [word for word in options if word != "relatime"]
    _check_words(mount, [word for word in options if word not in _OF_BINDS])
    source = os.path.join(bundle, mount.source)
    return mount._replace(type="bind", source=source, options=tuple(options))


def _check_words(mount: SpecMount, unknown: list[str]) -> None:
    for word in unknown:
        raise InvalidArgument(
            f"config.json: the mount at {mount.destination} asks for {word!r}",
            f"It can be: {', '.join([*mount_flags.FLAGS, *_PRIVATE])}.",
        )


def _limits(asked: Resources) -> Resources:
    """The limits, of which 0 and "" are none."""
    none: dict[str, Any] = {n: None for n in _NO_ZEROS if not getattr(asked, n)}
    return asked._replace(**none)
