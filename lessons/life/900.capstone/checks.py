"""Checks for "A job: a desk that can be closed": how it runs, and how it has ended."""

from labshell.lessons.checks import Lab, Outcome

_MEMORY = 32 << 20  # bytes


def may_be_left_alone(lab: Lab) -> Outcome:
    """The clerk is told what the container is told, comes again, and is limited."""
    name = lab.values["name"]
    desk = lab.container(name, lost=False)
    if desk.image_id != lab.image(f"{name}:desk").id:
        return lab.failed("{{name}} was made of another image.")
    if " -c " in desk.process.command:
        return lab.failed(
            "{{name}} runs, but a shell stands in front of the clerk. Who is told to "
            "end is the shell."
        )
    if "clerk" not in desk.process.command:
        return lab.failed("What {{name}} runs is not the clerk.")
    if desk.restart_policy == "no":
        return lab.failed(
            "The clerk is told to end. But when it fails, {{name}} stays closed.",
            earned=2,
        )
    if not 0 < (desk.limits.memory or 0) <= _MEMORY:
        return lab.failed(
            "The clerk is told to end, and comes again when it fails. But {{name}} "
            "may have more than 32 MB of memory.",
            earned=4,
        )
    return lab.passed("{{name}} can be left alone now.")


def was_closed(lab: Lab) -> Outcome:
    """It has ended in good order, with somebody counted, and stays down."""
    desk = lab.container(lab.values["name"])
    count = (desk.in_read_write_layer("/srv/count") or b"0").decode(errors="replace")
    if desk.status == "restarting" or desk.exit_code is None:
        return lab.failed("{{name}} is open.")
    if desk.exit_code != 0:
        return lab.failed(
            "{{name}} has not ended in good order, but with {subject}: what it had "
            "counted is lost.",
            subject=str(desk.exit_code),
        )
    if count.strip() in ("", "0"):
        return lab.failed(
            "{{name}} has ended in good order. But nobody had come, and 0 was noted.",
            earned=1,
        )
    return lab.passed("{{name}} was closed, its visitors are noted, and it stays so.")
