"""The program that is traced: containers of many kinds, one after the other.

    python -m tests.conformance.traced ROOT PLACE

runs them in an engine on ROOT. Of each kind PLACE then holds two files of acts: those
of the container, KIND.jsonl, and those that belong to none, KIND.client.jsonl.

Everything is done by one command, because everything must be below one strace: the
engine, its spawner, shims, starters and what they become. It closes the engine at the
end, or strace would wait for the spawner.

man: strace(1)
Try it: `./lab test tests/conformance/test_acts_strace.py -v`
"""

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from engine import acts
from engine.engine import Container, Engine, UpdateOptions
from engine.errors import EngineError
from tests import workshop
from tests.engine.boxes import Box

KINDS: dict[str, Callable[[Box, Callable[..., Container]], None]] = {}
_LAYERS = 130  # their paths do not fit into the page that mount(2) takes


def kind(function: Callable[[Box, Callable[..., Container]], None]) -> None:
    """One kind of life: it gets a box, and how to create the container in it."""
    KINDS[function.__name__] = function


def main(root: str, place: str) -> None:
    """Live all kinds of life."""
    opened: dict[str, list[int]] = {name: [] for name in KINDS}
    with acts.recording(Path(place) / "engine.client.jsonl", anew=True):
        engine = Engine(Path(root))
        try:
            engine.image("busybox")
            for name, live in KINDS.items():
                with acts.recording(Path(place) / f"{name}.client.jsonl", anew=True):
                    live(Box(engine), functools.partial(_create, engine, opened[name]))
        finally:
            workshop.close(engine)
    for name, descriptors in opened.items():
        texts = [os.pread(d, os.fstat(d).st_size, 0) for d in descriptors]
        (Path(place) / f"{name}.jsonl").write_bytes(b"".join(texts))


def _create(
    engine: Engine, opened: list[int], *command: str, **options: object
) -> Container:
    """Create a container, and keep its acts open: they can be read when it has gone."""
    container = Box(engine).create(*command, **options)
    opened.append(os.open(container.directory / "acts.jsonl", os.O_RDONLY))
    return container


@kind
def plain(box: Box, create: Callable[..., Container]) -> None:
    """As simple as it gets."""
    box.foreground(create("true").id)


@kind
def limits(box: Box, create: Callable[..., Container]) -> None:
    """Numbers in control groups, and of a process."""
    options = {"memory": 64 << 20, "pids_limit": 50, "cpus": 0.5, "cpuset_cpus": "0"}
    container = create(
        "true",
        **options,
        cpu_shares=512,
        ulimits=("nofile=64:128", "core=0:-1"),
        oom_score_adj=100,
        sysctls={"net.ipv4.ip_default_ttl": "7"},
        cgroup_parent="above",
        shm_size=1 << 20,
    )
    box.foreground(container.id)


@kind
def mounted(box: Box, create: Callable[..., Container]) -> None:
    """A root that is read-only, volumes, directories, and memory."""
    container = create(
        "true",
        read_only=True,
        tmpfs=("/t:size=1m,mode=700",),
        volumes=("data:/data:ro", "/usr:/host/usr:ro", "more:/more"),
        mounts=("type=tmpfs,destination=/made/anew",),
        devices=("/dev/full:/dev/voll",),
        working_directory="/a/b",
    )
    box.foreground(container.id)


@kind
def names(box: Box, create: Callable[..., Container]) -> None:
    """What must be quoted, or is no ASCII at all."""
    volume = 'sp ace\\"quote\tmärchen'
    container = create(
        *("sh", "-c", "echo \"$0\" 'two\nlines' \\x", "schön"),
        domainname="example.org",
        hostname="harbour",
        volumes=(f"{box.engine.root}/{volume}:/{volume}",),
    )
    box.foreground(container.id)


@kind
def nobody(box: Box, create: Callable[..., Container]) -> None:
    """A user with groups, and other powers than the default."""
    container = create(
        "true",
        user="33:33",
        groups_add=("4", "5"),
        capabilities_add=("SYS_TIME",),
        capabilities_drop=("CHOWN",),
        security_options=("no-new-privileges",),
    )
    box.foreground(container.id)


@kind
def privileged(box: Box, create: Callable[..., Container]) -> None:
    """Everything allowed, in namespaces of the machine where that can be."""
    container = create("true", privileged=True, network="host", pid="host", uts="host")
    box.foreground(container.id)


