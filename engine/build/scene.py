"""The scene: what a step that failed has left, to be looked at.

    the container      as the command left it: its read-write layer, its log
    what was before    an image, the one that the step had started from

Nothing is committed of it. Whoever wants to look around makes an image of the
container, and runs a shell in that: `lab scene` does it with the variables, the user
and the directory of the step.

Try it: `printf 'FROM busybox\\nRUN echo x > /x; false\\n' | lab build -; lab scene`
"""

from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import NotFound

LABEL = "org.labshell.build"  # of a container of a build: which step it was


def newest(house: House) -> Container:
    """The container that the last step that failed has left. NotFound if none has."""
    for container in house.records.all():
        if LABEL in container.labels and not container.active:
            return container
    raise NotFound(
        "no failed step of a build has left a container",
        "`lab build` keeps one when a RUN fails, unless --force-rm is given.",
    )
