"""Checks for "Made is not started": states of containers, and files in them."""

from pathlib import Path

from labshell.lessons.checks import Lab, Outcome

HOUSE, ALARM = "/srv/house", "/srv/alarm"
STATES = ("created", "running", "paused", "exited")


def guide_knows_the_house(lab: Lab) -> Outcome:
    """The program of the image runs, has found its file, and never missed it."""
    guide = lab.container(lab.values["name"] + "-guide", lost=False)
    if guide.image_id != lab.image(lab.values["name"] + ":guide").id:
        return lab.failed("{{name}}-guide was made of another image.")
    if guide.command != ("guide",):
        return lab.failed(
            "{{name}}-guide runs something else than the program of its image."
        )
    house = Path("/etc/hostname").read_bytes()
    if guide.status == "created":
        if guide.in_read_write_layer(HOUSE) != house:
            return lab.failed("{{name}}-guide has been made, and nothing more.")
        return lab.failed(
            "{{name}}-guide has the file, and has not been started yet.", earned=1
        )
    if guide.exit_code == 3:
        return lab.failed(
            "{{name}}-guide has ended with 3: its program did not find /srv/house."
        )
    if guide.content(HOUSE) != house:
        return lab.failed(
            "{{name}}-guide runs, but its /srv/house does not say what the machine's "
            "/etc/hostname says."
        )
    if guide.top(ALARM).status is not None:
        return lab.failed(
            "{{name}}-guide runs and has the file, but it was started once without: "
            "/srv/alarm tells of it, and outlives every start.",
            earned=2,
        )
    return lab.passed("{{name}}-guide runs, and has found the file at its first start.")


def names_tell_the_truth(lab: Lab) -> Outcome:
    """Four containers, each in the state that its name says."""
    name = lab.values["name"]
    views = {one: lab.container(f"{name}-{one}", lost=False) for one in STATES}
    states = {state: view.status for state, view in views.items()}
    wrong = [state for state in STATES if states[state] != state]
    earned = len(STATES) - len(wrong)
    if wrong == ["created"] and states["created"] == "exited":
        return lab.failed(
            "{{name}}-created is exited now. No arrow leads back to created: once "
            "started, a container is one that has been started.",
            earned,
        )
    if wrong:
        return lab.failed(
            "Their names still say something else: {subject}.",
            earned,
            subject=", ".join(f"{name}-{state}" for state in wrong),
        )
    return lab.passed("All four are what they are called.")
