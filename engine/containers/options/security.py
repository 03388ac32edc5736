"""What was asked of the walls that a program cannot see: `--security-opt`.

    no-new-privileges         setuid programs give no power
    seccomp=FILE              which system calls may be made, in the form of OCI
    seccomp=unconfined        all of them
    seccomp=nested            Docker's policy, and what an engine inside needs: an
                              engine's own word, beside --cap-add SYS_ADMIN
    systempaths=unconfined    nothing below /proc is hidden, or for reading only
    writable-cgroups=true     its own part of the control groups may have groups inside

The last three together, with users of its own, are what an engine needs to run in a
container. The kernel keeps what is the machine's from it by these users.

Source: docker run(1), "Optional security options (--security-opt)"
man: seccomp(2), cgroups(7) on delegation, proc(5)
Try it: `lab run --rm --security-opt systempaths=unconfined busybox ls /proc/acpi`
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.containers.options.asked import ContainerOptions
from engine.errors import InvalidArgument
from engine.oci import seccomp

_NO_NEW_PRIVILEGES, _SECCOMP = "no-new-privileges", "seccomp"
_SYSTEM_PATHS, _WRITABLE_GROUPS = "systempaths", "writable-cgroups"
UNCONFINED, _NESTED = "unconfined", "nested"
_TRUE, _FALSE = ("", "1", "t", "true"), ("0", "f", "false")
_LARGEST_PROFILE = 1 << 20  # bytes


def _given(options: ContainerOptions) -> Iterator[tuple[str, str]]:
    """Each as its name and value. A colon may stand for the first "="."""
    for option in options.security_options:
        name, _, value = option.replace(":", "=", 1).partition("=")
        yield name, value


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument for an option that there is not."""
    truth = (*_TRUE, *_FALSE)
    for name, value in _given(options):
        known = {
            _NO_NEW_PRIVILEGES: value.lower() in truth,
            _SECCOMP: bool(value),
            _SYSTEM_PATHS: value == UNCONFINED,
            _WRITABLE_GROUPS: value.lower() in truth[1:],
        }
        if not known.get(name):
            raise InvalidArgument(
                f"invalid --security-opt: {f'{name}={value}' if value else name!r}",
                "There are: no-new-privileges, seccomp=FILE, seccomp=unconfined, "
                "seccomp=nested, systempaths=unconfined, writable-cgroups=true.",
            )
        if name == _SECCOMP and value not in (UNCONFINED, _NESTED):
            _profile(Path(value))


def no_new_privileges(options: ContainerOptions) -> bool:
    """Whether setuid programs shall gain nothing."""
    return _is_so(options, _NO_NEW_PRIVILEGES)


def opens_system_paths(options: ContainerOptions) -> bool:
    """Whether nothing below /proc is hidden or for reading only."""
    return options.privileged or (_SYSTEM_PATHS, UNCONFINED) in _given(options)


def opens_groups(options: ContainerOptions) -> bool:
    """Whether its control groups may be written."""
    return options.privileged or _is_so(options, _WRITABLE_GROUPS)


def _is_so(options: ContainerOptions, name: str) -> bool:
    """What was said last of a thing that is so or is not."""
    said = [value.lower() for given, value in _given(options) if given == name]
    return bool(said) and said[-1] not in _FALSE


def seccomp_policy(
    options: ContainerOptions, powers: tuple[str, ...]
) -> dict[str, Any] | None:
    """The system call policy: none for --privileged or seccomp=unconfined."""
    said = [value for name, value in _given(options) if name == _SECCOMP]
    if not said:
        return None if options.privileged else seccomp.docker_policy(powers)
    if said[0] == UNCONFINED:
        return None
    if said[0] == _NESTED:
        return seccomp.docker_policy(powers, nested=True)
    return _profile(Path(said[0]))


def _profile(path: Path) -> dict[str, Any]:
    """A policy of the student's own, in OCI form."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_LARGEST_PROFILE))
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"opening seccomp profile ({path}) failed: {error}",
            "It is a JSON file, in the form of the OCI specification's `seccomp`.",
        ) from error
    if not isinstance(data, dict):
        raise InvalidArgument(f"the seccomp profile {path} is not a JSON object")
    return data
