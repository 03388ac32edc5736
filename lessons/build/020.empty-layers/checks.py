"""Checks for "Not every line makes a layer": layers on one side, words on the other."""

from labshell.lessons.checks import Lab, Outcome


def has_only_words(lab: Lab) -> Outcome:
    """The layers of the first image, and a variable and a label more."""
    image, base = (lab.image(f"{lab.values['image']}:{tag}") for tag in ("2", "1"))
    if image.layers != base.layers:
        return lab.failed(
            "{{image}}:2 has other layers than {{image}}:1. Words alone need none."
        )
    has_variable = f"COLOUR={lab.values['colour']}" in image.environment
    told = lab.engine.inspect(lab.values["image"] + ":2", kind="image")
    labels = told["Config"]["Labels"] or {}
    has_label = labels.get("batch") == lab.values["word"]
    if not has_variable and not has_label:
        return lab.failed("{{image}}:2 has neither the variable nor the label.")
    if not has_variable:
        return lab.failed(
            "The label is there, but a container of {{image}}:2 has no variable "
            "COLOUR={{colour}}.",
            earned=1,
        )
    if not has_label:
        return lab.failed(
            "The variable is there, but {{image}}:2 has no label batch={{word}}.",
            earned=2,
        )
    return lab.passed("The same layers, and two words more.")


def is_the_token(lab: Lab) -> Outcome:
    """The token differs for every student; any way of finding it counts."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().removeprefix("TOKEN=")
    if given == lab.values["token"]:
        return lab.passed("So it was, and everybody who has the image can read it.")
    if not given:
        return lab.failed(
            "So it stands in the last line of the Dockerfile. An earlier line says "
            "more."
        )
    if given == lab.values["word"]:
        return lab.failed("This is what the step has fetched with it.")
    return lab.failed("This is not the token.")


def says_nothing(lab: Lab) -> Outcome:
    """The file is there, and the token nowhere in the configuration."""
    name, token = lab.values["image"] + ":clean", lab.values["token"]
    image = lab.image(name)
    if lab.values["word"].encode() not in (image.content("/app") or b""):
        return lab.failed("A container of {{image}}:clean finds no {{word}} in /app.")
    if any(
        token in line.created_by + line.comment for line in lab.engine.history(name)
    ):
        return lab.failed(
            "The token still stands in the history of {{image}}:clean.", earned=1
        )
    if image.config_mentions(token):
        return lab.failed(
            "The token still stands in the configuration of {{image}}:clean.",
            earned=1,
        )
    return lab.passed("/app is as it was, and nothing tells of the token.")
