"""Docker's client, for the lessons that are about a server and those who ask it.

A lesson says `docker: true`, and has in its shell:

    DOCKER_HOST    where `lab daemon start` listens for this engine
    docker         the real one; where none is installed, a stand-in that asks the same
                   by docker-py (standin.py)

In another shell of ours `docker` may stand for `lab`, so that what is learned can be
typed: but that is the engine itself, and asks nobody.

Try it: `lab learn daemon/who-starts-whom`, then `echo $DOCKER_HOST; type docker`
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

from engine.engine import Engine
from labshell.lessons.lesson import Lesson
from labshell.messages import marked

STAND_IN = "labshell.lessons.standin"
STANDS_IN = marked(
    "`docker` is not installed here. A stand-in of that name makes the same requests; "
    "`apt-get install docker.io` (Debian 13: docker-cli) would install the real one."
)
# What `prelude` has set is taken back; DOCKER_HOST is what it was before.
FAREWELL = """
unset -f docker
DOCKER_HOST=$_lab_docker_host
[ -n "$DOCKER_HOST" ] || unset DOCKER_HOST
unset _lab_docker_host
"""


def is_installed() -> bool:
    """Is there a docker client on PATH? Our own link of that name is none."""
    found = shutil.which("docker")
    return found is not None and Path(found).resolve().name != "lab"


def prelude(engine: Engine, lesson: Lesson) -> str:
    """Lines for bash that give it what the lesson needs; "" if it needs no client."""
    from engine.engine import Labd

    if not lesson.docker:
        return ""
    address = shlex.quote(f"unix://{Labd.of(engine.root).path}")
    lines = ["_lab_docker_host=${DOCKER_HOST-}", f"export DOCKER_HOST={address}"]
    if not is_installed():
        path = os.pathsep.join(path for path in sys.path if path)
        python = shlex.join(["env", f"PYTHONPATH={path}", sys.executable])
        lines.append(f'docker() {{ {python} -P -S -m {STAND_IN} "$@"; }}')
        lines.append("export -f docker")
    return "\n".join(lines) + "\n"
