"""Events as lines of text, as fields for templates, and as JSON.

    2026-01-31T12:00:00.123456789Z container die 3c05… (exitCode=0, image=busybox, …)

Times are in this machine's zone. What is in an event came from outside (a label, a
name), so it is printed as something to look at, never as something that acts on the
terminal.

Try it: `lab events --since 1h`, `lab events --since 1h --format '{{json .}}'`
"""

import time
from typing import TYPE_CHECKING, Any

from labshell.templates.structures import Structure
from labshell.views.tables import printable

if TYPE_CHECKING:
    from engine.engine import Event


def event_line(event: "Event") -> str:
    """One event as a line of text."""
    notes = ", ".join(
        f"{key}={event.attributes[key]}" for key in sorted(event.attributes)
    )
    happened = f"{event.kind} {event.action} {event.id}"
    return printable(f"{_local(event.nanoseconds)} {happened} ({notes})")


def _local(nanoseconds: int) -> str:
    """A moment in this machine's zone, RFC 3339 with nanoseconds."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    local = time.localtime(seconds)
    offset = time.strftime("%z", local)
    zone = "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{fraction:09d}{zone}"


def event_json(event: "Event") -> dict[str, Any]:
    """One event for programs, in the shape of the Docker Engine API.

    What is older than Type and Action is still there for containers and images.
    """
    older = {"status": event.action, "id": event.id}
    if event.kind == "container":
        older["from"] = event.attributes.get("image", "")
    return {
        **(older if event.kind in ("container", "image") else {}),
        **event.to_json(),
    }


def event_fields(event: "Event") -> Structure:
    """One event for templates: `{{.Actor.Attributes.name}}`, or `{{json .}}`."""
    data = event_json(event)
    actor = Structure(data["Actor"], "Actor")
    actor["Attributes"] = Structure(actor["Attributes"], "Attributes")
    fields = Structure({**data, "Actor": actor}, "Event")
    fields.left_out = {
        "Status": data.get("status", ""),
        "ID": data.get("id", ""),
        "From": data.get("from", ""),
        "Scope": data["scope"],
        "Time": data["time"],
        "TimeNano": data["timeNano"],
    }
    return fields
