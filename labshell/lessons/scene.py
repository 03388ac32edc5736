"""What a lesson sets up in the engine, and how all of it goes away again.

The engine is the student's own: other containers may be in it, and stay. So before a
lesson sets up anything it writes down what is there (an inventory), and while the
student learns, what comes is credited to the lesson (`news`). `:reset lesson` removes
what was credited, and puts image names back that were moved.

    servers -> containers -> networks -> names of images -> images -> volumes
    repositories of the registry         (each may be in use by one before it)

What refuses to go does not keep the rest: the first refusal is raised at the end.

Try it: `lab ps -a` before a lesson, in it, and after `:reset lesson`.
"""

import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.engine import Engine
from engine.errors import Conflict, EngineError, NotFound
from labshell.lessons.fields import LessonError
from labshell.lessons.lesson import Lesson
from labshell.lessons.record import Made
from labshell.lessons.servers import Server, forget_login, serving
from labshell.messages import translate

BASE_IMAGE = "busybox"
_EVERYBODYS = ("bridge", "host", "none")  # networks that come by themselves, and stay
_NAME = re.compile(r"[\w./-]+(?::[\w.-]+)?")  # of a container, image or volume


def inventory(engine: Engine) -> Made:
    """Everything that is in the engine now."""
    images = engine.images(all=True)
    return Made(
        containers=[container.id for container in engine.containers(all=True)],
        images=[image.id for image in images],
        references={name: image.id for image in images for name in image.references},
        volumes=[volume.name for volume in engine.volumes()],
        networks=[network.name for network in engine.networks()],
        servers=[server.address for server in serving(engine)],
        repositories=engine.registry.repositories(),
    )


def news(before: Made, now: Made) -> Made:
    """What is there now and was not before, or is another image by the same name."""
    return Made(
        containers=[id for id in now.containers if id not in before.containers],
        images=[id for id in now.images if id not in before.images],
        references={
            name: id
            for name, id in now.references.items()
            if before.references.get(name) != id
        },
        volumes=[name for name in now.volumes if name not in before.volumes],
        networks=[
            name
            for name in now.networks
            if name not in before.networks and name not in _EVERYBODYS
        ],
        servers=[name for name in now.servers if name not in before.servers],
        repositories=[
            name for name in now.repositories if name not in before.repositories
        ],
    )


def mentioned(engine: Engine, made: Made, text: str) -> Made:
    """Those of the things in `made` whose names are words of `text`."""
    words = set(_NAME.findall(text))
    return Made(
        containers=[id for id in made.containers if engine.container(id).name in words],
        references={
            name: id
            for name, id in made.references.items()
            if words & {name, name.removesuffix(":latest")}
        },
        volumes=[name for name in made.volumes if name in words],
        networks=[name for name in made.networks if name in words],
        servers=[
            server.address
            for server in serving(engine)
            if server.address in made.servers and server.words <= words
        ],
        repositories=[
            name
            for name in made.repositories
            if any(f"/{name}" == word.partition(":")[0] for word in words)
        ],
    )


def credit(made: Made, more: Made) -> bool:
    """Add `more` to what a lesson has made; was there anything?"""
    for known, new in (
        (made.containers, more.containers),
        (made.images, more.images),
        (made.volumes, more.volumes),
        (made.networks, more.networks),
        (made.servers, more.servers),
        (made.repositories, more.repositories),
    ):
        known.extend(item for item in new if item not in known)
    made.references.update(more.references)
    return more != Made()


def world(engine: Engine) -> str:
    """Which engine, in which life of this machine: containers end with either."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{engine.root} {boot}"


def ensure_programs(lesson: Lesson) -> None:
    """LessonError if a program that the lesson uses is not installed."""
    missing = [name for name in lesson.programs if shutil.which(name) is None]
    if missing:
        names = " ".join(missing)
        needs = translate("{lesson} needs {programs}")
        raise LessonError(
            needs.format(lesson=lesson.name, programs=names),
            f"`apt-get install {names}`",
        )


def ensure_base_image(engine: Engine) -> None:
    """Have the base image made now, so that it counts as there before the lesson."""
    try:
        engine.image(BASE_IMAGE)
    except NotFound:
        return  # the setup will say so, in the engine's words


def clear(engine: Engine, made: Made, before: Made) -> list[str]:
    """Remove what a lesson has made; returns the names of what was removed."""
    clearing = _Clearing()
    for server in serving(engine):
        if server.address in made.servers:
            clearing.take(partial(_end, server))
    for address in made.servers:
        clearing.take(partial(forget_login, engine, address))
    for name in made.repositories:
        clearing.take(partial(_remove_repository, engine, name))
    for id in made.containers:
        clearing.take(partial(_remove_container, engine, id))
    for name in made.networks:
        clearing.take(partial(_remove_network, engine, name))
    for name in made.references:
        clearing.take(partial(_take_back, engine, name, before.references.get(name)))
    clearing.take(partial(_remove_images, engine, list(made.images)))
    for name in made.volumes:
        clearing.take(partial(_remove_volume, engine, name))
    if clearing.refused:
        raise EngineError(clearing.refused[0].message, clearing.refused[0].hint)
    return clearing.removed


class _Clearing:
    """What went, and what refused to: one refusal must not keep all the rest."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.refused: list[EngineError] = []

    def take(self, remove: Callable[[], str]) -> None:
        """Remove one thing; `remove` returns what to call it, or nothing."""
        try:
            self.removed += filter(None, [remove()])
        except NotFound:
            return  # the student has removed it
        except EngineError as error:
            self.refused.append(error)


def _end(server: Server) -> str:
    """End a server that the lesson has started; what it serves would live on."""
    server.stop()
    return server.name


def _remove_repository(engine: Engine, name: str) -> str:
    engine.registry.remove(name)
    return f"repository {name}"


def _remove_container(engine: Engine, id: str) -> str:
    name = engine.container(id).name
    engine.remove(id, force=True, volumes=True)
    return f"container {name}"


def _remove_network(engine: Engine, name: str) -> str:
    engine.remove_network(name)
    return f"network {name}"


def _remove_volume(engine: Engine, name: str) -> str:
    engine.volume(name)
    engine.remove_volume(name, force=True)
    return f"volume {name}"


def _take_back(engine: Engine, name: str, before: str | None) -> str:
    """Take back a name of an image that the lesson gave, or moved."""
    if before is not None:
        engine.tag(before, name)
        return ""
    engine.remove_image(name, force=True)
    return f"image {name}"


def _remove_images(engine: Engine, ids: list[str]) -> str:
    """Remove images that have no name left; an image goes after those made of it."""
    while ids:
        left = []
        for id in ids:
            try:
                engine.remove_image(id, force=True)
            except NotFound:
                continue
            except Conflict as error:
                left.append((id, error))
        if len(left) == len(ids):
            raise EngineError(left[0][1].message, left[0][1].hint)
        ids = [id for id, _ in left]
    return ""
