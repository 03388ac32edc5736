"""Volumes: directories that outlive the containers that use them.

    volumes/NAME/volume.json    when it was made, its labels and options
    volumes/NAME/_data/         the content: this is what a container sees

A volume is no layer: nothing is copied when it is written to, nothing of it is
committed, and removing a container does not touch it.

Somebody may use a volume while somebody else removes it. So both hold one lock for the
moment that counts: who makes a container writes down which volumes it will use, and
then, under the lock, makes those that are not there; who removes a volume asks, under
the lock, what is written down.

Two options of Docker's local driver are known: `type=none,o=bind,device=/path` keeps
the content in a directory of the machine instead of `_data`.

Try it: `lab volume create data; lab volume inspect data`
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import entries, events, files
from engine.errors import Conflict, EngineBroken, InvalidArgument, NotFound
from engine.storage import unfinished
from engine.times import now

_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z"
LONGEST_NAME = 255  # bytes: it is the name of a directory


class Volume(NamedTuple):
    """One volume; `created` is RFC 3339, `anonymous` if the engine chose its name."""

    name: str
    created: str
    mountpoint: Path
    labels: Mapping[str, str] = {}
    anonymous: bool = False
    options: Mapping[str, str] = {}

    @property
    def content(self) -> Path:
        """The directory that containers see."""
        return Path(self.options.get("device", self.mountpoint))

    def to_json(self) -> dict[str, Any]:
        """As in volume.json."""
        return {
            "created": self.created,
            "labels": dict(self.labels),
            "anonymous": self.anonymous,
            "options": dict(self.options),
        }

    @staticmethod
    def read(directory: Path) -> "Volume":
        """The volume whose record is in `directory`. OSError if there is none."""

        def parse(data: Any) -> Volume:
            return Volume(
                name=directory.name,
                created=str(data["created"]),
                mountpoint=directory / "_data",
                labels=dict(data["labels"]),
                anonymous=bool(data["anonymous"]),
                options=dict(data.get("options", {})),
            )

        return files.read_record(directory / "volume.json", parse)


def new_name() -> str:
    """A name for a volume that nobody has named: 64 digits."""
    return os.urandom(32).hex()


def check_name(name: str) -> None:
    """Raise InvalidArgument unless `name` may be the name of a volume."""
    if len(name) == 1 and name.isascii() and name.isalnum():
        raise InvalidArgument(
            f"create {name}: volume name is too short, names should be at least two "
            "alphanumeric characters",
            "A second letter will do.",
        )
    if not re.match(_NAME, name):
        raise InvalidArgument(
            f'create {name[:80]}: "{name[:80]}" includes invalid characters for a '
            'local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you '
            "intended to pass a host directory, use absolute path",
            "Letters, digits, then also _ . and -; a path begins with / or ./.",
        )
    if len(name) > LONGEST_NAME:
        raise InvalidArgument(
            f"create {name[:20]}…: the volume's name is too long",
            f"It is the name of a directory: {LONGEST_NAME} letters at most.",
        )


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Raise InvalidArgument unless these options of the local driver are supported."""
    if not options:
        return
    unknown = sorted(options.keys() - {"type", "o", "device"})
    if unknown:
        raise InvalidArgument(
            f'create {name}: invalid option: "{unknown[0]}"',
            "The local driver knows type, o and device.",
        )
    if "device" not in options:
        raise InvalidArgument(
            f'create {name}: missing required option: "device"',
            "-o type=none -o o=bind -o device=/directory",
        )
    if options.get("o") != "bind" or options.get("type", "none") not in ("none", ""):
        raise InvalidArgument(
            f"create {name}: only directories of this machine can back a volume here",
            "-o type=none -o o=bind -o device=/directory; for memory, `--tmpfs /path`.",
        )
    if not os.path.isdir(options["device"]) or not options["device"].startswith("/"):
        raise InvalidArgument(
            f"create {name}: {options['device']}: no such directory",
            "Make it first: mkdir -p.",
        )


