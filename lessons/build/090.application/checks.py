"""Checks for "From its source to its page": they ask for it, as a browser would."""

import hashlib
import http.client

from labshell.lessons.checks import Lab, Outcome

LOOPBACK = "127.0.0.1"
SECONDS = 2.0  # for an answer
LONGEST = 4096  # bytes of a page that are looked at
BAKED = b"Good evening"  # what a page begins with that was written by the build


def _page(port: str) -> str | None:
    """What is answered at this port of the machine; None if nobody does."""
    connection = http.client.HTTPConnection(LOOPBACK, int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read(LONGEST).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _host_name(lab: Lab, container: str) -> str:
    return str(lab.engine.inspect(container)["Config"]["Hostname"])


def is_served(lab: Lab) -> Outcome:
    """The image says what to start and whom to greet, and the page is to be had."""
    image = lab.image(lab.values["image"] + ":1")
    if "app.sh" not in " ".join(image.command):
        return lab.failed("The image {{image}}:1 does not say that app.sh is started.")
    if "NAME=World" not in image.environment:
        return lab.failed(
            "{{image}}:1 starts app.sh, but gives it no variable NAME=World.", earned=1
        )
    name = lab.values["name"]
    running = {container.name for container in lab.engine.containers()}
    page = _page(lab.values["port"])
    if name not in running or page is None:
        return lab.failed(
            "The image is right. But no container {{name}} runs that answers at port "
            "{{port}} of this machine.",
            earned=2,
        )
    if "Hello World!" not in page or _host_name(lab, name) not in page:
        return lab.failed(
            "Somebody answers at port {{port}}, but it is not {{name}}, greeting the "
            "world.",
            earned=2,
        )
    return lab.passed("It greets the world, from {{name}}.")


def greets_at_the_start(lab: Lab) -> Outcome:
    """The page is of this container's own start, and the image holds none."""
    image, name = lab.image(lab.values["image"] + ":2"), lab.values["name"] + "-two"
    container = lab.container(name, lost=False)
    _ = container.process
    page = _page(lab.values["other"])
    if page is None:
        return lab.failed("Nobody answers at port {{other}} of this machine.")
    if f"Good evening, {lab.values['who']}!" not in page:
        return lab.failed("The page at port {{other}} does not greet {{who}}.")
    if _host_name(lab, name) not in page:
        return lab.failed(
            "{{who}} is greeted, but in the name of another container: the one that "
            "the page was written in.",
            earned=1,
        )
    if container.image_id != image.id:
        return lab.failed("{{name}}-two is no container of {{image}}:2.", earned=1)
    if lab.values["who"] in " ".join((*image.command, *image.environment)):
        return lab.failed(
            "{{who}} is named in {{image}}:2 itself. Its other containers would greet "
            "{{who}} as well.",
            earned=1,
        )
    if BAKED in (image.content("/page/index.html") or b""):
        return lab.failed(
            "This container shows it. The image {{image}}:2 still has a page that was "
            "written when it was built.",
            earned=2,
        )
    return lab.passed("The page is written at the start, by each container for itself.")


def is_the_report(lab: Lab) -> Outcome:
    """What the step that fails writes; it is computed from the order."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given, order = lab.answer.strip(), lab.values["word"]
    if given == hashlib.sha256(f"{order}\n".encode()).hexdigest()[:8]:
        return lab.passed("It is, and no scene was needed to see it.")
    if given == order:
        return lab.failed("This is the order. The report is computed from it.")
    return lab.failed("The step has not written this into /app/report.")
