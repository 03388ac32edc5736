"""Checks for "When memory is used up": limits, and what the kernel has counted."""

from labshell.lessons.checks import Lab, Outcome

MEGABYTE = 1 << 20
MOST = 128 * MEGABYTE
BOXES = ("one", "two", "three")


def was_short(lab: Lab) -> Outcome:
    """The one given is the one in whose group the kernel has counted a kill."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.split()[-1].strip("/").removeprefix(lab.values["name"] + "-")
    if given not in BOXES:
        return lab.failed("This is none of the three.")
    if given != lab.values["short"]:
        return lab.failed("Somebody has killed this one.")
    return lab.passed("The kernel has counted it.")


def has_survived(lab: Lab) -> Outcome:
    """It runs, has the limit, and the kernel has killed in its group."""
    name = lab.values["name"] + "-brave"
    container = lab.container(name, lost=False)
    _ = container.process
    right = container.limits.memory == int(lab.values["mb"]) * MEGABYTE
    if not lab.engine.inspect(name)["Cgroup"]["OOMKills"]:
        return lab.failed(
            "{{name}}-brave runs, but the kernel has not killed anything in it yet "
            "for want of memory.",
            earned=1 if right else 0,
        )
    if not right:
        return lab.failed(
            "The kernel has killed in {{name}}-brave, and that goes on. But its limit "
            "is not {{mb}} MB.",
            earned=2,
        )
    return lab.passed("The kernel has killed in {{name}}-brave, and that goes on.")


def got_through(lab: Lab) -> Outcome:
    """It runs, what it does at the end is done, and there still is a limit."""
    container = lab.container(lab.values["name"] + "-stuck")
    if not container.running or container.top("/done").status is None:
        return lab.failed("The program of {{name}}-stuck has not got to its end.")
    limit = container.limits.memory
    if limit is None:
        return lab.failed(
            "{{name}}-stuck has got through, but now it has no limit of memory at all.",
            earned=1,
        )
    if limit > MOST:
        return lab.failed(
            "{{name}}-stuck has got through, but it may use more than 128 MB now.",
            earned=2,
        )
    return lab.passed("{{name}}-stuck had enough memory, and got through.")