class Volumes:
    """All volumes of one engine root."""

    def __init__(self, root: Path, notices: list[str]) -> None:
        """`notices` collects what is wrong with single volumes, a line each."""
        self._root = root
        self._notices = notices
        self.directory = root / "volumes"

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock under which volumes are made, and removed when unused."""
        locks = self._root / "locks"
        locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        with unfinished.marked(locks), files.locked(locks / "volumes"):
            yield

    def create(
        self,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        *,
        anonymous: bool = False,
    ) -> Volume:
        """The volume `name`, made if it is not there; None makes an anonymous one."""
        anonymous = anonymous or name is None
        name = name or new_name()
        check_name(name)
        check_options(name, options or {})
        with self.changing():
            with contextlib.suppress(NotFound):
                return self.find(name)
            volume = Volume(
                name=name,
                created=now(),
                mountpoint=self.directory / name / "_data",
                labels=labels or {},
                anonymous=anonymous,
                options=options or {},
            )
            self._make(volume)
        events.record(self._root, "volume", "create", name, {"driver": "local"})
        return volume

    def _make(self, volume: Volume) -> None:
        """Make the directories, then the record: without it there is no volume.

        Nobody but root may look into `volumes`: a setuid program in a volume is the
        container's, and must not be one for the users of the machine.
        """
        place = self.directory / volume.name
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            for path in (place, volume.mountpoint):
                if not path.exists():
                    entries.make_directory(path)
            os.chmod(volume.mountpoint, 0o755)  # whatever the umask is
            files.write_json(place / "volume.json", volume.to_json(), durable=True)
        except OSError:
            with contextlib.suppress(OSError):  # another will tell of it
                files.remove_tree(place)
            raise

    def find(self, name: str) -> Volume:
        """The volume of this name."""
        try:
            if not re.match(_NAME, name) or len(name) > LONGEST_NAME:
                raise FileNotFoundError(name)
            return Volume.read(self.directory / name)
        except FileNotFoundError as error:
            raise NotFound(
                f"get {name[:LONGEST_NAME]}: no such volume",
                "`lab volume ls` lists them.",
            ) from error

    def all(self) -> list[Volume]:
        """Every volume, by name; of a damaged one a notice tells."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for name in sorted(os.listdir(self.directory)):
                with contextlib.suppress(NotFound):
                    try:
                        found.append(self.find(name))
                    except EngineBroken as error:
                        self._notices.append(f"{error.message}; {error.hint}")
        return found

    def remove(
        self, name: str, users: Callable[[str], Iterable[str]], *, force: bool = False
    ) -> None:
        """Remove a volume with its content, unless containers are its `users`.

        `users` gives their IDs; it is asked while nobody can begin to use the volume.
        With `force` also one whose record is damaged.
        """
        with self.changing():
            try:
                self.find(name)
            except EngineBroken:
                if not force:
                    raise
            found = list(users(name))
            if found:
                raise Conflict(
                    f"remove {name}: volume is in use - [{', '.join(found)}]",
                    "Remove the containers first: `lab rm`.",
                )
            self._erase(name)
        events.record(self._root, "volume", "destroy", name, {"driver": "local"})

    def sweep(self) -> None:
        """Remove what is left where making or removing a volume was cut short.

        It has no record and nothing in it: a record may be lost, content must not be.
        """
        if not self.directory.exists():
            return
        with self.changing():
            for place in self.directory.glob("*/"):
                if not (place / "volume.json").exists():
                    with contextlib.suppress(OSError):  # there is something in it
                        (place / "_data").rmdir()
                    if not (place / "_data").exists():
                        files.remove_tree(place)

    def _erase(self, name: str) -> None:
        """The content, the record, the directory: in this order it can be cut short.

        While the record is there the volume is shown and can be removed again; once it
        has gone, nothing is left that a new volume of this name could inherit.
        """
        place = self.directory / name
        with contextlib.suppress(FileNotFoundError):
            files.empty_tree(place / "_data")
        with contextlib.suppress(FileNotFoundError):
            entries.unlink(place / "volume.json")
        files.remove_tree(place)
