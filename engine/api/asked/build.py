"""A build: what stands in its query, as the engine takes it.

    ?t=mine:1&t=mine:latest&dockerfile=Dockerfile&buildargs={"V": "1"}&memory=67108864
        ──▶ BuildOptions(tags=("mine:1", "mine:latest"), arguments={"V": "1"}, …)

The context is the body, so everything else is in the query: lists and objects as JSON.

Source: Docker Engine API 1.41, "Build an image"
Try it: `DOCKER_BUILDKIT=0 docker -H unix:///run/labshell/labd.sock build -t mine .`
"""

import json
import re
from typing import TYPE_CHECKING, Any

from engine.api.asked.limits import ulimit
from engine.api.problems import Problem
from engine.api.request import Request, read_json
from engine.engine import ContainerOptions
from engine.fields import Fields

if TYPE_CHECKING:
    from engine.engine import BuildOptions

_NUMBERS = {
    "memory": "memory",
    "memory_swap": "memswap",
    "cpu_shares": "cpushares",
    "cpu_quota": "cpuquota",
    "cpu_period": "cpuperiod",
    "shm_size": "shmsize",
}
_TEXTS = {
    "cpuset_cpus": "cpusetcpus",
    "cpuset_mems": "cpusetmems",
    "cgroup_parent": "cgroupparent",
    "network": "networkmode",
}
_URL = re.compile(r"https?://")
_REPOSITORY = re.compile(r"\.git(?:#.*)?$")  # what Docker would clone
_BUILDKIT = "2"  # the other builder, which `version` can ask for


def build_options(request: Request) -> "BuildOptions":
    """What is asked. Problem (400, 501) for what makes no sense, or is not here."""
    from engine.engine import BuildOptions

    _refuse_what_is_not_here(request)
    return BuildOptions(
        tags=tuple(filter(None, request.texts("t"))),
        dockerfile=request.text("dockerfile"),
        arguments=_words(request, "buildargs"),
        target=request.text("target"),
        cache=not request.flag("nocache"),
        remove=request.flag("rm", default=True) or request.flag("forcerm"),
        force_remove=request.flag("forcerm"),
        labels=_words(request, "labels"),
        container=_container(request),
        pull=request.flag("pull"),
    )


def _refuse_what_is_not_here(request: Request) -> None:
    if request.text("version") == _BUILDKIT:
        raise Problem(501, "BuildKit is not supported here: DOCKER_BUILDKIT=0 says so")
    remote = request.text("remote")
    if remote and (not _URL.match(remote) or _REPOSITORY.search(remote)):
        raise Problem(
            400,
            f"{remote}: a context is the URL of a tar or a Dockerfile, no repository",
        )
    if request.flag("squash"):
        raise Problem(400, "squash is not supported here")


def _words(request: Request, name: str) -> dict[str, str]:
    """An object of strings; null says no more than that there is such a name."""
    text = request.text(name)
    said = read_json(text.encode()) if text and text != "null" else {}
    known = {key: value for key, value in said.items() if value is not None}
    return Fields({name: known}).text_map(name)


def _container(request: Request) -> ContainerOptions:
    """What each container of a RUN is given; 0 and "" say nothing."""
    numbers = {name: request.number(key) or None for name, key in _NUMBERS.items()}
    texts = {name: request.text(key) for name, key in _TEXTS.items()}
    said: dict[str, Any] = {key: value for key, value in numbers.items() if value}
    said |= {key: text for key, text in texts.items() if text not in ("", "default")}
    return ContainerOptions(
        image="",
        extra_hosts=request.texts("extrahosts"),
        security_options=request.texts("securityopt"),
        ulimits=tuple(map(ulimit, _list(request, "ulimits"))),
        **said,
    )


def _list(request: Request, name: str) -> tuple[Fields, ...]:
    """A list of objects, in JSON."""
    try:
        said = json.loads(request.text(name) or "null")
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"{name} is no JSON: {error}") from error
    return Fields({name: said}).objects(name)
