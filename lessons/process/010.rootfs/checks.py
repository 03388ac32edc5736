"""Checks for "Only files": what is in an image, and which kernel runs it."""

import re
from pathlib import Path

from labshell.lessons.checks import ContainerView, Lab, Outcome
from labshell.lessons.image_view import ImageView
from labshell.lessons.processes import own_namespaces

MOST = 1 << 20  # bytes of a file that are compared: as many as a look at an image gives
LOADER = re.compile(r"/ld[\w-]*\.so[.\d]*$")
TTL = "net.ipv4.ip_default_ttl"


def program_runs(lab: Lab) -> Outcome:
    """The image has the machine's program and a loader, and a container ran it."""
    image = lab.image(lab.values["name"] + ":whole")
    path = "/usr/bin/" + lab.values["tool"]
    with Path(path).open("rb") as file:
        machines = file.read(MOST)
    if image.content(path) != machines:
        return lab.failed(
            "{{name}}:whole does not have this machine's own program at "
            "/usr/bin/{{tool}}."
        )
    if not any(LOADER.search(name) for name in image.paths_in_any_layer()):
        return lab.failed(
            "{{name}}:whole has the program, but not the loader that it asks for.",
            earned=1,
        )
    container = lab.container(lab.values["name"] + "-proof", lost=False)
    if container.image_id != image.id:
        return lab.failed(
            "{{name}}-proof was not made from {{name}}:whole as it is now.", earned=2
        )
    if not _names(container, image, path):
        return lab.failed(
            "{{name}}-proof was started for another program than /usr/bin/{{tool}}.",
            earned=2,
        )
    if container.exit_code != 0:
        return lab.failed(
            "{{name}}-proof has not come to a good end: its exit code should be 0.",
            earned=2,
        )
    return lab.passed(
        "The program has run in {{name}}-proof, from the files of {{name}}:whole."
    )


def _names(container: ContainerView, image: ImageView, path: str) -> bool:
    """Is it started by its path, or by a name that no other file there has?"""
    tool = path.rpartition("/")[2]
    bearers = [one for one in image.paths_in_any_layer() if one.endswith(f"/{tool}")]
    word = container.command[:1]
    return word == (path,) or (word == (tool,) and bearers == [path])


def has_its_own_number(lab: Lab) -> Outcome:
    """A running container reads the number; the machine reads another one."""
    process = lab.container(lab.values["name"] + "-far", lost=False).process
    if process.shares("network", own_namespaces()):
        return lab.failed(
            "{{name}}-far is in the network namespace of the machine: any number "
            "that it changes there is the machine's."
        )
    found = process.parameter(TTL)
    if found != lab.values["ttl"]:
        return lab.failed(
            "{{name}}-far runs, but its net.ipv4.ip_default_ttl is {subject}.",
            subject=found or "?",
        )
    return lab.passed(
        "In {{name}}-far the number is {{ttl}}, in a network namespace that is not "
        "the machine's."
    )
