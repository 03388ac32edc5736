"""Checks for "How much, not what": they read the files of control groups."""

from labshell.lessons.checks import Lab, Outcome

MEGABYTE = 1 << 20
ENOUGH = 16  # processes that the work of the tight container needs


def is_the_limit(lab: Lab) -> Outcome:
    """The number given is the one in the file of the container's group."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    limits = lab.container(lab.values["name"]).limits
    given = lab.answer.strip()
    if given == str(limits.memory):
        return lab.passed("It is: the kernel counts in bytes.")
    if given.rstrip("mM") == "64":
        return lab.failed(
            "So it was asked for, in megabytes. The file says it in bytes."
        )
    if given == str(limits.processes):
        return lab.failed("This is the limit for processes.")
    return lab.failed("No file of the group says so.")


def fence_stands(lab: Lab) -> Outcome:
    """Three limits, in the files of the group of a container that runs."""
    container = lab.container(lab.values["name"] + "-fence", lost=False)
    _ = container.process  # it must run: else the group is gone
    limits, missing = container.limits, []
    if limits.memory != int(lab.values["mb"]) * MEGABYTE:
        missing.append("memory")
    if limits.processes != int(lab.values["most"]):
        missing.append("processes")
    if limits.cpus != 0.5:
        missing.append("processor time")
    if missing:
        return lab.failed(
            "{{name}}-fence runs, and these limits are not as asked: {subject}.",
            earned=3 - len(missing),
            subject=", ".join(missing),
        )
    return lab.passed("All three limits stand in the files of the group.")


def there_is_room(lab: Lab) -> Outcome:
    """The limit is raised, and there still is one."""
    container = lab.container(lab.values["name"] + "-tight")
    _ = container.process
    most = container.limits.processes
    if most is None:
        return lab.failed(
            "{{name}}-tight may start as many processes as it likes now: there is no "
            "limit any more.",
            earned=1,
        )
    if most < ENOUGH:
        return lab.failed(
            "{{name}}-tight may still have no more than {subject} processes.",
            subject=str(most),
        )
    if most > 100:
        return lab.failed(
            "{{name}}-tight may have {subject} processes now, which is more than 100.",
            earned=1,
            subject=str(most),
        )
    return lab.passed("There is room for the work, and still a fence around it.")
