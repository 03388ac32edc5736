"""Checks for "The scene of a failure": what was left, and what was made of it."""

from labshell.lessons.checks import Lab, Outcome

MARK = "org.labshell.build"  # the label of a container in which a build has run a step
_SERVER = "sleep 100000"


def is_the_seal(lab: Lab) -> Outcome:
    """What any step that failed has left; it was drawn at random."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given, seals = lab.answer.strip(), set()
    for container in lab.engine.containers(all=True):
        seal = lab.container(container.id).in_read_write_layer("/app/seal") or b""
        seals.add(seal.decode(errors="replace").strip())
    if not seals - {""}:
        return lab.failed(
            "No container has a /app/seal any more. `:reset step` makes the scene anew."
        )
    if given and given in seals:
        return lab.passed("It is: in a layer that never became one of an image.")
    if given == "checking":
        return lab.failed("This is what the step has printed, not what it has written.")
    return lab.failed("No step that failed has left this in /app/seal.")


def goes_on(lab: Lab) -> Outcome:
    """All steps are made, upon the images that were there."""
    name = lab.values["image"] + ":1"
    image = lab.image(name)
    if not image.shows("/app/done"):
        return lab.failed(
            "/app/done is missing in {{image}}:1: the last step was not made."
        )
    parts = (image.content("/app/parts") or b"").decode(errors="replace").split()
    if parts != [lab.values["word"], "two", "three"]:
        return lab.failed(
            "/app/done is there, but /app/parts has no three, and so the parts were "
            "not checked.",
            earned=1,
        )
    if not image.shows("/app/seal"):
        return lab.failed("The parts are right, but there is no /app/seal.", earned=1)
    steps, scenes = {step.id for step in lab.engine.history(name)}, _scenes(lab)
    if scenes and not steps & scenes:
        return lab.failed(
            "{{image}}:1 has what it should, but the steps that had gone well were "
            "made anew.",
            earned=2,
        )
    return lab.passed("Every step is made, and none of them twice.")


def _scenes(lab: Lab) -> set[str]:
    """The images that the containers of failed steps were made of."""
    return {
        container.image_id
        for container in lab.engine.containers(all=True)
        if MARK in container.labels
    }


def serves_the_page(lab: Lab) -> Outcome:
    """The page is in the image, and the server is its command."""
    name = lab.values["image"] + ":2"
    image = lab.image(name)
    if lab.values["word"].encode() not in (image.content("/page") or b""):
        return lab.failed(
            "A container of {{image}}:2 finds no {{word}} in /page before it has "
            "started."
        )
    config = lab.engine.inspect(name, kind="image")["Config"]
    words = tuple((config["Entrypoint"] or []) + (config["Cmd"] or []))
    line = words[-1] if words[:2] == ("/bin/sh", "-c") else " ".join(words)
    if line.endswith(_SERVER) and "/page" in line:
        return lab.failed(
            "/page is in {{image}}:2, but each container will write it anew before it "
            "serves.",
            earned=1,
        )
    if " ".join(line.removeprefix("exec ").split()) not in (_SERVER, f"/bin/{_SERVER}"):
        return lab.failed(
            "/page is in {{image}}:2, but what its containers start is not "
            "`sleep 100000`, and no more than that.",
            earned=1,
        )
    return lab.passed("What is done once is in the image; what goes on is its command.")
