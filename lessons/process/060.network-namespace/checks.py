"""Checks for "A network of one's own": who has which address, and reaches whom?"""

from ipaddress import IPv4Interface

from labshell.lessons.checks import Lab, Outcome

SECOND = "sleep 3000000"  # what the process in the second room runs


def is_the_other_end(lab: Lab) -> Outcome:
    """The interface given is the end out here of the container's pair."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().partition("@")[0]
    for switch in lab.engine.switches():
        if given == switch.bridge:
            return lab.failed(
                "This is the bridge, into which the other end is plugged."
            )
        for plug in switch.plugs:
            if given == plug.link and plug.container == lab.values["name"]:
                return lab.passed("It is: what goes in there comes out of `eth0`.")
            if given == plug.link:
                return lab.failed(
                    "This one leads to {subject}.", subject=plug.container
                )
    if given == "eth0":
        return lab.failed("This is what the end inside is called.")
    return lab.failed("Nothing of this name is plugged into a bridge.")


def is_connected_again(lab: Lab) -> Outcome:
    """The very process has its address and its way out, as it had them before."""
    name = lab.values["name"] + "-cut"
    container = lab.container(name)
    network = container.process.network
    if lab.values["word"].encode() not in (container.content("/dev/shm/work") or b""):
        return lab.failed(
            "What {{name}}-cut had in memory is gone. It should have gone on."
        )
    plugged = [
        (switch.gateway, IPv4Interface(plug.address).network)
        for switch in lab.engine.switches()
        for plug in switch.plugs
        if plug.container == name
    ]
    if not any(neighbours in network.neighbours for _, neighbours in plugged):
        return lab.failed(
            "{{name}}-cut is on no network: the interface with its address is off."
        )
    if network.gateway not in [gateway for gateway, _ in plugged]:
        return lab.failed(
            "{{name}}-cut reaches its neighbours again, but no gateway passes on what "
            "is for others.",
            earned=1,
        )
    return lab.passed("{{name}}-cut has its address and its way out, and worked on.")


def cable_is_laid(lab: Lab) -> Outcome:
    """Two addresses in two network namespaces, and something comes through."""
    bench = lab.container(lab.values["name"] + "-bench")
    here, there = (f"10.{lab.values['net']}.2.{last}" for last in (1, 2))
    rooms = [one for one in bench.processes if one.command == SECOND]
    if not rooms:
        return lab.failed("The process in the second room has ended.")
    room, own = rooms[0].network, bench.process.network.addresses
    if there in own:
        return lab.failed("{subject} is an address of the bench itself.", subject=there)
    if here not in own:
        return lab.failed("The bench has no address {subject}.", subject=here)
    if there not in room.addresses:
        return lab.failed(
            "The bench has its address. The second room has no {subject}.",
            earned=1,
            subject=there,
        )
    if not room.reaches(here):
        return lab.failed(
            "Both have their addresses, but from the second room nobody answers at "
            "{subject}.",
            earned=2,
            subject=here,
        )
    return lab.passed("From the second room, the bench answers.")
