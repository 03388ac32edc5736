"""The verbs whose every act is failed and killed, and what each is about.

    Verb(call)      which of caller.py's; `prepare` makes what it needs, and gives the
                    words that the call gets

Each round has things of its own, so that one does not depend on another.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.engine import TransferProgress
from tests.engine.boxes import LASTS, Box

Words = tuple[str, ...]
NAME = "mine"


class Bench(NamedTuple):
    """Where rounds take place: an engine, and a directory for files beside it."""

    box: Box
    files: Path
    archive: Path  # that `load` can read
    tree: Path  # a tar of files, for `import`
    registry: str = ""  # the address of one, for a verb that talks with it


class Verb(NamedTuple):
    """One verb: the call, what it is about, and what to do before.

    `known`: what other verbs do too, all of whose acts fail there: here only some do.
    `begins`: `prepare` runs a container, and so proves that the round before has left
    an engine that can. `carries`: it talks with a registry.
    """

    name: str
    call: str
    prepare: Callable[[Bench], Words]
    known: frozenset[str] = frozenset()
    begins: bool = False
    carries: bool = False


def _new(bench: Bench) -> Words:
    return (NAME,)


def _created(bench: Bench) -> Words:
    bench.box.create(*LASTS, name=NAME)
    return (NAME,)


def _with_volumes(bench: Bench) -> Words:
    bench.box.create(*LASTS, name=NAME, volumes=("/anonymous", "own:/v"))
    return (NAME,)


def _shifted(bench: Bench) -> Words:
    """One of users that are nobody outside, on a network, with a volume and a group."""
    asked = {"network": "front", "volumes": ("own:/data",), "user_namespace": "auto"}
    asked["security_options"] = ("writable-cgroups=true",)
    _network(bench)
    bench.box.create(*LASTS, name=NAME, **asked)
    return (NAME,)


def _begun(bench: Bench) -> Words:
    bench.box.begin(name=NAME)
    return (NAME,)


def _paused(bench: Bench) -> Words:
    bench.box.begin(name=NAME)
    bench.box.engine.pause(NAME)
    return (NAME,)


def _with(prepare: Callable[[Bench], Words], *words: str) -> Callable[[Bench], Words]:
    return lambda bench: (*prepare(bench), *words)


def _with_file(prepare: Callable[[Bench], Words]) -> Callable[[Bench], Words]:
    return lambda bench: (*prepare(bench), str(bench.files / "file"))


def _changed(bench: Bench) -> Words:
    container = bench.box.create(*LASTS, name=NAME)
    (container.directory / "upper" / "new").write_text("new")
    return (NAME, "committed")


def _changed_and_begun(bench: Bench) -> Words:
    words = _changed(bench)
    bench.box.engine.start(NAME)
    return words


def _to_copy(prepare: Callable[[Bench], Words]) -> Callable[[Bench], Words]:
    def made(bench: Bench) -> Words:
        (bench.files / "source").mkdir(exist_ok=True)
        (bench.files / "source" / "f").write_text("f")
        return (*prepare(bench), str(bench.files / "source"))

    return made


def _released(bench: Bench) -> Words:
    """A --rm container that has ended, and that nobody has removed yet."""
    container = bench.box.create("true", name=NAME, volumes=("/anonymous",))
    bench.box.foreground(NAME)
    return (str(container.directory),)


def _plugged_in(bench: Bench) -> Words:
    _network(bench)
    asked = {"network": "front", "ports": ("127.0.0.1::80", "53/udp")}
    bench.box.create(*LASTS, name=NAME, **asked)
    return (NAME,)


def _begun_on_network(bench: Bench) -> Words:
    words = _plugged_in(bench)
    bench.box.engine.start(NAME)
    return words


def _begun_beside_network(bench: Bench) -> Words:
    _network(bench)
    bench.box.begin(name=NAME, network="bridge")
    return ("front", NAME)


def _network(bench: Bench) -> Words:
    bench.box.engine.create_network("front")
    return ("front",)


def _tagged(bench: Bench) -> Words:
    bench.box.engine.tag("busybox", "other:1")
    return ("other:1",)


def _committed(bench: Bench) -> Words:
    _changed(bench)
    bench.box.engine.commit(NAME, "committed")
    bench.box.engine.remove(NAME)
    return ("committed",)


def _unpacked(bench: Bench) -> Words:
    words = _committed(bench)
    bench.box.run("true", image="committed")
    return words


def _volume(bench: Bench) -> Words:
    volume = bench.box.engine.create_volume("own")
    (volume.mountpoint / "file").write_text("kept")
    return ("own",)


def _context(bench: Bench) -> Words:
    """What has a COPY, a RUN, an ADD of a tar, and nothing else in it."""
    context = bench.files / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "f").write_text("f")
    shutil.copy(bench.tree, context / "tree.tar")
    return (str(context),)


def _to_push(bench: Bench) -> Words:
    """An image whose upper layer no registry has seen."""
    name = f"{bench.registry}/shop:1"
    return (bench.box.image(name, {"new": os.urandom(16).hex()}),)


def _to_pull(bench: Bench) -> Words:
    """An image that only the registry has; its lower layer is here."""
    (name,) = _to_push(bench)
    bench.box.engine.push(name, TransferProgress())
    bench.box.engine.remove_image(name)
    return (name,)


DOCKERFILE = """\
FROM busybox
COPY f /srv/
RUN echo r > /r; rm /etc/group
ADD tree.tar /srv/tree/
"""

VERBS = (
    Verb("create", "create_whole", _new),
    Verb("start", "start", _created),
    Verb("run --rm", "run", _with(_new, "true")),
    Verb("start --userns auto", "start", _shifted),
    Verb("exec", "execute", _with(_begun, "true"), begins=True),
    Verb("exec -t", "execute_on_terminal", _with(_begun, "true"), begins=True),
    Verb("commit", "commit", _changed),
    Verb("commit of one that runs", "commit", _changed_and_begun, begins=True),
    Verb("stop", "stop", _begun, begins=True),
    Verb("kill", "kill", _begun, begins=True),
    Verb("restart", "restart", _begun, begins=True),
    Verb("pause", "pause", _begun, begins=True),
    Verb("unpause", "unpause", _paused, begins=True),
    Verb("rm", "remove_stopped", _with_volumes),
    Verb("rm -f", "remove", _begun, begins=True),
    Verb("removal of a --rm container", "released", _released, begins=True),
    Verb("cp in", "copy_in", _to_copy(_created)),
    Verb("cp into one that runs", "copy_in", _to_copy(_begun), begins=True),
    Verb("cp out", "copy_out", _with_file(_created)),
    Verb("update", "update", _begun, begins=True),
    Verb("rename", "rename", _with(_created, "other")),
    Verb("load", "load", lambda bench: (str(bench.archive),)),
    Verb("save", "save", lambda bench: ("busybox", str(bench.files / "file"))),
    Verb("import", "import_image", lambda bench: (str(bench.tree), "imported")),
    Verb("export", "export", _with_file(_created)),
    Verb("tag", "tag", lambda bench: ("busybox", "other:1")),
    Verb("rmi of a name", "untag", _tagged),
    Verb("rmi", "untag", _committed),
    Verb("rmi of what was run", "untag", _unpacked, begins=True),
    Verb("start on a network", "start", _plugged_in),
    Verb("rm -f on a network", "remove", _begun_on_network, begins=True),
    Verb("network create", "network", lambda bench: ("front",)),
    Verb("network connect", "connect", _begun_beside_network, begins=True),
    Verb("network disconnect", "disconnect", _with(_begun_on_network), begins=True),
    Verb("volume create", "volume", lambda bench: ("own",)),
    Verb("volume rm", "remove_volume", _volume),
    Verb("pull", "pull", _to_pull, carries=True),
    Verb("push", "push", _to_push, carries=True),
    Verb("build", "build", _context, known=frozenset({"create", "start", "end"})),
)


def tar_of(directory: Path, out: Path) -> Path:
    """A tar of one file."""
    directory.mkdir()
    (directory / "file").write_text("in a layer")
    subprocess.run(["tar", "-cf", out, "-C", directory, "file"], check=True)
    return out
