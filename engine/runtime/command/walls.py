"""Walls: what config.json says of namespaces, groups, devices and system calls.

What a program is kept from must be right before anything is made. Each function here
takes a part of the file as somebody else has written it, and gives it as our runtime
wants it; what makes no sense, or would reach out of the container, is refused:

    namespaces     a mount namespace of its own, always: the root is changed in it
    sysctl         only parameters of a namespace that is not the machine's
    hostname       likewise
    cgroupsPath    a group of its own, below the root of the tree
    devices        all is denied first; those that everybody has are added last
    seccomp        the machine's own architecture, if none is named

Source: runtime-spec config-linux.md
Try it: `labshell-runc spec`, and take "mount" out of its namespaces
"""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from engine.errors import InvalidArgument
from engine.kernel import namespaces
from engine.oci import seccomp
from engine.oci.resources import USUAL_DEVICES, DeviceNode, DeviceRule
from engine.oci.spec import Spec

_ARCHITECTURES = {
    *("SCMP_ARCH_X86_64", "SCMP_ARCH_X86"),
    *("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
}
# Which parameters belong to which namespace; sysctl(8) changes the machine's else.
_PARAMETERS = {
    "net.": "network",
    "fs.mqueue.": "ipc",
    "kernel.msg": "ipc",
    "kernel.sem": "ipc",
    "kernel.shm": "ipc",
    "kernel.domainname": "uts",
}
_DENY_ALL = DeviceRule(allow=False)


def check_namespaces(spec: Spec, kinds: Sequence[str]) -> None:
    """Raise InvalidArgument if a kind is not known, twice there, or missing.

    `kinds` are those in linux.namespaces, as often as they are there.
    """
    for kind in kinds:
        if kind not in namespaces.KINDS or kind == "user":
            _refuse(f"a namespace of the type {kind!r} is not supported")
        if kinds.count(kind) > 1:
            _refuse(f"there are two namespaces of the type {kind!r}")
    if "mount" not in spec.namespaces:
        _refuse("a mount namespace of its own is missing: linux.namespaces")
    for kind, path in spec.joined.items():
        if not path.startswith("/"):
            _refuse(f"the path of the namespace {kind!r} is not absolute")


def check_parameters(spec: Spec) -> None:
    """Raise InvalidArgument if a kernel parameter is the machine's."""
    kinds = _apart(spec) if spec.sysctl else set()
    for name in spec.sysctl:
        owner = next((k for p, k in _PARAMETERS.items() if name.startswith(p)), None)
        if owner not in kinds or "/" in name or ".." in name:
            _refuse(f"sysctl {name!r} is not in a namespace of the container")


def check_names(spec: Spec) -> None:
    """Raise InvalidArgument if the name of the host or domain is the machine's."""
    if (spec.hostname or spec.domainname) and "uts" not in _apart(spec):
        _refuse(
            "hostname or domainname, and no uts namespace that is not the machine's"
        )


def _apart(spec: Spec) -> set[str]:
    """The kinds of namespaces in which the container is apart from the machine.

    One that is joined may be the machine's own, by whatever path.
    """
    return {
        *spec.namespaces,
        *(k for k, path in spec.joined.items() if not namespaces.is_own(k, path)),
    }


def group(path: str, identity: str) -> str:
    """The control group: as asked, or one below "oci/" with the container's name."""
    if not path:
        return f"oci/{identity}"
    inside = path.lstrip("/")
    if posixpath.normpath(inside) != inside.rstrip("/") or inside.startswith("."):
        _refuse(f"cgroupsPath {path!r} is not the path of a group of its own")
    return inside.rstrip("/")


def device_rules(asked: Iterable[DeviceRule]) -> tuple[DeviceRule, ...]:
    """What may be opened: a rule for all begins anew, the usual ones are added."""
    rules = [_DENY_ALL]
    for rule in asked:
        if rule.type == "a":
            rules = [DeviceRule(allow=rule.allow)]
        elif rule.type not in ("b", "c"):
            _refuse(f"linux.resources.devices: the type {rule.type!r}")
        elif rule.allow:
            rules.append(_without_wildcards(rule))
        elif rules != [_DENY_ALL]:
            _refuse(
                "linux.resources.devices denies single devices after it allows some"
            )
    return tuple(rules) if rules[0].allow else (*rules, *USUAL_DEVICES)


def _without_wildcards(rule: DeviceRule) -> DeviceRule:
    """A number of -1 is another way to say "every number"."""
    major, minor = (
        None if number is None or number < 0 else number
        for number in (rule.major, rule.minor)
    )
    return rule._replace(major=major, minor=minor)


def check_nodes(nodes: Iterable[DeviceNode]) -> None:
    """Raise InvalidArgument unless these are device nodes."""
    for node in nodes:
        if node.type not in ("b", "c", "u") or not node.path.startswith("/"):
            _refuse(f"linux.devices: {node.path!r} of the type {node.type!r}")


def policy(asked: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The system call policy for the architectures that we know; None for none.

    Several conditions on one argument are meant as "one of them": a rule for each.
    """
    if asked is None:
        return None
    own = seccomp.docker_policy(())["architectures"]
    known = [name for name in asked.get("architectures", own) if name in _ARCHITECTURES]
    rules = [one for rule in asked.get("syscalls", ()) for one in _single(rule)]
    return {**asked, "architectures": known or own, "syscalls": rules}


def _single(rule: dict[str, Any]) -> list[dict[str, Any]]:
    tests = rule.get("args") or []
    if len({test["index"] for test in tests}) == len(tests):
        return [rule]
    return [{**rule, "args": [test]} for test in tests]


def _refuse(what: str) -> NoReturn:
    raise InvalidArgument(f"config.json: {what}", "See runtime-spec, config-linux.md.")
