"""The specification: from what was asked and what the image says to `config.json`.

    what was asked ─┐
    what the image says ─┼─▶ process, mounts, limits, policy ─▶ the bundle's config.json
    what is default ─┘

Source: runtime-spec config.md and config-linux.md
Try it: `lab create busybox`, then read containers/ID/bundle/config.json
"""

import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.containers import defaults, mount_plan
from engine.containers.binds import BoundPath
from engine.containers.options import devices, limits, namespaces, security
from engine.containers.options.asked import ContainerOptions
from engine.containers.users import Identity
from engine.errors import InvalidArgument
from engine.kernel import capabilities
from engine.oci.health import UNASKED, Healthcheck
from engine.oci.image import ImageDefaults
from engine.oci.resources import DeviceNode, DeviceRule
from engine.oci.spec import Identities, Process, Spec


def command(options: ContainerOptions, image: ImageDefaults) -> tuple[str, ...]:
    """What really runs: the entrypoint, then the arguments.

    A command that was asked for replaces the image's Cmd; an entrypoint that was asked
    for replaces the image's and makes its Cmd void.
    """
    if options.entrypoint is not None:
        entrypoint = tuple(word for word in options.entrypoint if word)
        arguments = options.command
    else:
        entrypoint, arguments = image.entrypoint, options.command or image.cmd
    if not entrypoint + arguments:
        raise InvalidArgument(
            "No command specified",
            "The image names no program: give one after the image.",
        )
    return entrypoint + arguments


def environment(
    options: ContainerOptions, image: ImageDefaults, hostname: str, home: str
) -> tuple[str, ...]:
    """The variables of the program: defaults, the image's, those asked for, HOME."""
    entries = [defaults.PATH, f"HOSTNAME={hostname}"]
    entries += ["TERM=xterm"] if options.tty else []
    merged = changed(variables([*entries, *image.env]), options.environment)
    merged.setdefault("HOME", home)
    return tuple(f"{name}={value}" for name, value in merged.items())


def variables(entries: Iterable[str]) -> dict[str, str]:
    """ "NAME=value" by name, the last one counts; an image may hold what is neither."""
    return dict(entry.split("=", 1) for entry in entries if entry.find("=") > 0)


def changed(known: Mapping[str, str], asked: Iterable[str]) -> dict[str, str]:
    """Variables as "NAME=value" sets them; "NAME" alone takes one away.

    InvalidArgument for an entry that has no name.
    """
    found = dict(known)
    for entry in asked:
        name, equals, value = entry.partition("=")
        if not name:
            raise InvalidArgument(
                f"invalid environment variable: {entry}", "As in NAME=value."
            )
        if equals:
            found[name] = value
        else:
            found.pop(name, None)
    return found


def process(
    options: ContainerOptions,
    image: ImageDefaults,
    identity: Identity,
    hostname: str,
) -> Process:
    """What runs, as whom and with which powers."""
    init_program = (defaults.INIT, "--") if options.init else ()
    return Process(
        arguments=(*init_program, *command(options, image)),
        environment=environment(options, image, hostname, identity.home),
        directory=_directory(options.working_directory or image.working_dir),
        terminal=options.tty,
        uid=identity.uid,
        gid=identity.gid,
        groups=identity.groups,
        capabilities=capabilities.chosen(
            options.capabilities_add, options.capabilities_drop, options.privileged
        ),
        limits=_ulimits(options),
        no_new_privileges=security.no_new_privileges(options),
        oom_score=options.oom_score_adj,
    )


def health(options: ContainerOptions, image: ImageDefaults) -> Healthcheck:
    """How to ask whether the program is well: as was said, else as the image says.

    Nothing is left open in it: the shell is named, and Docker's defaults filled in.
    """
    check = options.health.over(Healthcheck.from_json(image.healthcheck or {}))
    if not check.wanted:
        return UNASKED
    shell = image.shell or ("/bin/sh", "-c")
    whole = check.over(defaults.HEALTHCHECK)
    return whole._replace(test=("CMD", *check.command(shell)))


def _directory(path: str) -> str:
    """A working directory without detours: an image may say "/a/../b"."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _ulimits(options: ContainerOptions) -> dict[str, tuple[int, int]]:
    if not options.ulimits:
        return {}
    from engine.containers.options import ulimits  # few containers have any

    return ulimits.ulimits(options.ulimits)


def specification(
    options: ContainerOptions,
    image: ImageDefaults,
    identity: Identity,
    directory: Path,
    hostname: str,
    cgroup: str,
    bound: tuple[BoundPath, ...],
    pin: Path,
    identities: Identities | None = None,
) -> Spec:
    """The whole specification of a container whose files are in `directory`.

    `pin` is where its network namespace will be, if it gets one of the engine's;
    `identities` are whom its users are outside, if it has a user namespace.
    """
    runs = process(options, image, identity, hostname)
    opened = security.opens_system_paths(options)
    rules = (*defaults.DEVICE_RULES, *devices.rules(options))
    if options.privileged:
        rules = (DeviceRule(allow=True),)
    return Spec(
        process=runs,
        root=str(directory / "rootfs"),
        read_only=options.read_only,
        hostname=hostname,
        mounts=mount_plan.mounts(options, directory, bound),
        domainname=options.domainname or "",
        namespaces=namespaces.own(options),
        joined=namespaces.joined(options, directory.parent, pin),
        cgroup=cgroup,
        resources=limits.resources(options)._replace(devices=rules),
        devices=() if identities else _devices(options),
        masked=() if opened else defaults.MASKED,
        read_only_paths=() if opened else defaults.READ_ONLY,
        sysctl=options.sysctls,
        seccomp=security.seccomp_policy(options, runs.capabilities),
        identities=identities,
    )


def _devices(options: ContainerOptions) -> tuple[DeviceNode, ...]:
    """The nodes to make: all of the machine's for --privileged, those asked for."""
    usual = devices.of_machine() if options.privileged else ()
    asked = {node.path: node for node, _ in devices.nodes(options)}
    return (*(n for n in usual if n.path not in asked), *asked.values())
