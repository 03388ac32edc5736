"""Eight processes on one root at once, and what must be true when they are done.

    crowd.ask(3, "tag", "busybox", "own-3:1")     told, not waited for
    crowd.kill(3)                                 kill -9, and another takes its place
    crowd.settle()                                all have answered, and nothing is lost

A thing called `own-N…` is process N's alone, and what was confirmed of it must be so;
over all others the eight quarrel, and they only must be whole. What a killed process
had not answered may have happened or not.
"""

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.containers.house import House
from engine.containers.records import Records
from engine.engine import Engine
from engine.errors import NotFound
from engine.runtime.bundle import Bundle
from tests.leftovers import mounts_in

HOME = Path(__file__).parents[2]
COUNT = 8
PATIENCE = 20.0  # seconds for one answer; more is a deadlock
# What a verb that was done says of the thing it names: (kind, which word, is it there)
TELLS = {
    "create": ("container", 0, True),
    "remove": ("container", 0, False),
    "commit": ("image", 1, True),
    "tag": ("image", 1, True),
    "untag": ("image", 0, False),
    "untag_by_force": ("image", 0, False),
    "volume": ("volume", 0, True),
    "remove_volume": ("volume", 0, False),
}


class Process:
    """One of the eight, and what it has been asked and has not answered."""

    def __init__(self, root: Path) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.walker", str(root)],
            cwd=HOME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what select(2) knows of is all there is
        )

    def ask(self, verb: str, *words: str) -> None:
        """Tell it to do something; it may still be busy."""
        self.asked.append((verb, words))
        self._stdin.write(json.dumps({"verb": verb, "words": words}).encode() + b"\n")
        self._stdin.flush()

    @property
    def _stdin(self) -> Any:
        assert self._process.stdin
        return self._process.stdin

    def answer(self) -> dict[str, Any]:
        """Its next answer; one that never comes is a deadlock."""
        out = self._process.stdout
        assert out
        ready, _, _ = select.select([out], [], [], PATIENCE)
        if not ready:
            self._process.send_signal(signal.SIGABRT)  # says where it hangs
            self._process.wait()
            raise AssertionError(f"no answer to {self.asked[0]}: see stderr")
        line = out.readline()
        assert line, f"the process ended at {self.asked[0]}"
        return json.loads(line)

    def end(self, with_signal: int) -> None:
        """End it, and wait for that."""
        self._process.send_signal(with_signal)
        self._process.communicate()


