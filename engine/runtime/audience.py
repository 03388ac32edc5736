"""The audience: which clients of a shim wait for what becomes of process 1.

    starters   for the start under way: it runs, or why it does not
    waiting    for the next end of the program: its exit status
    stoppers   for the last end: it has ended, and nobody will run it again by itself

A client is told once, and then waits no longer. The end of the program is told as
{"exit": status}: after the record says so and, if it is not run again, after the lock
is free, so that whoever hears it may remove the container.

Try it: `lab run -d --name box busybox sleep 5; lab wait box`
"""

from engine.errors import EngineError
from engine.runtime import channel
from engine.runtime.clients import Client


class Audience:
    """Who waits for what."""

    def __init__(self) -> None:
        self.starters: list[Client] = []
        self.waiting: list[Client] = []
        self.stoppers: list[Client] = []

    def leave(self, client: Client) -> None:
        """It waits for nothing any more."""
        for who in (self.starters, self.waiting, self.stoppers):
            if client in who:
                who.remove(client)

    def began(self, pid: int, status: int, error: EngineError | None) -> None:
        """Process `pid` has become the program; or why not, with an exit status."""
        starters, self.starters = self.starters, []
        for client in starters:
            if error:
                client.refuse(error)
            else:
                client.answer(pid=pid)
        if error:
            self.ended(status, last=True)

    def ended(self, status: int, last: bool) -> None:
        """The program has ended with this status; `last`: and will stay so."""
        waiting, self.waiting = self.waiting, []
        for client in waiting:
            client.send(channel.encode({"exit": status}))
        if last:
            self._stopped()

    def _stopped(self) -> None:
        stoppers, self.stoppers = self.stoppers, []
        for client in stoppers:
            client.answer()
