"""About the server itself: is it there, of what is it made, what takes how much room?

Source: Docker Engine API 1.41, "System"
Try it: `curl -i --unix-socket /run/labshell/labd.sock http://labd/_ping`
"""

import os
import platform
from typing import Any

from engine import VERSION as RELEASE
from engine.api.answers import Answer, as_json
from engine.api.call import OLDEST, VERSION, Call
from engine.api.calls.images import summary
from engine.api.routes import Route


def ping(call: Call) -> Answer:
    """It is there. The headers, which every answer has, say which API it speaks."""
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Pragma": "no-cache",
    }
    return Answer(200, headers, b"OK")


def version(call: Call) -> Answer:
    """What the server is made of. Where a client asks for Go there is Python."""
    from engine.engine import architecture

    spoken, oldest = (".".join(map(str, one)) for one in (VERSION, OLDEST))
    shared = {
        "ApiVersion": spoken,
        "MinAPIVersion": oldest,
        "GitCommit": "",
        "GoVersion": f"Python {platform.python_version()}",
        "Os": "linux",
        "Arch": architecture(),
        "KernelVersion": os.uname().release,
        "BuildTime": "",  # it is read as it is written
    }
    engine = {
        "Name": "Engine",
        "Version": RELEASE,
        "Details": {**shared, "Experimental": "false"},
    }
    return as_json(
        {
            "Platform": {"Name": "labshell"},
            "Components": [engine],
            "Version": RELEASE,
            **shared,
        }
    )


def disk_usage(call: Call) -> Answer:
    """What images, containers and volumes take."""
    usage = call.engine.disk_usage()
    written = {one.container.id: one.written for one in usage.containers}
    containers = call.engine.summaries(all=True)
    for shown in containers:
        shown["SizeRw"] = written.get(shown["Id"], 0)
    return as_json(
        {
            "LayersSize": usage.layers.size,
            "Images": [
                {
                    **summary(one.image),
                    "SharedSize": one.shared,
                    "Containers": one.containers,
                }
                for one in usage.images
            ],
            "Containers": containers,
            "Volumes": [
                _volume(call, one.volume.name, one.size, one.links)
                for one in usage.volumes
            ],
            "BuildCache": [],
            "BuilderSize": 0,
        }
    )


def _volume(call: Call, name: str, size: int, links: int) -> dict[str, Any]:
    """One volume, and what it takes."""
    shown = call.engine.inspect(name, "volume")
    return {**shown, "UsageData": {"Size": size, "RefCount": links}}


ROUTES = (
    Route("GET", "/_ping", ping),
    Route("HEAD", "/_ping", ping),
    Route("GET", "/version", version),
    Route("GET", "/system/df", disk_usage, slow=True),
)
