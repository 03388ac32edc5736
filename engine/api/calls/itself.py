"""About labd itself: what Docker's API does not tell.

`lab daemon status` asks it, and `lab tree`, which shows the clients beside the shims:
none of them is the parent of a container.

Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/labshell/daemon`
"""

import os

from engine import VERSION
from engine.api.answers import Answer, as_json
from engine.api.call import Call
from engine.api.routes import Route
from engine.serving.labd import WHO


def daemon(call: Call) -> Answer:
    """Its process, its root, and the processes that are connected."""
    return as_json(
        {
            "Pid": os.getpid(),
            "Root": str(call.server.root),
            "Version": VERSION,
            "Clients": call.server.clients(),
        }
    )


ROUTES = (Route("GET", WHO, daemon),)
