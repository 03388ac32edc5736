"""The daemon: every request finds its call, and every failure its status.

    Request ─▶ version? ─▶ route? ─▶ body ─▶ thread: call(engine) ─▶ Answer
                 400         404      400          EngineError ─▶ its status

A version in front of the path says which API the client speaks: newer than ours is
refused, since the client would rely on what we do not know; without one it is ours.

Calls run in threads of two pools. Those that may wait for seconds (a stop) have their
own, so that a hundred of them do not keep a `docker ps` waiting.

Source: Docker Engine API 1.41, "Versioning"
Try it: `curl -i --unix-socket /run/labshell/labd.sock http://labd/v1.99/info`
"""

import asyncio
import contextlib
import re
import sys
import traceback
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from engine.api.answers import Answer, Hijacked, Streamed, Written
from engine.api.call import OLDEST, VERSION, Call, Server
from engine.api.calls import ROUTES
from engine.api.exchange import Send
from engine.api.executions import Executions
from engine.api.guests import Guests
from engine.api.pipes import Feed, Input, Output
from engine.api.problems import Problem, problem_of
from engine.api.request import Request, read_json
from engine.api.routes import Route, Routes, Takes
from engine.api.settings import Settings
from engine.api.tracing import Printing, Silent, Told, Trace
from engine.engine import Engine
from engine.errors import EngineError, from_os_error

_LONGEST_JSON = 4 << 20  # bytes
_QUICK, _SLOW = 32, 64  # threads, at most
_GRACE = 5.0  # seconds for calls to end


class Daemon:
    """Answers requests about the engine at one root."""

    def __init__(self, settings: Settings) -> None:
        self._trace: Trace = Silent()
        if settings.trace:
            self._trace = Printing(settings.hosts[0], _print)
        self.root = Engine(settings.root).root
        self.guests = Guests(self.handle)
        self._server = Server(
            root=self.root,
            executions=Executions(),
            labels=settings.labels,
            clients=self.guests.processes,
        )
        self._routes = Routes(ROUTES)
        self._quick = ThreadPoolExecutor(_QUICK, "quick")
        self._slow = ThreadPoolExecutor(_SLOW, "slow")

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says of the server."""
        return {
            "Api-Version": f"{VERSION[0]}.{VERSION[1]}",
            "Docker-Experimental": "false",
            "Ostype": "linux",
            "Server": "labshell (linux)",
        }

    async def end(self) -> bool:
        """Begin no more calls; whether those that are under way end in time."""
        ending = asyncio.create_task(asyncio.to_thread(self._finish))
        done, _ = await asyncio.wait([ending], timeout=_GRACE)
        return bool(done)

    def _finish(self) -> None:
        for pool in (self._quick, self._slow):
            pool.shutdown(cancel_futures=True)

    async def handle(self, request: Request, send: Send) -> None:
        """Answer a request, whatever happens."""
        told = self._trace.request(request)

        async def begin(answer: Answer) -> None:
            told.answered(answer.status)
            if not isinstance(answer.body, Hijacked):  # that is no HTTP of ours
                headers = {**self.headers, **answer.headers}
                answer = answer._replace(headers=headers)
            await send(answer)

        try:
            await self._answer(request, begin, told)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # of which nothing has been sent yet
            await begin(_problem(error).answer())

    async def _answer(self, request: Request, send: Send, told: Told) -> None:
        request = _with_version(request)
        found = self._routes.find(request.method, request.path)
        if found is None:
            raise Problem(404, "page not found")
        route, names = found
        async with self._body(request, route) as (data, input):
            call = Call(
                server=self._server,
                request=request,
                engine=Engine(self._server.root),
                names=names,
                data=data,
                input=input,
            )
            told.asked(None if input else data)
            loop = asyncio.get_running_loop()
            pool = self._slow if route.slow else self._quick
            await send(await loop.run_in_executor(pool, _do, route, call, told))

    @asynccontextmanager
    async def _body(
        self, request: Request, route: Route
    ) -> AsyncIterator[tuple[dict[str, Any], Input | None]]:
        """The body of a request, as its call takes it."""
        if route.takes is Takes.JSON:
            yield await _json(request), None
        elif route.takes is Takes.STREAM:
            feed = Feed()
            pouring = asyncio.create_task(feed.pour(request.body.pieces()))
            try:
                yield {}, feed.input
            finally:
                feed.input.close()
                pouring.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await pouring
        else:
            await request.body.read(_LONGEST_JSON)
            yield {}, None


async def _json(request: Request) -> dict[str, Any]:
    """The object in a body; {} for none. Problem (400) if it is no object."""
    content = await request.body.read(_LONGEST_JSON)
    if content.strip() in (b"", b"null"):  # Go's clients say null for nothing
        return {}
    said = request.headers.get("content-type", "")
    if said.partition(";")[0].strip().lower() != "application/json":
        raise Problem(
            400, f"Content-Type specified ({said}) must be 'application/json'"
        )
    return read_json(content)


def _with_version(request: Request) -> Request:
    """The request, without the version in its path. Problem (400) for one not ours."""
    match = re.match(r"/v([0-9]{1,4})\.([0-9]{1,4})(?=/)", request.path)
    if not match:
        return request._replace(version=VERSION)
    version = int(match[1]), int(match[2])
    text = f"{version[0]}.{version[1]}"
    if version > VERSION:
        raise Problem(
            400,
            f"client version {text} is too new. Maximum supported API version is "
            f"{VERSION[0]}.{VERSION[1]}",
        )
    if version < OLDEST:
        raise Problem(
            400,
            f"client version {text} is too old. Minimum supported API version is "
            f"{OLDEST[0]}.{OLDEST[1]}, please upgrade your client to a newer version",
        )
    return request._replace(version=version, path=request.path[match.end() :])


def _do(route: Route, call: Call, told: Told) -> Answer:
    """What a thread does: the call, and what it writes, each told to who listens."""
    with told.doing(call.engine):
        answer = route.call(call)
    if isinstance(answer.body, (Streamed, Hijacked)):
        body = answer.body
        close = told.staying(call.engine, body.container, body.close)
        return answer._replace(body=body._replace(close=close))
    if not isinstance(answer.body, Written):
        return answer
    write = answer.body.write

    def writing(output: Output) -> None:
        with told.doing(call.engine):
            write(output)

    return answer._replace(body=Written(writing))


def _print(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _problem(error: Exception) -> Problem:
    """What is answered to a failure. One that nobody foresaw is printed, too."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, EngineError):
        return problem_of(error)
    if isinstance(error, OSError):
        return problem_of(from_os_error(error))
    traceback.print_exception(error, file=sys.stderr)
    return Problem(500, f"a fault in labd: {type(error).__name__}: {error}")
