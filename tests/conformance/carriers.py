"""Clients of registries that carry an image: labshell, docker and skopeo.

    carrier.pull("127.0.0.1:5000/x:1")          the digest of the manifest that came
    carrier.push("127.0.0.1:5001/y:1", source)  … of the one that was taken there
    carrier.forget(names)                       or the next pull has nothing to do

What labshell and skopeo push is the manifest that they have pulled. docker writes a new
one, in its own format, and its config anew: so it has another digest, but always the
same.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Protocol

from tests.benchmarks import rivals
from tests.conformance.registries import Server
from tests.shell.lines import Done, Lab

PLAIN = ["-q", "--src-tls-verify=false", "--dest-tls-verify=false"]
SAME = [*PLAIN, "--preserve-digests"]


class Carrier(Protocol):
    """What every client can."""

    def pull(self, name: str) -> str: ...
    def push(self, name: str, source: str) -> str: ...
    def forget(self, *names: str) -> None: ...


class Skopeo:
    """It carries from registry to registry; what it pulls lies in a layout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _place(self, name: str) -> Path:
        return self._folder / re.sub("[:/]", "-", name)

    def pull(self, name: str) -> str:
        """Into a layout of its own."""
        place = self._place(name)
        skopeo("copy", *SAME, f"docker://{name}", f"oci:{place}:1")
        return digest_in(place, "1")

    def push(self, name: str, source: str) -> str:
        """What was pulled as `source`."""
        skopeo("copy", *SAME, f"oci:{self._place(source)}:1", f"docker://{name}")
        return digest_of(name)

    def forget(self, *names: str) -> None:
        """Remove the layouts."""
        for name in names:
            shutil.rmtree(self._place(name), ignore_errors=True)


class Labshell:
    """`lab`, typed."""

    def __init__(self, root: Path) -> None:
        self._lab = Lab(root)

    def pull(self, name: str) -> str:
        """As a student does it."""
        return said_digest(done(self._lab("pull", name)))

    def push(self, name: str, source: str) -> str:
        """The same image under another name."""
        done(self._lab("tag", source, name))
        return said_digest(done(self._lab("push", name)))

    def forget(self, *names: str) -> None:
        """Remove the images."""
        done(self._lab("rmi", "-f", *names))


class Docker:
    """docker, with a daemon of its own."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def pull(self, name: str) -> str:
        """As a student does it."""
        return said_digest(rivals.run(*self.words, "pull", name))

    def push(self, name: str, source: str) -> str:
        """The same image under another name."""
        rivals.run(*self.words, "tag", source, name)
        return said_digest(rivals.run(*self.words, "push", name))

    def forget(self, *names: str) -> None:
        """Remove the images."""
        rivals.run(*self.words, "rmi", "-f", *names)


def skopeo(*words: str) -> str:
    return rivals.run("skopeo", "--insecure-policy", *words)


def bring(layout: Path, server: Server, image: str) -> str:
    """Bring an image of a layout to a registry; its name, as docker writes it."""
    name = f"{server.address}/skopeo/{image}:1"
    skopeo("copy", *SAME, f"oci:{layout}:{image}", f"docker://{name}")
    return name


def digest_of(name: str) -> str:
    """The digest of the manifest, as the registry has it."""
    words = ["inspect", "--no-tags", "--tls-verify=false", "-f", "{{.Digest}}"]
    return skopeo(*words, f"docker://{name}")


def digest_in(layout: Path, image: str) -> str:
    """The digest of the manifest, as the layout has it."""
    for entry in json.loads((layout / "index.json").read_text())["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] == image:
            return str(entry["digest"])
    raise LookupError(image)


def done(line: Done) -> str:
    """What a line of `lab` that went well has printed."""
    assert line.code == 0, line.err
    return line.out


def said_digest(printed: str) -> str:
    """What docker and labshell say at the end of a push or a pull."""
    found = re.search(r"[dD]igest: (sha256:[0-9a-f]{64})", printed)
    assert found, printed
    return found[1]
