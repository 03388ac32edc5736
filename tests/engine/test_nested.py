"""An engine inside a container with users of its own: where root is nobody outside."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import ContainerOptions, Engine
from tests.house.sources import HOME
from tests.shell.lines import Lab
from tests.tars import archive, folder, link, regular

pytestmark = pytest.mark.require("root", "overlay")
SELDOM = ("usr", "proc", "sys", "dev", "etc", "run", "tmp", "var", "var/lib")
ROOT = "/var/lib/labshell"
FETCH = ("wget", "-q", "-O", "-", "http://web/passwd")
DOCKERFILE = "FROM busybox\nRUN mkdir /srv && echo hi > /srv/word && rm /etc/group\n"
OPENED = ("seccomp=nested", "systempaths=unconfined", "writable-cgroups=true")


class Inner:
    """`lab` lines in a container of an engine."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine, self._container = engine, container
        self._lab = Lab(Path(ROOT))

    def __call__(self, *words: str) -> str:
        """Run a line, and give all that it prints; it must succeed."""
        return self.run(*self._lab.command(*words))

    def run(self, *command: str, stdin: bytes = b"") -> str:
        """Run any program likewise."""
        outer = Lab(self._engine.root)
        done = outer("exec", "-i", self._container, *command, stdin=stdin)
        assert done.code == 0, done.out + done.err
        return done.out


@pytest.fixture
def inner(engine: Engine) -> Iterator[Inner]:
    """An engine in a container that may do what an engine needs, and no more."""
    names = ("bin", "lib", "lib64")
    tree = [*map(folder, SELDOM), *(link(name, f"usr/{name}") for name in names)]
    tar = archive(*tree, regular("etc/passwd", b"root:x:0:0::/:/bin/sh\n"))
    engine.import_image(io.BytesIO(tar), "machine")
    python = [sys.prefix, sys.base_prefix, *(p for p in sys.path if "-packages" in p)]
    shown = {"/usr", str(HOME), *map(os.path.realpath, python)}
    options = ContainerOptions(
        image="machine",
        command=("/bin/sh", "-c", "while :; do sleep 1000; done"),
        user_namespace="auto",
        network="none",
        capabilities_add=("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"),
        security_options=("no-new-privileges", *OPENED),
        volumes=(*(f"{path}:{path}:ro" for path in sorted(shown)), f"inner:{ROOT}"),
    )
    container = engine.create(options)
    engine.start(container.id)
    found = Inner(engine, container.id)
    written = "mkdir /tmp/context; cat > /tmp/context/Dockerfile"
    found.run("/bin/sh", "-c", written, stdin=DOCKERFILE.encode())
    yield found
    engine.remove(container.id, force=True)
    engine.remove_volume("inner")
    engine.remove_image("machine")


def test_it_builds_and_runs_containers(inner: Inner) -> None:
    assert "Successfully built" in inner("build", "-t", "mine", "/tmp/context")
    said = inner("run", "--rm", "--network", "none", "mine", "cat", "/srv/word")
    assert said == "hi\n"


@pytest.mark.vm
def test_what_is_removed_or_made_anew_in_a_container_is_so_in_its_image(
    inner: Inner,
) -> None:
    inner("build", "-t", "mine", "/tmp/context")
    again = "rm /srv/word; rmdir /srv; mkdir /srv; touch /srv/new; rm /etc/passwd"
    inner("run", "--name", "box", "--network", "none", "mine", "sh", "-c", again)
    inner("commit", "box", "other")
    said = inner("run", "--rm", "--network", "none", "other", "ls", "/srv", "/etc")
    assert "new" in said and not {"word", "passwd", "group"} & {*said.split()}


def test_its_containers_meet_on_a_network(inner: Inner) -> None:
    inner("run", "-d", "--name", "web", "busybox", "httpd", "-f", "-h", "/etc")
    inner("network", "create", "lan")
    inner("network", "connect", "lan", "web")
    said = inner("run", "--rm", "--network", "lan", "busybox", *FETCH)
    assert said.startswith("root:")
    inner("rm", "-f", "web")
    inner("network", "rm", "lan")


def test_its_containers_make_no_devices(inner: Inner) -> None:
    tried = "mknod /d b 8 0 2>/dev/null || echo refused; echo x > /dev/null"
    said = inner("run", "--rm", "--network", "none", "busybox", "sh", "-c", tried)
    assert said == "refused\n"
