"""Limits: how much of the machine the container may use, at first and later.

    "Memory": 67108864, "MemorySwap": -1     bytes; -1: as much swap as there is
    "NanoCpus": 1500000000                   1.5 processors
    "PidsLimit": 100                         -1: no limit, and for an update so is 0

Everywhere else 0 says nothing.

Source: Docker Engine API 1.41, Resources
Try it: `docker update --cpus 0.5 NAME`
"""

from collections.abc import Mapping
from typing import Any

from engine.api.asked import life
from engine.engine import UpdateOptions
from engine.fields import Fields

_NUMBERS = {
    "memory": "Memory",
    "memory_swap": "MemorySwap",
    "memory_reservation": "MemoryReservation",
    "cpu_shares": "CpuShares",
    "cpu_quota": "CpuQuota",
    "cpu_period": "CpuPeriod",
    "blkio_weight": "BlkioWeight",
}
_TEXTS = {"cpuset_cpus": "CpusetCpus", "cpuset_mems": "CpusetMems"}


def update_options(data: Mapping[str, Any]) -> UpdateOptions:
    """What POST /containers/{name}/update is sent. InvalidArgument for a wrong type."""
    wanted = Fields(data)
    processes = wanted.integer("PidsLimit")
    return UpdateOptions(
        **_updatable(wanted),
        pids_limit=-1 if processes == 0 else processes,
        restart=life.restart_policy(wanted),
    )


def of_container(host: Fields) -> dict[str, Any]:
    """The options about limits of a new container."""
    swappiness = host.integer("MemorySwappiness")
    return {
        **_updatable(host),
        "pids_limit": max(0, host.integer("PidsLimit") or 0) or None,
        "memory_swappiness": None if swappiness == -1 else swappiness,
        "oom_kill_disable": host.truth("OomKillDisable"),
        "oom_score_adj": host.integer("OomScoreAdj") or None,
        "cgroup_parent": host.text("CgroupParent") or None,
        "ulimits": tuple(map(ulimit, host.objects("Ulimits"))),
    }


def _updatable(host: Fields) -> dict[str, Any]:
    """Those that can be changed later."""
    numbers = {name: host.integer(key) or None for name, key in _NUMBERS.items()}
    texts = {name: host.text(key) or None for name, key in _TEXTS.items()}
    processors = host.integer("NanoCpus")
    return {
        **numbers,
        **texts,
        "cpus": processors / 1e9 if processors else None,
    }


def ulimit(limit: Fields) -> str:
    """What follows --ulimit."""
    soft, hard = limit.integer("Soft") or 0, limit.integer("Hard") or 0
    return f"{limit.text('Name')}={soft}:{hard}"
