"""Checks for "The first process": exit statuses, and who is whose child."""

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.processes import members


def ended_by_itself(lab: Lab) -> Outcome:
    """Process 1 has ended with the status that its own program names."""
    container = lab.container(lab.values["name"])
    if container.exit_code is None:
        return lab.failed("{{name}} still runs.")
    if container.exit_code == 137:
        return lab.failed("{{name}} has ended with 137: its process 1 was killed.")
    if str(container.exit_code) != lab.values["code"]:
        return lab.failed(
            "{{name}} has ended with {subject}.", subject=str(container.exit_code)
        )
    return lab.passed("Its shell came to its end, and so {{name}} did.")


def is_the_guest(lab: Lab) -> Outcome:
    """The number given is that of the program which was sent in from outside."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().removeprefix("sleep").strip()
    if given == lab.values["third"]:
        return lab.passed("It is: its parent is outside.")
    if given in (lab.values["first"], lab.values["second"]):
        return lab.failed("The parent of this one is process 1.")
    return lab.failed("There is no `sleep {subject}` in {{name}}-three.", subject=given)


def came_by_hand(lab: Lab) -> Outcome:
    """A process is in the two namespaces, and not in the control group."""
    container = lab.container(lab.values["name"])
    first = container.process.namespaces
    program = f"sleep {lab.values['hand']}"
    found = [p for p in members("pid", first["pid"]) if p.command == program]
    if not found:
        return lab.failed("No `sleep {{hand}}` has a number in {{name}}.")
    inside = [process for process in found if process.shares("mount", first)]
    if not inside:
        return lab.failed(
            "`sleep {{hand}}` has a number in {{name}}, but sees other files than "
            "{{name}}.",
            earned=2,
        )
    counted = {process.pid for process in container.processes}
    if counted.issuperset(process.pid for process in inside):
        return lab.failed(
            "`sleep {{hand}}` runs in {{name}}, and it was the engine that has sent it "
            "in: it is in the control group.",
            earned=1,
        )
    return lab.passed("`sleep {{hand}}` is in {{name}}, and the engine knows nothing.")


def serves(lab: Lab) -> Outcome:
    """A container runs, and its process 1 is the server."""
    container = lab.container(lab.values["name"] + "-web")
    if _is_server(container.process.command):
        return lab.passed("{{name}}-web lasts exactly as long as its server.")
    if any(_is_server(process.command) for process in container.processes):
        return lab.failed(
            "`httpd` runs in {{name}}-web, but process 1 is another program: it would "
            "not notice if `httpd` ended.",
            earned=1,
        )
    return lab.failed("{{name}}-web runs, but there is no `httpd` in it.")


def _is_server(command: str) -> bool:
    """As `httpd`, or as `busybox httpd`, by whatever path."""
    programs = [word.rpartition("/")[2] for word in command.split()[:2]]
    return programs[:1] == ["httpd"] or programs == ["busybox", "httpd"]
