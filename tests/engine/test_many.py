"""Fifty containers at once."""

import os
import threading
from pathlib import Path

from engine.engine import Engine
from tests.engine.boxes import Box

COUNT = 50


def test_fifty_at_once_start_are_listed_and_removed_and_nothing_is_left(
    fresh_root: Path,
) -> None:
    box = Box(Engine(fresh_root))
    box.engine.image("busybox")
    before = traces(fresh_root)
    errors: list[Exception] = []

    def start(number: int) -> None:
        try:
            box.begin("sleep", "1000", name=f"many-{number}", volumes=("/v",))
        except Exception as error:
            errors.append(error)

    each([threading.Thread(target=start, args=(n,)) for n in range(COUNT)])
    assert errors == []
    names = {container.name for container in box.engine.containers()}
    assert names == {f"many-{number}" for number in range(COUNT)}
    roles = [process.role for process in box.engine.processes()]
    assert (roles.count("shim"), roles.count("container")) == (COUNT, COUNT)

    def remove(number: int) -> None:
        try:
            box.engine.remove(f"many-{number}", force=True, volumes=True)
        except Exception as error:
            errors.append(error)

    each([threading.Thread(target=remove, args=(n,)) for n in range(COUNT)])
    assert errors == []
    assert box.engine.containers(all=True) == []
    assert box.engine.volumes() == []
    box.engine.close()
    assert traces(fresh_root) == before


def each(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def traces(root: Path) -> dict[str, list[str]]:
    """What this root has on the machine: mounts, processes, groups, files."""
    from engine.kernel import cgroups
    from engine.runtime.place import Place

    place = Place(root=root)
    groups = [p for p in cgroups.directories(place.cgroup) if p.exists()]
    return {
        "mounts": [
            line.split()[4]
            for line in Path("/proc/self/mountinfo").read_text().splitlines()
            if f"{root}/" in line.split()[4]
        ],
        "groups": [str(p) for group in groups for p in group.iterdir() if p.is_dir()],
        "files": sorted(
            os.listdir(root / "containers") if (root / "containers").exists() else []
        ),
        "sockets": [p.name for p in place.directory.iterdir() if len(p.name) > 60],
    }
