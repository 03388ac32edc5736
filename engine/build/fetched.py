"""What a build tells of an image that it fetches: the same lines as `lab pull`.

    Step 1/2 : FROM localhost:5000/base
    latest: Pulling from base
    3cb635b06aa2: Pull complete

Try it: `printf 'FROM localhost:5000/base\\n' | lab build -`
"""

from engine.build.options import Progress
from engine.registry.telling import TransferProgress

_PASSING = ("Extracting",)


class Told(TransferProgress):
    """A transfer's progress, told to whoever watches the build."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def says(self, line: str) -> None:
        """A line about all of it."""
        self._progress.note(line)

    def layer(self, name: str, status: str) -> None:
        """A layer is now in this state."""
        if status not in _PASSING:
            self._progress.note(f"{name}: {status}")
