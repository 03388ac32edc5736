"""Checks for "A job: walls, and a window": they compare namespaces, and read limits."""

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.processes import own_namespaces

_WALLS = ("pid", "network", "ipc", "uts", "mount")
_MEMORY, _PROCESSES = 32 << 20, 20  # at most


def has_walls(lab: Lab) -> Outcome:
    """It shares nothing with the machine, and its group has both limits."""
    box = lab.container(lab.values["name"], lost=False)
    shared = [kind for kind in _WALLS if box.process.shares(kind, own_namespaces())]
    if "sleep 1000000" not in box.process.command:
        return lab.failed("{{name}} is to run the same program as before.")
    if shared:
        return lab.failed(
            "{{name}} still has these in common with the machine: {subject}.",
            earned=1 if len(shared) == 1 else 0,
            subject=", ".join(shared),
        )
    missing = []
    if not 0 < (box.limits.memory or 0) <= _MEMORY:
        missing.append("memory")
    if not 0 < (box.limits.processes or 0) <= _PROCESSES:
        missing.append("processes")
    if missing:
        return lab.failed(
            "{{name}} has its walls. It may still have more than it should: {subject}.",
            earned=6 - 2 * len(missing),
            subject=", ".join(missing),
        )
    return lab.passed("{{name}} sees only itself, and takes only its share.")


def looks_at_the_box(lab: Lab) -> Outcome:
    """The probe is in two namespaces of the box, which are not the machine's."""
    box = lab.container(lab.values["name"]).process
    probe = lab.container(lab.values["name"] + "-probe", lost=False).process
    if any(probe.shares(kind, own_namespaces()) for kind in _WALLS):
        return lab.failed("{{name}}-probe looks at the machine.")
    unseen = [k for k in ("pid", "network") if not probe.shares(k, box.namespaces)]
    if len(unseen) == 2:
        return lab.failed("{{name}}-probe runs, and sees nothing of {{name}}.")
    if unseen:
        return lab.failed(
            "{{name}}-probe looks at {{name}}, but has its own namespace of this kind: "
            "{subject}.",
            earned=2,
            subject=unseen[0],
        )
    return lab.passed("{{name}}-probe sees what {{name}} sees, and has its own files.")
