"""An engine inside a sandbox: the script has a `lab` of its own, and runs containers.

    sandbox ── users of its own, no network ───────────────────────────────────┐
    │  sh solve.sh ── lab run -d --name web busybox httpd                      │
    │                  │                                                       │
    │                  └▶ lab-spawner ─▶ lab-shim ─▶ ┌ container ┐             │
    │                                                │ httpd     │  namespaces │
    │  /var/lib/labshell: base images, containers    └───────────┘  in those of│
    │  /sys/fs/cgroup: its own part of the tree                     the sandbox│
    └──────────────────────────────────────────────────────────────────────────┘

What lies in the sandbox is an image, the house, made of copies: this machine's shell,
Python and nft with their libraries, labshell, and the assignment's base images. Nothing
of the machine is shown in it: who is root inside may make any mount writable that is
there, and files that are only shown would be those of the machine.

Root inside gets three powers more, all of them only over what belongs to the user
namespace: to mount, to make networks, and to look at other users' processes. Of the
system calls that they unlock it may make those that an engine needs (`seccomp=nested`),
and of sockets it gets no packet sockets: those take memory beyond all limits.
Its control group may have groups inside; the limits of the group itself are not its.

man: user_namespaces(7), cgroup_namespaces(7), pivot_root(2)
Try it: `with: lab` in an item of the kind `run`, and `lab assignment try`
"""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

import engine as engine_package
import labshell
from engine.engine import ContainerOptions, Engine
from engine.errors import NotFound

IMAGE = "house-of-the-sandbox"
NEEDS = 512 << 20  # bytes of a disk: the house, packed and not
ROOT = "var/lib/labshell"
_LAB = "opt/labshell"
_PROGRAMS = (
    "sh bash awk cat chgrp chmod chown cp cut date dd df du echo env expr false find "
    "grep head hostname id ip kill ln ls mkdir mkfifo mknod mktemp mount mv nft nice "
    "nsenter printf ps pwd readlink rm rmdir sed seq sleep sort stat stty sync tail "
    "tar tee test timeout touch tr true tty umount uname uniq unshare wc wget xargs"
).split()
_SECCOMP = "/usr/lib*/libseccomp.so.2", "/usr/lib/*/libseccomp.so.2"
_DEPENDENCIES = ("click", "rich", "h11", "httpx", "PyYAML")
_PLACES = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "var/tmp", ROOT)
_POWERS = ("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE")
_OPENED = ("seccomp=nested", "systempaths=unconfined", "writable-cgroups=true")
_SECONDS = 60  # for Python to be compiled
_START = """#!/bin/sh
exec {python} -I -S -c 'import gc, sys
gc.disable()
sys.argv[:1] = ["lab"]
sys.path.append("/{lab}")
from labshell.cli import main
sys.exit(main())' "$@"
"""


def opened(options: ContainerOptions) -> ContainerOptions:
    """The options of a sandbox in which an engine can work."""
    return options._replace(
        image=IMAGE,
        capabilities_add=_POWERS,
        capabilities_drop=(),  # containers inside have the usual ones
        security_options=(*options.security_options, *_OPENED),
        volumes=(f"/{ROOT}",),
    )


def make_house(engine: Engine, bases: Sequence[str]) -> None:
    """Make the image in which scripts have a `lab`, and it has the images `bases`.

    EngineError or OSError if this machine lacks what belongs in it.
    """
    with tempfile.TemporaryDirectory(dir=engine.root.parent) as directory:
        house = Path(directory, "house")
        python = Path(sys.executable).resolve()
        engine.make_rootfs(house, [str(python), *_programs()])
        _put_labshell(house, python)
        for place in _PLACES:
            (house / place).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.add(house, arcname=".")
                _add_images(tar, engine, bases, Path(directory, "engine"))
            archive.seek(0)
            engine.import_image(archive, IMAGE)


def _add_images(
    tar: tarfile.TarFile, engine: Engine, bases: Sequence[str], root: Path
) -> None:
    """What an engine has at its root that has the images, as that of the one inside."""
    packed = root.with_suffix(".tar")
    engine.save(bases, packed)
    other = Engine(root)
    try:
        with packed.open("rb") as archive:
            other.load(archive)
        tar.add(root, arcname=f"./{ROOT}")
    finally:
        other.destroy()


def _programs() -> list[str]:
    """What is there of the programs that scripts and the engine use."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    found = [shutil.which(name, path=path) for name in _PROGRAMS]
    libraries = [file for where in _SECCOMP for file in glob.glob(where)]
    return [*filter(None, found), *libraries[:1]]


def _put_labshell(house: Path, python: Path) -> None:
    """labshell and what it imports, compiled, and the program `lab`."""
    library = house / _LAB
    for package in (engine_package, labshell):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, library / source.name)
    for file in _files_of(_DEPENDENCIES):
        place = library / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(file.locate()), place)  # with its time: it is compiled
    words = ("-I", "-m", "compileall", "-q", "-s", str(house), "-p", "/", str(library))
    with contextlib.suppress(subprocess.TimeoutExpired):  # it works without, slower
        subprocess.run([str(python), *words], timeout=_SECONDS, check=False)
    program = house / "usr/local/bin/lab"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(_START.format(python=python, lab=_LAB))
    program.chmod(0o755)


def _files_of(names: Iterable[str]) -> Iterator[metadata.PackagePath]:
    """The files of installed packages, and of those that they require.

    NotFound if it is not noted which files they have.
    """
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # only for another version of Python
            continue
        if not found.files:
            raise NotFound(
                f"nobody has noted which files the Python package {name} has",
                "Install labshell into a virtual environment of its own.",
            )
        files = (file for file in found.files if file.parts[0] not in ("..", "/"))
        yield from (file for file in files if Path(str(file.locate())).is_file())
        waiting += [
            re.split(r"[^\w.-]", line, maxsplit=1)[0]
            for line in found.requires or ()
            if "extra ==" not in line
        ]
