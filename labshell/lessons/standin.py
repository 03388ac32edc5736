"""A stand-in for `docker`, for a machine where it is not installed.

It knows a handful of verbs, and does nothing itself: each is one or two calls of
docker-py, Docker's library for Python, which makes of them requests to the server at
$DOCKER_HOST. So it is a client like any other, and what it asks is what `docker` asks.

    docker run -d --name web busybox sleep 3600
       └─ client.containers.run("busybox", ["sleep", "3600"], name="web", detach=True)
             └─ POST /containers/create?name=web, POST /containers/ID/start

Source: docker-py's reference, https://docker-py.readthedocs.io
Try it: `PYTHONPATH=. .venv/bin/python -m labshell.lessons.standin --help`
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from labshell.messages import marked, translate

_WITHOUT_LIBRARY = marked("""\
Neither `docker` nor docker-py is installed here. One of them is needed:
    apt-get install docker.io         (Debian 13: docker-cli)
    {python} -m pip install 'docker>=7'""")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask what a line of `docker` would ask; the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        return _ask(asked)
    except ImportError:
        says = translate(_WITHOUT_LIBRARY)
        print(says.format(python=sys.executable), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _ask(asked: argparse.Namespace) -> int:
    """Do it, and say what goes wrong as `docker` says it."""
    from docker import DockerClient
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    try:
        with closing(DockerClient(base_url=host)) as client:
            return asked.act(client, asked) or 0
    except APIError as error:
        print(f"Error response from daemon: {error.explanation}", file=sys.stderr)
    except (DockerException, RequestException, HTTPError):
        print(
            f"Cannot connect to the Docker daemon at {host}. "
            "Is the docker daemon running?",
            file=sys.stderr,
        )
    return 1


def _run(client: Any, asked: argparse.Namespace) -> int:
    made = client.containers.run(
        asked.image,
        asked.command or None,
        name=asked.name,
        volumes=dict(map(_volume, asked.volume or ())),
        hostname=asked.hostname,
        mem_limit=asked.memory,
        runtime=asked.runtime,
        detach=True,
    )
    if asked.detach:
        print(made.id)
        return 0
    for piece in made.logs(stream=True, follow=True):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    # The logs end with the container, and with the server as well: so ask which it was.
    status = int(made.wait()["StatusCode"])
    if asked.rm:
        made.remove(force=True)
    return status


def _volume(text: str) -> tuple[str, dict[str, str]]:
    """`SOURCE:TARGET:ro` for docker-py, which in a text takes "/:" for a drive."""
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    return source, {"bind": target, "mode": mode or "rw"}


def _ps(client: Any, asked: argparse.Namespace) -> None:
    print(f"{'CONTAINER ID':<15}{'IMAGE':<15}{'STATUS':<12}NAMES")
    for one in client.containers.list(all=asked.all):
        image = one.attrs["Config"]["Image"]
        print(f"{one.short_id:<15}{image:<15}{one.status:<12}{one.name}")


def _version(client: Any, asked: argparse.Namespace) -> None:
    from docker import __version__

    server = client.version()
    name = server["Platform"]["Name"]
    print(f"Client: a stand-in, by docker-py {__version__}")
    print(f"Server: {name} {server['Version']}, API version {server['ApiVersion']}")


def _stop(client: Any, asked: argparse.Namespace) -> None:
    for name in asked.names:
        client.containers.get(name).stop()
        print(name)


def _rm(client: Any, asked: argparse.Namespace) -> None:
    for name in asked.names:
        client.containers.get(name).remove(force=asked.force)
        print(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "docker", description="A stand-in for `docker`: it makes the same requests."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, act: Any, what: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=what)
        added.set_defaults(act=act)
        return added

    run = verb("run", _run, "create a container and start it")
    run.add_argument("-d", "--detach", action="store_true")
    run.add_argument("--name")
    run.add_argument("--rm", action="store_true")
    run.add_argument("-v", "--volume", action="append")
    run.add_argument("--hostname")
    run.add_argument("-m", "--memory")
    run.add_argument("--runtime")
    run.add_argument("image")
    run.add_argument("command", nargs=argparse.REMAINDER)
    ps = verb("ps", _ps, "list containers")
    ps.add_argument("-a", "--all", action="store_true")
    verb("version", _version, "say who asks, and who answers")
    verb("stop", _stop, "end containers").add_argument("names", nargs="+")
    rm = verb("rm", _rm, "remove containers")
    rm.add_argument("-f", "--force", action="store_true")
    rm.add_argument("names", nargs="+")
    return parser


if __name__ == "__main__":
    sys.exit(main())
