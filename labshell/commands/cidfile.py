"""--cidfile: the ID of a new container, in a file, for a script that comes later.

The file is made before the container, and only if it is not there: so two lines with
one file cannot both succeed. If no container comes of it, it goes again.

man: open(2) on O_EXCL
Try it: `lab run -d --cidfile box.cid busybox sleep 60; lab rm -f $(cat box.cid)`
"""

import os

from engine.engine import Container, ContainerOptions, Engine
from engine.errors import Conflict


def create_noted(engine: Engine, options: ContainerOptions, file: str) -> Container:
    """Make a container, and write its ID to `file`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(file, flags, 0o644)
    except FileExistsError as error:
        raise Conflict(
            "container ID file found, make sure the other container isn't running or "
            f"delete {file}",
            "Each container needs a file of its own.",
        ) from error
    try:
        container = engine.create(options)
        os.write(descriptor, container.id.encode())
    except BaseException:
        os.unlink(file)
        raise
    finally:
        os.close(descriptor)
    return container
