"""Whoever wants to hear how a pull or a push goes on. This one looks away.

What is told are Docker's own words ("Pulling fs layer", "Pull complete"), so that each
command may print them as it likes: as lines, as bars, or not at all. Several threads
tell, so whoever listens must not mind being told two things at once.

Try it: `lab pull busybox | cat`
"""


class TransferProgress:
    """Hears of a transfer."""

    def says(self, line: str) -> None:
        """A line about all of it: "latest: Pulling from library/busybox"."""

    def titled(self, name: str, line: str) -> None:
        """A line about one image of several, by its tag or its digest."""
        self.says(f"{name}: {line}")

    def layer(self, name: str, status: str) -> None:
        """A layer, by the 12 digits that people use, is now in this state."""

    def moved(self, name: str, done: int, total: int) -> None:
        """So many of a layer's bytes have come, or gone."""
