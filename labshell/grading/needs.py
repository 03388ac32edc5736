"""Needs: what an item asks of the machine that grades it.

    items:
      - id: limits
        needs: {cgroup: 2, arch: x86_64}

The same work may be right here and not even visible there: a file of control groups
version 2 is nowhere on a machine with version 1. So an item says what it needs. Where
the machine lacks that, its checks could not run, as with any fault of the grader's:
the row is partial or ungraded, and never less by that.

man: cgroups(7), uname(2)
Try it: `needs: {arch: vax}`, then `lab assignment try DIR`
"""

import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path

from labshell.lessons.fields import Fields

_OF_VERSION_2 = Path("/sys/fs/cgroup/cgroup.controllers")
_ARCH = re.compile(r"[a-z0-9_]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a machine is: the version of its control groups, and its architecture.

    As needs, 0 and "" stand for what does not matter.
    """

    cgroup: int = 0
    arch: str = ""

    def lacks(self, needed: "Machine") -> str:
        """What is needed and not here, in words; "" if nothing is."""
        if needed.cgroup and needed.cgroup != self.cgroup:
            return (
                f"this machine has control groups version {self.cgroup}, and "
                f"{needed.cgroup} is needed"
            )
        if needed.arch and needed.arch != self.arch:
            return f"this machine is {self.arch}, and {needed.arch} is needed"
        return ""


NOTHING = Machine()


def read_needs(fields: Fields) -> Machine:
    """The field `needs` of an item."""
    needed = Machine(cgroup=fields.integer("cgroup", 0), arch=fields.text("arch", ""))
    fields.done()
    if needed.cgroup not in (0, 1, 2):
        raise fields.problem("cgroup", "1 or 2 is needed")
    if needed.arch and not _ARCH.fullmatch(needed.arch):
        raise fields.problem("arch", "as `uname -m` says it: x86_64, aarch64")
    return needed


@functools.cache
def this_machine() -> Machine:
    """What this one is. Asked once, while its files can still be seen."""
    version = 2 if _OF_VERSION_2.exists() else 1
    return Machine(cgroup=version, arch=os.uname().machine)
