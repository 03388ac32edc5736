"""Checks for "Root inside, nobody outside": who is who on the machine?"""

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.processes import ProcessView, own_namespaces

PROGRAM = "sleep 3000000"
SIZE = 65536  # users of a container that has its own


def is_apart(process: ProcessView) -> bool:
    """Whether its users are others than the machine's."""
    return not process.shares("user", own_namespaces())


def is_who_it_is_outside(lab: Lab) -> Outcome:
    """The number on the machine of a user inside."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    first = lab.container(lab.values["name"]).process.owner
    answer, inside = lab.answer.strip(), int(lab.values["user"])
    if answer == str(first):
        return lab.failed("That is who root of {{name}} is out here.")
    if answer == lab.values["user"]:
        return lab.failed("That is the number in there. Who is it out here?")
    return lab.compare_answer(str(first + inside))


def keeper_is_nobody(lab: Lab) -> Outcome:
    """A process with a user of its own, in a user namespace of its own."""
    container = lab.container(f"{lab.values['name']}-keeper", lost=False)
    found = [p for p in container.processes if p.command == PROGRAM]
    if not found:
        return lab.failed("{{name}}-keeper does not run `sleep 3000000`.")
    process, user = found[0], int(lab.values["user"])
    apart, inside = is_apart(process), process.owner % SIZE == user
    if not apart and process.owner == user:
        return lab.failed(
            "It is user {{user}} in there, and user {{user}} of the machine as well.",
            earned=1,
        )
    if not apart:
        return lab.failed("The users of {{name}}-keeper are those of the machine.")
    if not inside:
        return lab.failed(
            "The users of {{name}}-keeper are its own, but it does not run as user "
            "{{user}} in there.",
            earned=2,
        )
    return lab.passed(
        "User {{user}} in {{name}}-keeper is a user whom nobody knows out here."
    )


def shop_is_mended(lab: Lab) -> Outcome:
    """The shop has users of its own, and its stock is its root's."""
    container = lab.container(f"{lab.values['name']}-shop")
    stock = lab.in_volume(f"{lab.values['name']}-stock", "list")
    if lab.values["stock"].encode() not in (stock.data or b""):
        return lab.failed("The volume {{name}}-stock has lost its list.")
    process = container.process
    if not is_apart(process):
        return lab.failed("Root of {{name}}-shop is still root of the machine.")
    seen = process.at("/stock/list")
    if seen.data is None or lab.values["stock"].encode() not in seen.data:
        return lab.failed(
            "{{name}}-shop has users of its own, but finds no list in /stock.", earned=1
        )
    if seen.status is None or seen.status.st_uid != process.owner:
        return lab.failed(
            "{{name}}-shop finds the list, but it does not belong to its root.",
            earned=2,
        )
    return lab.passed(
        "Root of {{name}}-shop is nobody out here, and the list in the volume is its "
        "own."
    )
