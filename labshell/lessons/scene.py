"""What a lesson sets up in the engine, and how all of it goes away again.

The engine is the student's own: other containers may be in it, and stay. So before a
lesson sets up anything it writes down what is there (an inventory), and while the
student learns, what comes is credited to the lesson (`news`). `:reset lesson` removes
what was credited, and puts image names back that were moved.

    containers -> names of images -> images -> volumes
                                     (each is in use by the one before)

Try it: `lab ps -a` before a lesson, in it, and after `:reset lesson`.
"""

import re
from pathlib import Path

from engine.engine import Engine
from engine.errors import Conflict, EngineError, NotFound
from labshell.lessons.fields import LessonError
from labshell.lessons.lesson import Lesson
from labshell.lessons.lines import run_hidden
from labshell.lessons.progress import Made

BASE_IMAGE = "busybox"
_NAME = re.compile(r"[\w./-]+(?::[\w.-]+)?")  # of a container, image or volume


def inventory(engine: Engine) -> Made:
    """Everything that is in the engine now."""
    images = engine.images(all=True)
    return Made(
        containers=[container.id for container in engine.containers(all=True)],
        images=[image.id for image in images],
        references={name: image.id for image in images for name in image.references},
        volumes=[volume.name for volume in engine.volumes()],
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
    )


def credit(made: Made, more: Made) -> bool:
    """Add `more` to what a lesson has made; was there anything?"""
    for known, new in (
        (made.containers, more.containers),
        (made.images, more.images),
        (made.volumes, more.volumes),
    ):
        known.extend(item for item in new if item not in known)
    made.references.update(more.references)
    return bool(more.containers or more.images or more.references or more.volumes)


def world(engine: Engine) -> str:
    """Which engine, in which life of this machine: containers end with either."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{engine.root} {boot}"


def ensure_base_image(engine: Engine) -> None:
    """Have the base image made now, so that it counts as there before the lesson."""
    try:
        engine.image(BASE_IMAGE)
    except NotFound:
        return  # the setup will say so, in the engine's words


def run_lines(engine: Engine, lesson: Lesson, lines: str) -> None:
    """Run bash lines that make what a step of the lesson needs."""
    finished = run_hidden(engine, lines)
    if finished.code != 0:
        raise LessonError(
            f"{lesson.name} could not be set up: {finished.last_words}",
            "If a name is taken, rename or remove what has it; then `:reset lesson`.",
        )


def clear(engine: Engine, made: Made, before: Made) -> list[str]:
    """Remove what a lesson has made; returns the names of what was removed."""
    removed = []
    for id in made.containers:
        try:
            name = engine.container(id).name
            engine.remove(id, force=True, volumes=True)
        except NotFound:
            continue
        removed.append(f"container {name}")
    removed += _clear_references(engine, made, before)
    _clear_images(engine, list(made.images))
    for volume in made.volumes:
        try:
            engine.volume(volume)
            engine.remove_volume(volume, force=True)
        except NotFound:
            continue
        removed.append(f"volume {volume}")
    return removed


def _clear_references(engine: Engine, made: Made, before: Made) -> list[str]:
    """Take back the names of images that the lesson gave, or moved."""
    removed = []
    for name in made.references:
        try:
            if name in before.references:
                engine.tag(before.references[name], name)
            else:
                engine.remove_image(name, force=True)
                removed.append(f"image {name}")
        except NotFound:
            continue
    return removed


def _clear_images(engine: Engine, ids: list[str]) -> None:
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
