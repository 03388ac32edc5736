"""One of the processes that use a store at once: it does what it is told, in order.

    {"verb": "tag", "words": ["busybox", "own-3:1"]}     comes on stdin, a line each
    {"done": null}, {"refused": "No such …"}             goes to stdout, as often

What the engine refuses in its own words (NotFound, Conflict, InvalidState …) is an
ordinary answer: others are at work. Anything else is `broken`, with the traceback.
SIGABRT prints where a process hangs.

Try it: see tests/faults/crowd.py
"""

import faulthandler
import json
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from engine.engine import ContainerOptions, Engine
from engine.errors import DigestMismatch, EngineBroken, EngineError


class Verbs:
    """The verbs that the crowd knows, each with plain words."""

    def __init__(self, root: Path) -> None:
        self.engine = Engine(root)

    def create(self, name: str, image: str, *volumes: str) -> str:
        options = ContainerOptions(
            image=image,
            name=name,
            command=("sleep", "1000"),
            volumes=volumes,
            network="none",
        )
        return self.engine.create(options).id

    def start(self, name: str) -> None:
        self.engine.start(name)

    def kill(self, name: str) -> None:
        self.engine.kill(name)

    def rename(self, name: str, new: str) -> None:
        self.engine.rename(name, new)

    def remove(self, name: str) -> None:
        self.engine.remove(name, force=True, volumes=True)

    def write(self, name: str, text: str) -> None:
        """Change a container's files, as a program in it would."""
        upper = self.engine.container(name).directory / "upper"
        if upper.is_dir():
            (upper / "text").write_text(text)

    def commit(self, name: str, image: str) -> str:
        return self.engine.commit(name, image).id

    def tag(self, image: str, new: str) -> str:
        self.engine.tag(image, new)
        return self.engine.image(new).id

    def untag(self, name: str) -> None:
        self.engine.remove_image(name)

    def untag_by_force(self, name: str) -> None:
        self.engine.remove_image(name, force=True)

    def save_and_load(self, name: str) -> None:
        with tempfile.TemporaryFile() as file:
            self.engine.save([name], file.fileno())
            file.seek(0)
            self.engine.load(file)

    def prune(self) -> None:
        self.engine.prune_images()
        self.engine.prune_volumes()

    def volume(self, name: str) -> None:
        self.engine.create_volume(name)

    def remove_volume(self, name: str) -> None:
        self.engine.remove_volume(name)

    def look(self) -> None:
        self.engine.containers(all=True)
        self.engine.images(all=True)
        self.engine.volumes()


def answer(verbs: Verbs, line: str) -> dict[str, Any]:
    asked = json.loads(line)
    try:
        return {"done": getattr(verbs, asked["verb"])(*asked["words"])}
    except (EngineBroken, DigestMismatch):
        return {"broken": traceback.format_exc()}
    except EngineError as error:
        return {"refused": error.message}
    except Exception:
        return {"broken": traceback.format_exc()}


def main() -> None:
    faulthandler.enable()
    verbs = Verbs(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(answer(verbs, line)), flush=True)


if __name__ == "__main__":
    main()
