"""A machine with nothing on it but Debian, to set labshell up on.

mmdebstrap unpacks the packages that every Debian has, and apt: "minbase". There is no
Python in it, no busybox, no git. The result is a directory. A command in it runs in
namespaces of its own, with this machine's kernel and network; boot.sh has the steps.
With the command end all processes and mounts of the machine, so the next command
finds it as after a reboot.

How to reach packages is known to the machine that the tests run on, and is taken from
there: apt's sources, with another release's name; apt's `Acquire` settings; what pip is
told by its files and by the environment; who answers for names.

man: mmdebstrap(1), sources.list(5), apt-config(8), unshare(1)
Try it: `sudo ./lab test tests/fresh --vm -x -v`
"""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests import workshop
from tests.house.sources import tracked_files

SUITES = ("bookworm", "trixie")  # Debian 12 and 13
HOME = Path("/root/labshell")  # where the checkout is, in the machine
_BOOT = Path(__file__).with_name("boot.sh")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


class Machine:
    """A directory that is a machine. `root` must not be there yet."""

    def __init__(self, suite: str, root: Path, *packages: str):
        self.root = root
        # Its cgroups carry a hash of the engine's root: one that nobody else has.
        self.engine_root = Path("/var/lib") / f"labshell-{root.name}-{os.getpid()}"
        _debootstrap(suite, root, packages)
        for name in ("etc/resolv.conf", "etc/hosts"):
            (root / name).write_bytes((Path("/") / name).read_bytes())
        (root / "etc/apt/apt.conf.d/90host").write_text(
            _output("apt-config", "dump", "Acquire")
        )
        self._copy_checkout()

    def _copy_checkout(self) -> None:
        for path in tracked_files():
            copy = self.root / HOME.relative_to("/") / path.relative_to(workshop.HOME)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            copy.chmod(path.stat().st_mode)

    def line(self, *command: str, network: bool = True, **variables: str) -> list[str]:
        """What to start, to have `command` run in the machine, beside the checkout."""
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        if not network:
            unshare.append("--net")
        environment = {**self._environment(), **variables}
        return [
            *(*unshare, "--", str(_BOOT), str(self.root)),
            *("env", "-i", *(f"{k}={v}" for k, v in environment.items()), *command),
        ]

    def run(
        self, *command: str, network: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it, and wait for its end; stdout and stderr are kept apart."""
        return subprocess.run(
            self.line(*command, network=network, **variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "LABSHELL_ROOT": str(self.engine_root),
            **_pip_settings(),
            **{name: os.environ[name] for name in _PROXIES if name in os.environ},
        }


def _debootstrap(suite: str, root: Path, packages: tuple[str, ...]) -> None:
    listing = root.with_name(f"{root.name}.sources")
    listing.write_text("\n\n".join(sources(suite)) + "\n")
    subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase"),
            *("--dpkgopt=force-unsafe-io", *(f"--include={p}" for p in packages)),
            *(suite, str(root), str(listing)),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def sources(suite: str) -> Iterator[str]:
    """Where this machine has Debian from, for another release of it."""
    here = platform.freedesktop_os_release()["VERSION_CODENAME"]
    for path in sorted(Path("/etc/apt").glob("**/*.sources")):
        for stanza in path.read_text().split("\n\n"):
            if re.search(r"^URIs: \S+/debian(-security)?/?$", stanza, re.MULTILINE):
                yield stanza.replace(here, suite)


def _pip_settings() -> dict[str, str]:
    """All that pip is told here, as variables; the files named are below /host."""
    # The tests hide the user's own configuration from all that they start.
    user = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    listing = _output(sys.executable, "-m", "pip", "config", "list", env=user)
    found = {}
    for name, value in re.findall(r"^(\S+?)='(.*)'$", listing, re.MULTILINE):
        variable = "PIP_" + name.rpartition(".")[2].replace("-", "_").upper()
        found.setdefault(variable, re.sub(r"(^|\s|file://)/", r"\1/host/", value))
    return found


def _output(*command: str, env: dict[str, str] | None = None) -> str:
    return subprocess.run(
        command, env=env, check=True, capture_output=True, text=True
    ).stdout
