"""Checks look at effects, never at what was typed; what they say is translated."""

from labshell.lessons.checks import Lab, Outcome


def note_is_there(lab: Lab) -> Outcome:
    """The container sees the file, whatever made it."""
    container = lab.container(lab.values["name"])
    if container.content("/" + lab.values["note"]) is not None:
        return lab.passed("The container sees /{{note}}.")
    if container.changes.added:
        return lab.failed(
            "There is a new file in {{name}}, but it is not /{{note}}.", earned=1
        )
    return lab.failed("There is no /{{note}} in {{name}} yet.")
