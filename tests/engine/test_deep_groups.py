"""A container may divide its control group a thousand times: all of that is found.

Not in the emulated machine, where a thousand groups take minutes to make.
"""

from typing import Any

import pytest

from engine.kernel import cgroups
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.require("root", "overlay")
OWN: dict[str, Any] = {
    "user_namespace": "auto",
    "security_options": ("writable-cgroups=true",),
}
TREE = "/sys/fs/cgroup" if cgroups.version() == 2 else "/sys/fs/cgroup/memory"


@pytest.mark.parametrize(("name", "depth"), [("d", 1200), ("n" * 250, 20)])
def test_groups_deep_inside_are_found_and_removed(
    box: Box, name: str, depth: int
) -> None:
    divides = f"cd {TREE}; for i in $(seq {depth}); do mkdir {name}; cd {name}; done"
    joins = "echo $$ > cgroup.procs; exec sleep 2000"
    container = box.begin("sh", "-c", f"{divides}; {joins}", **OWN)
    place = box.engine.cgroup(container.id)
    until(lambda: box.commands(container.id) == ["sleep 2000"], "it to be deep inside")
    box.engine.pause(container.id)
    box.engine.unpause(container.id)
    box.engine.remove(container.id, force=True)
    assert not place.exists()
