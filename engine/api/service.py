"""The service: the event loop, from the first connection to the last.

    SIGTERM ──▶ listen no more ──▶ end connections ──▶ let calls end, a moment ──▶ exit

A call that is under way when labd ends is given some seconds. What is not done by then
is cut off as by a power failure: whatever the engine does may be cut off so, since its
files are written to bear it, and containers are nobody's children here.

man: signal(7), getrlimit(2)
Try it: `labd & kill %1; wait; echo $?`
"""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from engine import VERSION
from engine.api.daemon import Daemon
from engine.api.listening import BACKLOG, Listening
from engine.serving import running
from engine.serving.labd import forget_place, note_place
from engine.serving.running import Running

_HANDSHAKE = 15.0  # seconds for TLS
_AT_ONCE = 50  # connections accepted before anything else is done
_DESCRIPTORS = 1 << 16  # that we ask for; a connection is one, its call needs some


class Service:
    """labd, at the sockets at which it listens, as long as they are `held`."""

    def __init__(
        self, listening: Sequence[Listening], daemon: Daemon, held: ExitStack
    ) -> None:
        self._listening, self._daemon, self._held = listening, daemon, held

    def run(self, ready: Callable[[Running], None]) -> None:
        """Serve until SIGTERM or SIGINT. Does not come back if a call does not end."""
        _ask_for_descriptors()
        loop = asyncio.new_event_loop()
        gc.collect()
        gc.freeze()  # what was imported is there to stay: never look at it again
        if loop.run_until_complete(self._serve(ready)):
            return
        self._held.close()
        sys.stdout.flush()
        os._exit(0)  # Python would wait for the threads, however long

    async def _serve(self, ready: Callable[[Running], None]) -> bool:
        """Serve; whether all that was under way has ended."""
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, enough.set)
        welcome = self._daemon.guests.welcome
        servers = [await _server(one, welcome) for one in self._listening]
        with contextlib.suppress(OSError):  # whoever waited for it may have gone
            self._announce(ready)
        await enough.wait()
        for server in servers:
            server.close()
        for one in self._listening:
            if one.lock is not None:
                forget_place(self._daemon.root, one.path)
        await self._daemon.guests.leave()
        return await self._daemon.end()

    def _announce(self, ready: Callable[[Running], None]) -> None:
        """Tell who listens: in the locks, and to whoever has started us."""
        told = [
            Running(os.getpid(), one.host, str(self._daemon.root), VERSION)
            for one in self._listening
        ]
        for one, who in zip(self._listening, told, strict=True):
            if one.lock is not None:
                running.note(one.lock, who)
                with contextlib.suppress(OSError):  # then -H has to say it
                    note_place(self._daemon.root, one.path)
        ready(told[0])


async def _server(one: Listening, welcome: Any) -> asyncio.Server:
    server = await asyncio.start_server(
        welcome,
        sock=one.socket,
        backlog=_AT_ONCE,
        ssl=one.tls,
        ssl_handshake_timeout=_HANDSHAKE if one.tls else None,
    )
    one.socket.listen(BACKLOG)  # asyncio has one number for both, and listens anew
    return server


def _ask_for_descriptors() -> None:
    """Have as many as we may: by default few are given, for the sake of select(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, _DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
