"""Forgetting a container: its record, its layers, its name.

    1  rename containers/ID to .gone-ID, and take the name away     nobody finds it now
    2  remove the layers, then the record

The record goes before its name: killed in between, we leave a link that leads nowhere,
which whoever wants the name takes away. Killed later, we leave .gone-ID, and
`sweeping.sweep` goes on. If something in it cannot be removed, it comes back as a dead
container, to be removed again when the reason has gone.

man: rename(2), unlinkat(2)
Try it: mount something in containers/ID/upper, then `lab rm ID; lab ps -a`
"""

import contextlib
import os

from engine import entries, files
from engine.containers.record import Container
from engine.containers.records import Records
from engine.errors import EngineBroken, EngineError
from engine.runtime import state


def forget(records: Records, container: Container) -> None:
    """Remove a record with everything in its directory.

    EngineError if something in it cannot be removed: it is then a dead container.
    """
    with files.locked(records.names_lock), contextlib.suppress(FileNotFoundError):
        name = _name_now(container)
        entries.rename(container.directory, records.gone(container.id))
        link = records.names / name
        if os.path.basename(os.readlink(link)) == container.id:
            entries.unlink(link)
    finish(records, container.id)


def _name_now(container: Container) -> str:
    """The container's name: another command may have changed it meanwhile."""
    with contextlib.suppress(EngineError):  # a damaged record keeps its old name
        return Container.read(container.directory).name
    return container.name


def forget_damaged(records: Records, identity: str) -> None:
    """Remove a record that cannot be read, and the names that lead to it."""
    with contextlib.suppress(FileNotFoundError):
        entries.rename(records.containers / identity, records.gone(identity))
    drop_dead_names(records)
    finish(records, identity)


def finish(records: Records, identity: str) -> None:
    """Remove what was put aside: the record last, in case more stays."""
    gone = records.gone(identity)
    try:
        for name in ("rootfs", "upper", "work", "init"):
            files.remove_tree(gone / name)
        files.remove_tree(gone)
    except FileNotFoundError:
        return  # somebody else removes it too
    except OSError as error:
        _keep_dead(records, identity, error)
        raise EngineError(
            f"container {identity}: its files cannot be removed: {error}",
            "Is something mounted below? Unmount it, and `lab rm` it again.",
        ) from error


def _keep_dead(records: Records, identity: str, error: OSError) -> None:
    """Make a record again of what could not be removed."""
    gone, directory = records.gone(identity), records.containers / identity
    with contextlib.suppress(OSError, EngineBroken):  # then it is a damaged one
        dead = state.read(gone)._replace(status=state.DEAD, error=str(error))
        state.write(gone, dead)
    entries.rename(gone, directory)
    with contextlib.suppress(OSError, EngineBroken):  # its name may be another's now
        name = Container.read(directory).name
        entries.link(f"../containers/{identity}", records.names / name)


def drop_dead_names(records: Records) -> None:
    """Remove the links that lead to no container of this name.

    Nor to one that is being made. A rename that was cut short leaves two links.
    """
    with files.locked(records.names_lock):
        for name in os.listdir(records.names) if records.names.is_dir() else []:
            identity = os.path.basename(os.readlink(records.names / name))
            lock = records.containers / f".new-{identity}" / "alive"
            # in this order: a draft that is published now is seen as one of both
            if not files.is_locked(lock) and not records.has_name(identity, name):
                entries.unlink(records.names / name)


def drop_half_written(records: Records) -> None:
    """Remove what is left beside the records where writing one was cut short."""
    with files.locked(records.names_lock):  # so nobody writes one now
        for path in records.containers.glob("*/.config.json.*"):
            path.unlink(missing_ok=True)
