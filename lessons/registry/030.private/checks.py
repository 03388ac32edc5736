"""Checks for "Who may, and who is asked first": they ask the registry as a client."""

import base64
import http.client

from labshell.lessons.checks import Lab, Outcome

SECONDS = 2.0  # for an answer
PASSWORD = "enigma"


def status(lab: Lab, user: str = "") -> int | None:
    """What the registry answers to "are you there?"; None if nobody answers."""
    headers = {}
    if user:
        basic = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        headers["Authorization"] = f"Basic {basic}"
    port = int(lab.values["port"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/v2/", headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def asks_who_it_is(lab: Lab) -> Outcome:
    """The same registry, which refuses strangers and lets one user in."""
    if status(lab) is None:
        return lab.failed("Nobody answers at port {{port}}.")
    if status(lab) != 401:
        return lab.failed("The registry at port {{port}} still answers everybody.")
    if status(lab, lab.values["user"]) != 200:
        return lab.failed(
            "The registry asks for a password, but {{user}} is not let in with enigma.",
            earned=1,
        )
    if f"library/{lab.values['image']}" not in lab.engine.registry.repositories():
        return lab.failed(
            "{{user}} is let in, but library/{{image}} is not there any more.", earned=2
        )
    return lab.passed("Strangers are refused, {{user}} is let in, and nothing is lost.")


def came_by_the_mirror(lab: Lab) -> Outcome:
    """The image has its short name because it was pulled by it."""
    name = f"{lab.values['image']}:1"
    if (lab.image(name).content("/peak") or b"").decode().strip() != lab.values["word"]:
        return lab.failed("{{image}}:1 is another image than that of the registry.")
    known = lab.engine.inspect(name, kind="image")["RepoDigests"]
    if not any(one.startswith(f"{lab.values['image']}@") for one in known):
        return lab.failed(
            "{{image}}:1 is here, but was not pulled by this name.", earned=1
        )
    return lab.passed("{{image}}:1 was asked for at docker.io, and the mirror had it.")
