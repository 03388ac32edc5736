"""What containers use, as rows of a table and as fields for templates.

    NAME   CPU %    MEM USAGE / LIMIT   MEM %   NET I/O   BLOCK I/O   PIDS   REMARKS
    web    50.00%   608KiB / 32MiB      1.86%   0B / 0B   0B / 0B     1      throttled

The columns and the numbers in them are Docker's: memory in powers of 1024, network and
disk in powers of 1000. A last column appears when there is something to remark.

Try it: `lab stats --no-stream`, `lab stats --no-stream --format '{{json .}}'`
"""

from typing import TYPE_CHECKING

from labshell.templates.listing import Listing, Row
from labshell.views.amounts import memory_size, size

if TYPE_CHECKING:
    from engine.engine import Stats

STATS = Listing(
    headings={
        "Container": "CONTAINER",
        "ID": "CONTAINER ID",
        "Name": "NAME",
        "CPUPerc": "CPU %",
        "MemUsage": "MEM USAGE / LIMIT",
        "MemPerc": "MEM %",
        "NetIO": "NET I/O",
        "BlockIO": "BLOCK I/O",
        "PIDs": "PIDS",
        "Remarks": "REMARKS",
    },
    columns=(
        *("ID", "Name", "CPUPerc", "MemUsage", "MemPerc"),
        *("NetIO", "BlockIO", "PIDs"),
    ),
    gives_way="Name",
)


def stats_row(stats: "Stats", asked: str | None = None, *, whole: bool = False) -> Row:
    """The fields of one container, which was `asked` for by this name."""
    identity = stats.id if whole else stats.id[:12]
    return {
        "Container": asked or identity,
        "ID": identity,
        "Name": stats.name,
        "CPUPerc": f"{stats.cpu_percent:.2f}%",
        "MemUsage": f"{memory_size(stats.memory)} / {memory_size(stats.memory_limit)}",
        "MemPerc": f"{stats.memory_percent:.2f}%",
        "NetIO": " / ".join(map(size, stats.network)),
        "BlockIO": " / ".join(map(size, stats.disk)),
        "PIDs": str(stats.pids),
        "Remarks": ", ".join(remarks(stats)),
    }


def remarks(stats: "Stats") -> list[str]:
    """What a learner should know about these numbers."""
    found = ["under OOM"] if stats.under_oom else []
    return [*found, "throttled"] if stats.throttled else found