@kind
def terminal(box: Box, create: Callable[..., Container]) -> None:
    """With a terminal of its own."""
    box.foreground(create("tty", tty=True, user="33").id)


@kind
def executed(box: Box, create: Callable[..., Container]) -> None:
    """More processes in it, by name and by terminal; held still; and ended."""
    container = create("sleep", "100", stop_signal="KILL")
    box.engine.start(container.id)
    box.execute(container.id, "true", user="33", working_directory="/tmp")
    box.execute(container.id, "tty", tty=True, privileged=True)
    with contextlib.suppress(EngineError):
        box.execute(container.id, "/nowhere")
    box.engine.pause(container.id)
    box.engine.unpause(container.id)
    box.engine.stop(container.id)


@kind
def joined(box: Box, create: Callable[..., Container]) -> None:
    """In the namespaces of another one, whose memory it shares."""
    other = create("sleep", "100", ipc="shareable", stop_signal="KILL")
    box.engine.start(other.id)
    name = f"container:{other.name}"
    box.foreground(create("true", pid=name, ipc=name).id)
    box.engine.remove(other.id, force=True)


@kind
def plugged_in(box: Box, create: Callable[..., Container]) -> None:
    """On the network bridge, whose bridge is made for it; and one beside it.

    On a network with names it would have a porter: that one is no part of a start.
    """
    box.engine.create_network("front")
    container = create("sleep", "100", network="bridge", stop_signal="KILL")
    box.engine.start(container.id)
    box.engine.restart(container.id)
    box.engine.disconnect("bridge", container.id)
    box.engine.stop(container.id)
    box.engine.remove_network("front")


@kind
def again(box: Box, create: Callable[..., Container]) -> None:
    """Started a second time."""
    container = create("sleep", "100", stop_signal="KILL")
    box.engine.start(container.id)
    box.engine.restart(container.id)
    box.engine.stop(container.id)


@kind
def removed(box: Box, create: Callable[..., Container]) -> None:
    """Removed while it runs."""
    container = create("sleep", "100", volumes=("/unnamed",))
    box.engine.start(container.id)
    box.engine.remove(container.id, force=True, volumes=True)


@kind
def refused(box: Box, create: Callable[..., Container]) -> None:
    """The kernel does not take an option of a mount."""
    container = create("true", tmpfs=("/t:uid=9999999999",))
    with contextlib.suppress(EngineError):
        box.engine.start(container.id)


@kind
def not_found(box: Box, create: Callable[..., Container]) -> None:
    """A program whose interpreter is missing: execve comes back."""
    container = create("/script")
    script = container.directory / "upper/script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with contextlib.suppress(EngineError):
        box.engine.start(container.id)


@kind
def copied(box: Box, create: Callable[..., Container]) -> None:
    """Looked into from outside, while it does not run."""
    container = create("true", volumes=("copied:/v",), read_only=True)
    box.engine.copy_out(container.id, "/etc/passwd", str(box.engine.root / "copy"))


@kind
def updated(box: Box, create: Callable[..., Container]) -> None:
    """Other limits while it runs, and files copied into it."""
    container = create("sleep", "100", memory=64 << 20, stop_signal="KILL")
    box.engine.start(container.id)
    box.engine.update(container.id, UpdateOptions(memory=32 << 20, pids_limit=9))
    box.engine.copy_in(container.id, "/etc/hostname", "/copied")
    box.engine.stop(container.id)


@kind
def committed(box: Box, create: Callable[..., Container]) -> None:
    """Frozen while its layer is packed; then the new image is run."""
    container = create("sleep", "100", stop_signal="KILL")
    box.engine.start(container.id)
    box.engine.commit(container.id, "kept")
    box.engine.stop(container.id)
    box.foreground(create("true", image="kept").id)


@kind
def many_layers(box: Box, create: Callable[..., Container]) -> None:
    """More layers than mount(2) has room for."""
    container = create("true")
    file = container.directory / "bundle/layers.json"
    layers = json.loads(file.read_text())
    for number in range(_LAYERS):
        more = box.engine.root / f"layers/one-more-of-a-very-long-name-{number}"
        more.mkdir(parents=True)
        layers["lower"].insert(1, str(more))
    file.write_text(json.dumps(layers))
    box.foreground(container.id)


if __name__ == "__main__":
    main(*sys.argv[1:])
