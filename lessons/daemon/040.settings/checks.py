"""Checks for "What the daemon is told": labd is asked what it has understood."""

import json
from pathlib import Path
from typing import Any

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.servers import info


def was_told(lab: Lab) -> Outcome:
    """labd says of itself what the file says, and knows one more runtime."""
    told = info(lab.engine)
    if told is None:
        return lab.failed("No labd serves this engine.")
    if (complaint := _complaint(lab, told)) is not None:
        return complaint
    label, runtime = f"room={lab.values['room']}", lab.values["runtime"]
    if label not in told["Labels"]:
        return lab.failed("labd serves, and its label is not room={{room}}.")
    if runtime not in told["Runtimes"]:
        return lab.failed(
            "labd has its label, and knows no runtime {{runtime}}.", earned=2
        )
    if Path(told["Runtimes"][runtime]["path"]).name != "runc":
        return lab.failed(
            "labd has its label, and another program than runc as {{runtime}}.",
            earned=3,
        )
    return lab.passed("labd has its label, and knows a runtime {{runtime}}.")


def is_the_default(lab: Lab) -> Outcome:
    """A container that runs was made by the runtime, and so will be the next."""
    container = lab.container(lab.values["box"], lost=False)
    runtime = lab.engine.inspect(lab.values["box"])["HostConfig"]["Runtime"]
    told = info(lab.engine)
    if runtime != lab.values["runtime"]:
        return lab.failed(
            "{{box}} was made by the runtime {subject}.", earned=1, subject=runtime
        )
    if told is None:
        return lab.failed("No labd serves this engine.", earned=1)
    if (complaint := _complaint(lab, told)) is not None:
        return complaint
    if told["DefaultRuntime"] != runtime:
        return lab.failed(
            "{{box}} was made by {{runtime}}, which is not labd's default.", earned=1
        )
    if not container.running:
        return lab.failed("{{box}} was made as asked, and does not run.", earned=2)
    return lab.passed("{{box}} was made by {{runtime}}, and that is the default now.")


def is_in_order(lab: Lab) -> Outcome:
    """labd serves by the file that was broken."""
    told = info(lab.engine)
    if told is None:
        return lab.failed("No labd serves this engine.")
    if (complaint := _complaint(lab, told)) is not None:
        return complaint
    label = f"floor={lab.values['floor']}"
    if label not in told["Labels"]:
        return lab.failed(
            "labd serves, but not by broken.json: it has no label floor={{floor}}.",
            earned=1,
        )
    content = lab.in_volume(lab.values["name"], "/broken.json").data or b""
    try:
        said = json.loads(content)
    except ValueError:
        said = {"hosts": []}
    if label not in said.get("labels", ()) or "hosts" in said:
        return lab.failed(
            "labd has the label, but broken.json is not in order yet.", earned=2
        )
    return lab.passed("broken.json is in order, and labd serves by it.")


def _complaint(lab: Lab, told: dict[str, Any]) -> Outcome | None:
    """What labd says if it cannot read its file any more; None if it can."""
    if "Labels" in told:
        return None
    return lab.failed(
        "labd was asked what it is, and says: {subject}",
        subject=told.get("message", ""),
    )
