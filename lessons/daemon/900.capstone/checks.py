"""Checks for "A job: a server that nobody dared to touch": what labd says, and does."""

import grp
import json
import shutil
from pathlib import Path

from engine.engine import Bundled, Labd
from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.servers import info

_MEMORY = 64 << 20  # bytes
_GROUP, _OTHERS = 0o020, 0o002  # who may write to a socket may ask


def door_is_closed(lab: Lab) -> Outcome:
    """labd serves by its file, for those it is meant for, and no memory is lost."""
    for name in (lab.values["first"], lab.values["second"]):
        held = lab.container(name).content("/dev/shm/tickets") or b""
        if held.decode(errors="replace").strip() != lab.values["sold"]:
            return lab.failed(
                "What {subject} had in memory is lost. `:reset step` brings it back.",
                subject=name,
            )
    told = info(lab.engine)
    if told is None:
        return lab.failed("No labd serves this engine.")
    label, others = f"room={lab.values['room']}", _others(lab)
    if "Labels" not in told:  # it cannot read its file
        return lab.failed(
            "labd was asked what it is, and says: {subject}",
            earned=0 if others else 1,
            subject=told.get("message", ""),
        )
    if label not in told["Labels"]:
        return lab.failed(
            "labd is not what daemon.json says: its label is {subject}.",
            earned=0 if others else 1,
            subject=", ".join(told["Labels"]) or "–",
        )
    if not _is_in_order(lab, label):
        return lab.failed(
            "labd has its label, but could not be started by daemon.json as it is.",
            earned=2,
        )
    if others:
        return lab.failed(
            "labd serves by daemon.json. And these may ask it, who are root by that: "
            "{subject}.",
            earned=3,
            subject=others,
        )
    return lab.passed("labd serves by its file, nobody else may ask, nothing is lost.")


def _others(lab: Lab) -> str:
    """Who may ask labd, besides root and the group that is meant for it."""
    status = Labd.of(lab.engine.root).path.stat()
    if status.st_mode & _OTHERS:
        return "everybody"
    group = "root" if status.st_gid == 0 else _name_of(status.st_gid)
    return "" if group in ("root", "labshell") else f"group {group}"


def _name_of(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _is_in_order(lab: Lab, label: str) -> bool:
    """Whether `lab daemon start` can start a labd by the file, with the label."""
    content = lab.in_volume(lab.values["desk"], "/daemon.json").data or b""
    try:
        said = json.loads(content)
    except ValueError:
        return False
    return label in said.get("labels", ()) and "hosts" not in said


def can_be_started_again(lab: Lab) -> Outcome:
    """A container runs that the runtime has made unasked, and it is runc."""
    runtime, told = lab.values["runtime"], info(lab.engine)
    if told is None:
        return lab.failed("No labd serves this engine.")
    if "Runtimes" not in told:  # it cannot read its file
        return lab.failed(
            "labd was asked what it is, and says: {subject}",
            subject=told.get("message", ""),
        )
    program = shutil.which(told["Runtimes"].get(runtime, {}).get("path", ""))
    if program is None or Path(program).resolve().name != "runc":
        return lab.failed("What labd takes for {{runtime}} is not runc.")
    container = lab.container(lab.values["fresh"], lost=False)
    used = lab.engine.inspect(lab.values["fresh"])["HostConfig"]["Runtime"]
    if told["DefaultRuntime"] != runtime:
        return lab.failed(
            "labd knows {{runtime}}, and has another default: {subject}.",
            earned=1,
            subject=told["DefaultRuntime"],
        )
    if used != runtime:
        return lab.failed(
            "{{runtime}} is the default. But {{fresh}} was made by {subject}.",
            earned=1,
            subject=used,
        )
    if not container.running:
        return lab.failed("{{fresh}} was made as asked, and does not run.", earned=2)
    return lab.passed("Containers can be started again, and {{runtime}} makes them.")


def is_one_of_ours(lab: Lab) -> Outcome:
    """The engine has the container, as its config.json had it; the other has gone."""
    name = lab.values["stray"]
    old = [one for one in Bundled.below(lab.engine.root) if one.container.id == name]
    container = lab.container(name, lost=False)
    if old:
        return lab.failed(
            "The engine has a {{stray}}, and labshell-runc still has one, too.",
            earned=1,
        )
    told = lab.engine.inspect(name)
    if container.command != ("sh", "-c", f"echo open; sleep {lab.values['seconds']}"):
        return lab.failed(
            "{{stray}} is to run what its config.json says: word by word.", earned=2
        )
    if told["Config"]["Hostname"] != lab.values["host"]:
        return lab.failed(
            "{{stray}} has its program, and another host name than before: {subject}.",
            earned=3,
            subject=told["Config"]["Hostname"],
        )
    if told["HostConfig"]["Memory"] != _MEMORY:
        return lab.failed(
            "{{stray}} has its program and its host name, and another limit of memory "
            "than before: {subject} bytes.",
            earned=3,
            subject=str(told["HostConfig"]["Memory"]),
        )
    if not container.running:
        return lab.failed("{{stray}} is as it should be, and does not run.", earned=4)
    return lab.passed("{{stray}} is as it was, and somebody looks after it.")
