"""What Docker can do, and this engine does not: answered so that clients understand.

    /swarm /nodes /services …     many machines as one: 503, in Docker's words
    /plugins                      there are none, and none can be installed
    /session /grpc                BuildKit's own protocols: 501
    …/checkpoints                 a container frozen into files: 501

A clear no is part of the interface: the docker command asks for some of these in
passing, as `docker inspect NAME` looks for a plugin of that name.

Source: Docker Engine API 1.41; measured on Docker 20.10
Try it: `docker -H unix:///run/labshell/labd.sock node ls`
"""

from engine.api.answers import Answer, as_json
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route

_OF_A_SWARM = ("nodes", "services", "tasks", "secrets", "configs")
_METHODS = ("GET", "POST", "DELETE")


def no_swarm(call: Call) -> Answer:
    """This machine is one machine."""
    raise Problem(
        503,
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm '
        'join" to connect this node to swarm and try again.',
    )


def cannot_swarm(call: Call) -> Answer:
    """… and stays one."""
    raise Problem(501, "swarms are not supported here: labshell is for one machine")


def no_plugins(call: Call) -> Answer:
    """A list of none."""
    return as_json([])


def no_such_plugin(call: Call) -> Answer:
    """Whatever it is called."""
    raise Problem(404, f'plugin "{call.image}" not found')


def cannot_install(call: Call) -> Answer:
    """A plugin would be a program of others within the engine."""
    raise Problem(501, "plugins are not supported here")


def no_buildkit(call: Call) -> Answer:
    """Builds are made by the classic builder."""
    raise Problem(
        501, "BuildKit is not supported here: DOCKER_BUILDKIT=0 docker build …"
    )


def no_checkpoints(call: Call) -> Answer:
    """What runs cannot be written into files."""
    raise Problem(501, "checkpoints are not supported here")


ROUTES = (
    Route("GET", "/swarm", no_swarm),
    Route("GET", "/swarm/unlockkey", no_swarm),
    *(Route("POST", f"/swarm/{what}", cannot_swarm) for what in ("init", "join")),
    *(
        Route("POST", f"/swarm/{what}", no_swarm)
        for what in ("leave", "update", "unlock")
    ),
    *(
        Route(method, f"/{kind}{rest}", no_swarm)
        for kind in _OF_A_SWARM
        for rest in ("", "/{image}")
        for method in _METHODS
    ),
    Route("GET", "/plugins", no_plugins),
    Route("GET", "/plugins/privileges", cannot_install),
    Route("POST", "/plugins/pull", cannot_install),
    Route("POST", "/plugins/create", cannot_install),
    Route("GET", "/plugins/{image}/json", no_such_plugin),
    Route("DELETE", "/plugins/{image}", no_such_plugin),
    *(
        Route("POST", f"/plugins/{{image}}/{act}", no_such_plugin)
        for act in ("enable", "disable", "upgrade", "push", "set")
    ),
    Route("POST", "/session", no_buildkit),
    Route("POST", "/grpc", no_buildkit),
    *(
        Route(method, "/containers/{name}/checkpoints", no_checkpoints)
        for method in ("GET", "POST")
    ),
    Route("DELETE", "/containers/{name}/checkpoints/{image}", no_checkpoints),
)
