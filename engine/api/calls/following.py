"""Following: what has been and what comes, as streams that end when nobody listens.

    logs     what a container has printed          lines, in frames unless at a terminal
    events   what happens in the whole engine      JSON, one object a line
    stats    what a container uses                 the same, every second

Reading is done in threads, a little at a time; waiting on the loop, at a descriptor.

Source: Docker Engine API 1.41, ContainerLogs, SystemEvents, ContainerStats
Try it: `curl -N --unix-socket /run/labshell/labd.sock http://labd/events`
"""

import asyncio
from typing import Any

from engine.api.answers import JSON, Answer, Outgoing, Streamed, line
from engine.api.call import Call
from engine.api.conversing import Wishes
from engine.api.frames import STREAMS
from engine.api.problems import Problem
from engine.api.readiness import arrivals, in_thread
from engine.api.routes import Route
from engine.errors import InvalidState, NotFound

_EVERY = 1.0  # seconds between two measurements


def logs(call: Call) -> Answer:
    """What a container has printed, and with `follow` what it will."""
    asked = call.request
    if not (asked.flag("stdout") or asked.flag("stderr")):
        raise Problem(400, "Bad parameters: you must choose at least one stream")
    wishes = Wishes(
        stdin=False,
        stdout=asked.flag("stdout"),
        stderr=asked.flag("stderr"),
        framed=not call.engine.container(call.name).options.tty,
    )
    stamps, details = asked.flag("timestamps"), asked.flag("details")
    tail = asked.text("tail")
    try:
        follower = call.engine.log_follower(
            call.name,
            follow=asked.flag("follow"),
            since=asked.seconds("since") or None,
            until=asked.seconds("until") or None,
            # What is no number means all, as in Docker.
            tail=int(tail) if tail.isascii() and tail.isdecimal() else None,
        )
    except InvalidState as error:  # none is kept
        raise Problem(501, error.message) from error

    async def send(outgoing: Outgoing) -> None:
        async for entries in arrivals(follower):
            data = b"".join(
                wishes.shown(STREAMS[entry.stream], entry.shown(stamps, details))
                for entry in entries
            )
            if data:
                await outgoing.send(data)

    return Answer(200, {}, Streamed(send, follower.close))


def events(call: Call) -> Answer:
    """What has happened, and what happens."""
    asked = call.request
    follower = call.engine.event_follower(
        asked.seconds("since") or None,
        asked.seconds("until") or None,
        asked.filters(),
    )

    async def send(outgoing: Outgoing) -> None:
        async for found in arrivals(follower):
            await outgoing.send(b"".join(line(_shown(one.to_json())) for one in found))

    return Answer(200, {"Content-Type": JSON}, Streamed(send, follower.close))


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    """An event with the fields that it had when there were only containers."""
    older: dict[str, Any] = {}
    if event["Type"] in ("container", "image"):
        older = {"status": event["Action"], "id": event["Actor"]["ID"]}
    attributes = event["Actor"]["Attributes"]
    if event["Type"] == "container" and "image" in attributes:
        older["from"] = attributes["image"]
    return {**older, **event}


def stats(call: Call) -> Answer:
    """What a container uses: every second, or once.

    Once takes two looks, because how fast it is comes from their difference; with
    `one-shot` only the counters are wanted.
    """
    asked = call.request
    name = call.engine.container(call.name).id
    looks = call.engine.stats([name])
    stream = asked.flag("stream", True)
    skip = 0 if stream or asked.flag("one-shot") else 1

    async def send(outgoing: Outgoing) -> None:
        number = 0
        while stream or number <= skip:
            if number:
                await asyncio.sleep(_EVERY)
            try:
                (found,) = await in_thread(lambda: next(looks))
            except NotFound:  # it has been removed: there is no more to tell
                return
            if number >= skip:
                await outgoing.send(line(found.to_json()))
            number += 1

    headers = {} if stream else {"Content-Type": JSON}
    return Answer(200, headers, Streamed(send))


ROUTES = (
    Route("GET", "/containers/{name}/logs", logs),
    Route("GET", "/containers/{name}/stats", stats),
    Route("GET", "/events", events),
)
