"""Checks for "Three requests": what labd has made, and who has asked it for that."""

from engine.engine import Labd
from labshell.lessons.checks import Lab, Outcome

MEMORY = 64 << 20  # bytes


def was_made(lab: Lab) -> Outcome:
    """The container is there, labd has made it, and nobody has started it."""
    name = lab.values["name"]
    container = lab.container(name, lost=False)
    if not _labd_has_made(lab, name):
        return lab.failed(
            "{subject} is there, but labd was not asked: `lab` is the engine itself.",
            subject=name,
        )
    if container.running or container.exit_code is not None:
        return lab.failed("{{name}} has been started already.", earned=1)
    return lab.passed("labd has made {{name}}. It has not been started.")


def was_started(lab: Lab) -> Outcome:
    """It runs, and labd had made it."""
    name = lab.values["name"]
    if not lab.container(name).running:
        return lab.failed("{subject} does not run.", subject=name)
    if not _labd_has_made(lab, name):
        return lab.failed(
            "{subject} is there, but labd was not asked: `lab` is the engine itself.",
            subject=name,
        )
    return lab.passed("{{name}} runs.")


def is_limited(lab: Lab) -> Outcome:
    """It has the host name and the limit that were asked for, and runs."""
    name = lab.values["second"]
    running = lab.container(name, lost=False).running
    if not _labd_has_made(lab, name):
        return lab.failed(
            "{subject} is there, but labd was not asked: `lab` is the engine itself.",
            subject=name,
        )
    told = lab.engine.inspect(name)
    if told["Config"]["Hostname"] != lab.values["host"]:
        return lab.failed("The host name of {{second}} is not {{host}}.")
    if told["HostConfig"]["Memory"] == 0:
        return lab.failed("{{second}} has its name, and no limit of memory.", earned=1)
    if told["HostConfig"]["Memory"] != MEMORY:
        return lab.failed("{{second}} has another limit than 64 MiB.", earned=1)
    if not running:
        return lab.failed("{{second}} is as it should be, but does not run.", earned=2)
    return lab.passed("{{second}} runs, is called {{host}}, and is limited to 64 MiB.")


def is_mended(lab: Lab) -> Outcome:
    """The container of this name runs what was meant."""
    name = lab.values["third"]
    container = lab.container(name, lost=False)  # it has to go before it comes again
    if container.command == ("sleep 600",):
        return lab.failed("{{third}} is still to run a program called `sleep 600`.")
    if container.command != ("sleep", "600"):
        return lab.failed("{{third}} is to run something else than `sleep 600`.")
    if not _labd_has_made(lab, name):
        return lab.failed(
            "{subject} is there, but labd was not asked: `lab` is the engine itself.",
            earned=1,
            subject=name,
        )
    if not container.running:
        return lab.failed("{{third}} is made as it should be. It has to run.", earned=2)
    return lab.passed("{{third}} runs `sleep`, and `600` is what it was given.")


def _labd_has_made(lab: Lab, name: str) -> bool:
    """Whoever makes a container notes its own process beside each act."""
    labd = Labd.of(lab.engine.root).find()
    makers = {act["pid"] for act in lab.engine.acts(name) if act["verb"] == "create"}
    return labd is not None and makers == {labd.pid}