class Crowd:
    """The eight, and what is known of the things that are one's own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.engine = Engine(root)
        self.processes = [Process(root) for _ in range(COUNT)]
        self.known: dict[tuple[str, str], str | None] = {}
        self.failure: Exception | None = None

    def ask(self, number: int, verb: str, *words: str) -> None:
        """Have process `number` do something when it has done what it was told."""
        self.processes[number].ask(verb, *words)

    def kill(self, number: int) -> None:
        """kill -9, in the middle of whatever it does; another takes its place."""
        process = self.processes[number]
        process.end(signal.SIGKILL)
        for _, words in process.asked:
            for word in words:
                for kind in ("container", "image", "volume"):
                    self.known.pop((kind, word), None)
        self.processes[number] = Process(self.root)

    def settle(self) -> None:
        """Wait until all is answered; then everything must be whole."""
        with self._remembered():
            self._settle()
            self.check()

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        """After the first failure nothing more is tried."""
        if self.failure:
            raise self.failure
        try:
            yield
        except Exception as error:
            self.failure = error
            raise

    def _settle(self) -> None:
        for process in self.processes:
            while process.asked:
                answer = process.answer()
                verb, words = process.asked.pop(0)
                assert "broken" not in answer, f"{verb} {words}: {answer['broken']}"
                if "done" in answer and verb in TELLS:
                    kind, position, there = TELLS[verb]
                    told = answer["done"] or "" if there else None
                    self.known[kind, words[position]] = told

    def check(self) -> None:
        """Nothing that was confirmed is lost, and nothing that is there is half."""
        nothing_is_lost(self.engine, self.known)
        names_lead_to_records(self.root)
        images_are_whole(self.engine)
        told = [n for n in self.engine.notices if not n.startswith("repaired: ")]
        assert told == []
        self.engine.notices.clear()

    def clear(self) -> None:
        """Remove everything; then nothing may be left, on the disk or the machine."""
        with self._remembered():
            skopeo_reads(self.root, self.engine)
            self._clear()
            nothing_is_left(self.root, self.engine)

    def _clear(self) -> None:
        for container in self.engine.containers(all=True):
            self.engine.remove(container.id, force=True, volumes=True)
        for volume in self.engine.volumes():
            self.engine.remove_volume(volume.name)
        for image in self.engine.images(all=True):
            for name in image.references or (image.id,):
                with suppress(NotFound):  # it went with an image made of it
                    if name != "busybox:latest":
                        self.engine.remove_image(name, force=True)
        self.engine.prune_volumes()
        self.known.clear()

    def end(self) -> None:
        """End the processes."""
        for process in self.processes:
            process.end(signal.SIGTERM)


def nothing_is_lost(engine: Engine, known: dict[tuple[str, str], str | None]) -> None:
    """What its owner was told is true."""
    containers = {c.name: c.id for c in engine.containers(all=True)}
    images = {
        name: image.id for image in engine.images(all=True) for name in image.references
    }
    volumes = {volume.name: "" for volume in engine.volumes()}
    found = {"container": containers, "image": images, "volume": volumes}
    lost = {
        (kind, name): (told, found[kind].get(name))
        for (kind, name), told in known.items()
        if name.startswith("own-") and found[kind].get(name) != told
    }
    assert lost == {}


def names_lead_to_records(root: Path) -> None:
    """Every container has its name, and nobody else's."""
    records = Records(root, [])
    names = {container.name: container.id for container in records.all()}
    assert len(names) == len(list(records.all()))
    links = [root / "names" / name for name in names]
    assert [os.path.basename(os.readlink(link)) for link in links] == [*names.values()]


def images_are_whole(engine: Engine) -> None:
    """Every blob of every image is there and is what its name says."""
    house = House(engine.root)
    entries = house.images.index.read()
    images = house.images.list()
    assert {e.digest for e in entries} == {i.manifest_digest for i in images}
    for digest in house.images.catalogue.blobs():
        with house.images.content.path(digest).open("rb") as blob:
            assert hashlib.file_digest(blob, "sha256").hexdigest() in digest
    for image in images:
        assert all(path.is_dir() for path in house.images.layer_directories(image))
    for container in engine.containers(all=True):
        layers = Bundle.read(container.directory / "bundle").layers
        assert layers and all(path.is_dir() for path in layers.lower)


def skopeo_reads(root: Path, engine: Engine) -> None:
    """Somebody else's program finds the names, and what they lead to."""
    for image in engine.images() if shutil.which("skopeo") else []:
        for name in image.references[:1]:
            look = ["skopeo", "inspect", "--config", f"oci:{root}/images:{name}"]
            shown = json.loads(subprocess.run(look, capture_output=True).stdout)
            assert shown["rootfs"]["diff_ids"] == [*image.config.diff_ids]


def nothing_is_left(root: Path, engine: Engine) -> None:
    """With only busybox there: no file, no mount and no control group but its own."""
    house = House(root)
    assert house.images.collect(), "somebody holds the store"
    wanted = {digest.partition(":")[2] for digest in house.images.catalogue.blobs()}
    assert set(os.listdir(house.images.content.blobs)) == wanted
    (busybox,) = house.images.list()
    chains = {chain.partition(":")[2] for chain in busybox.chain_ids}
    assert set(os.listdir(root / "snapshots")) == chains
    images = set(os.listdir(root / "images"))
    assert images == {"blobs", "index.json", "oci-layout"}
    for folder in ("containers", "names", "volumes"):
        assert _listed(root / folder) == []
    assert [place for place in mounts_in(root) if place != str(root)] == []


def _listed(directory: Path) -> list[str]:
    return os.listdir(directory) if directory.exists() else []
