"""The record of a container: what is kept of it on disk.

    containers/ID/config.json    what was asked and decided when it was created
    containers/ID/state.json     what it is now (written by its shim)

Try it: `cat /var/lib/labshell/containers/*/config.json`
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import files
from engine.containers.binds import BoundPath
from engine.containers.options.asked import ContainerOptions
from engine.errors import EngineBroken
from engine.network.membership import Membership
from engine.oci.spec import Identities
from engine.runtime import state
from engine.runtime.state import State


class Container(NamedTuple):
    """One container.

    `image` is the name that was asked for and `image_id` what it was then; `command`
    is what really runs: entrypoint and arguments; `created` is RFC 3339; `stopped`:
    its user has stopped it, and has not started it again since; `memberships` are the
    networks that it belongs to; `exposed` are the ports at which it is said to listen,
    as "80/tcp"; `first_id` is who root inside is on the machine, in a user namespace of
    its own, 0 without one.
    """

    id: str
    name: str
    image: str
    image_id: str
    created: str
    command: tuple[str, ...]
    options: ContainerOptions
    stop_signal: str
    bound: tuple[BoundPath, ...]
    labels: Mapping[str, str]
    state: State
    directory: Path
    stopped: bool = False
    memberships: tuple[Membership, ...] = ()
    exposed: tuple[str, ...] = ()
    first_id: int = 0

    @property
    def identities(self) -> Identities | None:
        """Whom users and groups inside are on the machine; None: the same as inside."""
        return Identities(self.first_id) if self.first_id else None

    @property
    def short_id(self) -> str:
        """The first twelve digits, as tables print it."""
        return self.id[:12]

    @property
    def running(self) -> bool:
        """Whether there is a process; it may be paused."""
        return self.state.status in (state.RUNNING, state.PAUSED)

    @property
    def active(self) -> bool:
        """Whether it runs, is paused, or will be run again in a moment."""
        return self.state.active

    @property
    def status(self) -> str:
        """The state in words: "Up 3 minutes (healthy)"."""
        from engine.containers.looking.status import in_words  # only lists say it

        return in_words(self.state)

    @property
    def command_line(self) -> str:
        """What runs, in one line: with quotes around words that have spaces."""
        return " ".join(f"'{word}'" if " " in word else word for word in self.command)

    def to_json(self) -> dict[str, Any]:
        """As in config.json."""
        return {
            "id": self.id,
            "name": self.name,
            "image": self.image,
            "image_id": self.image_id,
            "created": self.created,
            "command": list(self.command),
            "stop_signal": self.stop_signal,
            "bound": [path.to_json() for path in self.bound],
            "labels": dict(self.labels),
            "options": self.options.to_json(),
            "stopped": self.stopped,
            "networks": [one.to_json() for one in self.memberships],
            "exposed": list(self.exposed),
            **({"first_id": self.first_id} if self.first_id else {}),
        }

    @staticmethod
    def read(directory: Path) -> "Container":
        """The container whose files are in `directory`. OSError if there is none.

        EngineBroken if they are damaged: only `rm -f` can do something about it.
        """

        def parse(data: Any) -> Container:
            if data["id"] != directory.name:
                raise ValueError(f"id is {data['id']!r}")
            return Container(
                id=data["id"],
                name=str(data["name"]),
                image=str(data["image"]),
                image_id=str(data["image_id"]),
                created=str(data["created"]),
                command=_words(data["command"]),
                stop_signal=str(data["stop_signal"]),
                bound=tuple(BoundPath.from_json(path) for path in data["bound"]),
                labels=dict(data["labels"]),
                options=ContainerOptions.from_json(data["options"]),
                stopped=bool(data["stopped"]),
                memberships=tuple(
                    Membership.from_json(one) for one in data.get("networks", ())
                ),
                exposed=_words(data.get("exposed", [])),
                first_id=int(data.get("first_id", 0)),
                state=state.read(directory),
                directory=directory,
            )

        try:
            return files.read_record(directory / "config.json", parse)
        except EngineBroken as error:
            raise EngineBroken(
                error.message, f"`lab rm -f {directory.name[:12]}` removes it."
            ) from error


def _words(value: Any) -> tuple[str, ...]:
    """A list of texts; TypeError for anything else."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{value!r} is no list of words")
    return tuple(value)
