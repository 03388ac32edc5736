"""A Python, as files: what it needs to run stands in no header, so it is asked.

    the program              and its libraries: as for any program (rootfs.py)
    the standard library     .py files, and what they were compiled to
    its compiled modules     ssl, sqlite3 …: each with the libraries that it asks for
    certificates             whom TLS believes, where its OpenSSL looks for them
    pip                      out of the wheel that `ensurepip` keeps
    /tmp, /root, passwd      what programs take for granted

Left out: what is only for tests and windows, and the packages that were installed on
this machine. All lies where it lies here, for a Python finds its library by its own
place; /usr/local/bin gets the names `python` and `pip`.

A virtual environment's python, or a shim that chooses among several, is a way to a
Python and not one itself: the one behind it is taken.

man: python3(1); the documentation of site, sysconfig and ensurepip
Try it: `lab rootfs make /tmp/r sh python3; chroot /tmp/r python -m pip --version`
"""

import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.errors import ImageError
from engine.files import closing
from engine.images import transplant
from engine.kernel import paths

_NAME = re.compile(r"python(3(\.\d+)?t?)?")
_TIMEOUT = 20  # seconds; even a shim answers within one
_LINKS = Path("/usr/local/bin")
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")  # where Debian keeps them
_LEFT_OUT = re.compile(
    r"tests?|idlelib|tkinter|turtledemo|ensurepip|(site|dist)-packages|config-.*"
)
_OWNERS = {
    "passwd": b"root:x:0:0:root:/root:/bin/sh\n"
    b"nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "group": b"root:x:0:\nnogroup:x:65534:\n",
}
# -I: what the caller's environment says of Python is not this Python's.
_WHO = "import os, sys; print(os.path.realpath(sys.executable))"
_WHAT = """
import json, sys, sysconfig
paths = sysconfig.get_paths()
try:
    import ssl
    certificates = ssl.get_default_verify_paths().openssl_cafile
except ImportError:
    certificates = ""
print(json.dumps({
    "library": paths["stdlib"],
    "packages": paths["purelib"],
    "scripts": paths["scripts"],
    "tag": sys.implementation.cache_tag,
    "certificates": certificates,
    "wheels": sysconfig.get_config_var("WHEEL_PKG_DIR") or "",
}))
"""


class Python(NamedTuple):
    """What a Python says about itself: its file, and where it looks for what.

    `tag` is in the names of compiled files: "cpython-311".
    """

    program: Path
    library: Path
    packages: Path
    scripts: Path
    tag: str
    certificates: str
    wheels: str


def is_named_so(path: Path) -> bool:
    """Whether a program has the name of a Python."""
    return bool(_NAME.fullmatch(path.name))


def ask(program: Path) -> Python:
    """What the Python behind `program` says about itself. ImageError if it cannot."""
    real = Path(_said(program, _WHO).strip())
    try:
        said = {
            name: str(text) for name, text in json.loads(_said(real, _WHAT)).items()
        }
        return Python(
            program=real,
            library=Path(said["library"]),
            packages=Path(said["packages"]),
            scripts=Path(said["scripts"]),
            tag=said["tag"],
            certificates=said["certificates"],
            wheels=said["wheels"],
        )
    except (ValueError, LookupError, AttributeError) as error:
        raise _strange(real, str(error)) from error


def _said(program: Path, script: str) -> str:
    import subprocess

    try:
        done = subprocess.run(
            [program, "-I", "-c", script],
            capture_output=True,
            check=True,
            timeout=_TIMEOUT,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _strange(program, str(error)) from error
    return os.fsdecode(done.stdout)


def _strange(program: Path, why: str) -> ImageError:
    return ImageError(
        f"{program} does not say what it is: {why}", f"Does `{program} -V` work?"
    )


def library(python: Python) -> Iterator[Path]:
    """The files of the standard library, and the certificates."""
    for directory, below, names in os.walk(python.library):
        below[:] = sorted(name for name in below if not _LEFT_OUT.fullmatch(name))
        for name in sorted(names):
            path = Path(directory, name)
            if name.endswith(".pyc"):
                wanted = name.endswith(f".{python.tag}.pyc")
            else:  # what keeps pip from touching this machine's Python stays here
                wanted = name != "EXTERNALLY-MANAGED"
            if wanted and path.is_file():
                yield path
    if bundle := _certificates(python):
        yield bundle


def _certificates(python: Python) -> Path | None:
    places = [Path(python.certificates), _BUNDLE] if python.certificates else []
    return next((path for path in places if path.is_file()), None)


def furnish(python: Python, root: int) -> None:
    """What is no copy: names, places, and pip, below the open directory `root`."""
    for name in ("python", "python3"):
        transplant.put_link(root, _LINKS, name, str(python.program))
    bundle, place = _certificates(python), Path(python.certificates)
    if bundle and bundle != place:
        transplant.put_link(root, place.parent, place.name, str(bundle))
    _make_place(root, "/tmp", 0o1777)
    # Who is not root finds no Python in a directory that is root's alone.
    hidden = python.program.is_relative_to("/root")
    _make_place(root, "/root", 0o755 if hidden else 0o700)
    for name, content in _OWNERS.items():
        if paths.read_inside(root, f"/etc/{name}") is None:
            transplant.write(root, Path("/etc", name), content)
    if wheel := _pip(python):
        _install(python, wheel, root)


def _make_place(root: int, path: str, mode: int) -> None:
    os.close(paths.make_directory(root, path))
    with closing(paths.open_directory(root, path)) as made:
        os.fchmod(made, mode)


def _pip(python: Python) -> Path | None:
    """The wheel of pip that this Python would install; None if it has none.

    Debian has it in a package of its own, which python3-venv brings.
    """
    bundled = python.library / "ensurepip" / "_bundled"
    for directory in (Path(python.wheels or bundled), bundled):
        for wheel in sorted(directory.glob("pip-*.whl"), reverse=True):
            return wheel
    return None


def _install(python: Python, wheel: Path, root: int) -> None:
    """Install pip: a wheel is a zip of what goes into the directory for packages."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                place = python.packages / member.filename
                transplant.write(root, place, archive.read(member))
    script = (
        f"#!{python.program}\n"
        "import sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
    )
    for name in ("pip", "pip3"):
        transplant.write(root, python.scripts / name, script.encode(), 0o755)
        if python.scripts != _LINKS:
            transplant.put_link(root, _LINKS, name, str(python.scripts / name))
    _compile(python, root)


def _compile(python: Python, root: int) -> None:
    """Compile it, as an installer does, so that not every container has to.

    It is inside another root, where its files will have other names: -s and -p.
    """
    import subprocess

    above = f"/proc/self/fd/{root}"
    words = ["-I", "-m", "compileall", "-q", "-s", above, "-p", "/"]
    command = [os.fspath(python.program), *words, f"{above}{python.packages}"]
    with suppress(subprocess.TimeoutExpired):  # it works without, only slower
        subprocess.run(command, pass_fds=[root], timeout=60, check=False)
