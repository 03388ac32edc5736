"""Checks for "Who hears a name": they ask for it, where the container would ask."""

from labshell.lessons.checks import ContainerView, Lab, Outcome


def is_found_by_alias(lab: Lab) -> Outcome:
    """The one with the page is found under its other name."""
    asks = lab.container(lab.values["app"] + "-two").process.network
    store = lab.container(lab.values["store"])
    found = asks.addresses_of(lab.values["role"])
    if found and found <= store.process.network.addresses:
        return lab.passed("Whoever asks for {{role}} on that network finds {{store}}.")
    if found:
        return lab.failed("As {{role}}, {{app}}-two finds another container.")
    if _reached(lab, lab.values["app"] + "-two", store):
        return lab.failed(
            "{{app}}-two reaches {{store}}, but does not find it as {{role}}.", earned=1
        )
    return lab.failed("{{app}}-two does not reach {{store}} at all.")


def finds_again(lab: Lab) -> Outcome:
    """The one who was lost finds the other by its name, and has not been ended."""
    name = lab.values["app"] + "-lost"
    asks, there = lab.container(name), lab.container(lab.values["store"] + "-lost")
    if lab.values["note"].encode() not in (asks.content("/dev/shm/notes") or b""):
        return lab.failed("The notes are gone: {{app}}-lost had them in memory.")
    reached = _reached(lab, name, there)
    if reached and _finds(lab, name, there, lab.values["store"] + "-lost"):
        return lab.passed("{{app}}-lost finds {{store}}-lost, wherever it will be.")
    written = f"{lab.values['store']}-lost".encode()
    if reached and written in (asks.content("/etc/hosts") or b""):
        return lab.failed(
            "{{app}}-lost reaches {{store}}-lost, at an address that was written down. "
            "After the next start there may be somebody else.",
            earned=1,
        )
    if reached:
        return lab.failed(
            "{{app}}-lost reaches {{store}}-lost, but only who knows the address does.",
            earned=1,
        )
    return lab.failed("{{app}}-lost does not reach {{store}}-lost.")


def gate_stands_between(lab: Lab) -> Outcome:
    """A guest finds the gate, the gate finds the vault, the guest does not reach it."""
    gate, vault, guest = (
        lab.container(lab.values[value] + end, lost=False)
        for value, end in (("app", "-gate"), ("store", "-vault"), ("app", "-guest"))
    )
    names = {value: lab.values[value] for value in ("app", "store")}
    if not _finds(lab, names["app"] + "-guest", gate, names["app"] + "-gate"):
        return lab.failed("{{app}}-guest does not find {{app}}-gate by its name.")
    if not _finds(lab, names["app"] + "-gate", vault, names["store"] + "-vault"):
        return lab.failed(
            "{{app}}-guest finds {{app}}-gate. But {{app}}-gate does not find "
            "{{store}}-vault by its name.",
            earned=1,
        )
    if _reached(lab, names["app"] + "-guest", vault) or _one_network(guest, vault):
        return lab.failed(
            "Each finds the next by its name. But {{app}}-guest reaches "
            "{{store}}-vault as well.",
            earned=2,
        )
    return lab.passed("The guest finds the gate, and only the gate finds the vault.")


def _finds(lab: Lab, asks: str, wanted: ContainerView, name: str) -> bool:
    """Does who asks for `name` get an address of `wanted`, and an answer there?"""
    network = lab.container(asks).process.network
    found = network.addresses_of(name) & wanted.process.network.addresses
    return any(network.reaches(address) for address in found)


def _reached(lab: Lab, asks: str, wanted: ContainerView) -> bool:
    """Does `wanted` answer at one of its addresses?"""
    network = lab.container(asks).process.network
    return any(network.reaches(one) for one in wanted.process.network.addresses)


def _one_network(one: ContainerView, other: ContainerView) -> bool:
    """Are they in one network namespace? Then there is no wall at all."""
    return one.process.shares("network", other.process.namespaces)
