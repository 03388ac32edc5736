"""Checks for "A door to the outside": they ask for the page, as a browser would."""

import http.client

from labshell.lessons.checks import Lab, Outcome

LOOPBACK = "127.0.0.1"
SECONDS = 2.0  # for an answer
LONGEST = 4096  # bytes of a page that are looked at


def page(address: str, port: int) -> bytes | None:
    """What a web server at this address and port has for `/`; None if nobody answers.

    Asked from this machine. b"" if the answer is no page.
    """
    connection = http.client.HTTPConnection(address, port, timeout=SECONDS)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.read(LONGEST) if answer.status == 200 else b""
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_its_address(lab: Lab) -> Outcome:
    """The address given is the container's, on its own network."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    name, given = lab.values["name"], lab.answer.strip().partition("/")[0]
    if given in lab.container(name).process.network.addresses:
        return lab.passed("It is, and this machine reaches it.")
    if given.startswith("127."):
        return lab.failed(
            "By this address everybody means themselves: out here this machine, in "
            "there the container."
        )
    for switch in lab.engine.switches():
        if given == switch.gateway:
            return lab.failed("This is the gateway: the machine, as its neighbour.")
        for plug in switch.plugs:
            if given == plug.address.partition("/")[0]:
                return lab.failed("There lives {subject}.", subject=plug.container)
    return lab.failed("Nobody of this engine has this address.")


def is_for_this_machine_only(lab: Lab) -> Outcome:
    """The page is to be had at 127.0.0.1, and not at another address of the machine."""
    _ = lab.container(lab.values["name"] + "-inner").process
    word, port = lab.values["word"].encode(), int(lab.values["mine"])
    if word not in (page(LOOPBACK, port) or b""):
        return lab.failed(
            "{{name}}-inner runs, but at port {{mine}} of this machine its page is not "
            "to be had."
        )
    others = [switch.gateway for switch in lab.engine.switches() if switch.on]
    if any(page(address, port) is not None for address in others):
        return lab.failed(
            "The page is to be had at port {{mine}}, and not only at 127.0.0.1.",
            earned=1,
        )
    return lab.passed("The page is to be had from this machine, and not from others.")


def answers_again(lab: Lab) -> Outcome:
    """The page of the container is to be had at the published port."""
    process = lab.container(lab.values["name"] + "-deaf").process
    word = lab.values["word"].encode()
    found = page(LOOPBACK, int(lab.values["other"]))
    if found is not None and word in found:
        return lab.passed("Whoever asks at port {{other}} is given the page.")
    if found is not None:
        return lab.failed(
            "Somebody answers at port {{other}}, but not with the page.", earned=1
        )
    if any(word in (page(one, 80) or b"") for one in process.network.addresses):
        return lab.failed(
            "{{name}}-deaf answers at its own address, but port {{other}} of this "
            "machine does not lead there.",
            earned=1,
        )
    return lab.failed("Nobody answers at port {{other}} of this machine.")
