"""What a program sees of its container, told by itself, in a form to be compared.

`PROBE` is a shell script that prints sections; `read` gives each its lines, without
what must differ between two containers: numbers of mounts, devices and pipes, and the
paths of what each has for itself.
"""

import os
import re
from pathlib import Path

KINDS = ("mnt", "pid", "net", "uts", "ipc", "cgroup", "user")

PROBE = r"""
section() { echo "== $1"; }
section mounts; cat /proc/self/mountinfo
section powers; while read -r line; do case $line in
    Cap*|NoNew*|Uid*|Gid*|Groups*|Umask*|SigBlk*|SigIgn*) echo "$line" ;;
esac; done </proc/$$/status # by the shell itself: it blocks signals while it waits
section environment; tr '\0' '\n' </proc/$$/environ
section directory; pwd
section names; hostname; cat /etc/hosts /etc/hostname /etc/resolv.conf
section namespaces; for kind in mnt pid net uts ipc cgroup user; do
    echo "$kind $(readlink /proc/self/ns/$kind)"
done
section limits; cat /proc/$$/limits /proc/$$/oom_score_adj
section groups; for file in $(find /sys/fs/cgroup -name 'memory*limit_in_bytes' -o \
    -name 'cpu.*us' -o -name 'cpu.shares' -o -name 'cpuset.cpus' -o -name 'pids.max' \
    -o -name 'devices.list' -o -name 'memory.*max' \
    -o -name 'cpu.max' -o -name 'cpu.weight' -o -name 'cgroup.controllers' | sort); do
    echo "$file $(cat "$file" 2>&1)"
done
section network; ip -o addr; ip -o link | cut -d' ' -f2-9
section parameters; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
section files; find / /dev /etc -xdev -exec stat -c '%n %F %a %u %g %t:%T' {} + | sort
section descriptors; for file in /proc/$$/fd/*; do
    echo "${file##*/}"
    readlink "$file"
done
section session; awk -v me=$$ '{ print $5 == me, $6 == me, $7 }' /proc/$$/stat
section arguments; tr '\0' '\n' </proc/$$/cmdline
"""


def read(text: str) -> dict[str, list[str]]:
    """The lines of each section."""
    found: dict[str, list[str]] = {}
    for part in text.split("== ")[1:]:
        name, _, rest = part.partition("\n")
        found[name] = rest.splitlines()
    found["network"] = [x for x in found["network"] if not _OF_ENGINES.search(x)]
    for section in ("network", "names"):
        found[section] = [_without_address(line) for line in found[section]]
    found["environment"].sort()  # a shell has an order of its own
    found["mounts"] = _mounts(found["mounts"])
    found["namespaces"] = [_namespace(line) for line in found["namespaces"]]
    found["descriptors"] = [re.sub(r"\[\d+\]", "", x) for x in found["descriptors"]]
    return found


# With the machine's network one sees what other tests do at the same moment.
_OF_ENGINES = re.compile(r"\b(lb|lv|lh|lt|veth|br-)[0-9a-f.]{5,}\b|docker0")


def _without_address(line: str) -> str:
    """Addresses on a network are the container's own."""
    line = re.sub(r"\b(?!127\.|255\.)\d+\.\d+\.\d+\.\d+\b", "ADDRESS", line)
    return re.sub(r"02:42(:[0-9a-f]{2}){4}|(?<=@if)\d+", "ITS OWN", line)


def _mounts(lines: list[str]) -> list[str]:
    """Each as: where, on what, from where, options, propagation, kind, options."""
    rows = [line.split(" ") for line in lines]
    where = {row[0]: row[4] for row in rows}
    return [
        " ".join(
            [
                row[4],
                f"on {where.get(row[1], 'nothing')}",
                re.sub(r"/containers/\w{64}(/by-hand\.[\w.]+)?/", "/OWN/", row[3]),
                row[5],
                *row[6:-1],
                re.sub(r"(lower|upper|work)dir=[^, ]*", "", row[-1]),
            ]
        )
        for row in rows
    ]


def _namespace(line: str) -> str:
    """Only whether it is the machine's."""
    kind, _, name = line.partition(" ")
    mine = os.readlink(Path("/proc/self/ns") / kind)
    return f"{kind} is {'the machine’s' if name == mine else 'its own'}"
