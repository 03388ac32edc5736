"""Checks for "A table of mounts of one's own": what does which process see?"""

import os

from labshell.lessons.checks import ContainerView, Lab, Outcome
from labshell.lessons.processes import ProcessView

TENANT = "sleep 2000000"


def apart(container: ContainerView) -> list[ProcessView]:
    """The processes of a container that are in another mount namespace than it."""
    own = container.process.namespaces
    return [p for p in container.processes if not p.shares("mount", own)]


def new_is_seen_by_one(lab: Lab) -> Outcome:
    """One process finds the new file, and the rest of the container does not."""
    container, word = lab.container(lab.values["name"]), lab.values["new"].encode()
    if container.inside("/shelf/new").status is not None:
        return lab.failed("Everybody in {{name}} finds /shelf/new.")
    if container.inside("/shelf/old").status is None:
        return lab.failed("/shelf/old is gone for everybody in {{name}}.")
    others = [p for p in apart(container) if p.command != TENANT]
    if not others:
        return lab.failed(
            "Besides the tenant, no process in {{name}} has a mount namespace of its "
            "own."
        )
    if not any(word in (p.at("/shelf/new").data or b"") for p in others):
        return lab.failed(
            "A process has a mount namespace of its own, but it finds no {{new}} in "
            "/shelf/new.",
            earned=1,
        )
    return lab.passed(
        "One process finds {{new}} in /shelf/new, the rest of {{name}} finds no such "
        "file."
    )


def tenant_has_it_back(lab: Lab) -> Outcome:
    """The same process, in its own namespace, sees the very file of the others."""
    container = lab.container(lab.values["name"])
    tenants = [p for p in container.processes if p.command == TENANT]
    if not tenants:
        return lab.failed("The tenant has ended. It should have gone on.")
    everybodys = container.inside("/shelf/old").status
    if everybodys is None:
        return lab.failed("/shelf/old is gone for everybody in {{name}}.")
    found = tenants[0].at("/shelf/old").status
    if found is None:
        return lab.failed("The tenant still finds no /shelf/old.")
    if not os.path.samestat(found, everybodys):
        return lab.failed(
            "The tenant finds a file /shelf/old, but not the one that the others have.",
            earned=1,
        )
    if tenants[0].shares("mount", container.process.namespaces):
        return lab.failed("This tenant has no mount namespace of its own any more.")
    return lab.passed(
        "The tenant goes on, and finds the very file that all others have."
    )
