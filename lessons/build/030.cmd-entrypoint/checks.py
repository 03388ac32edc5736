"""Checks for "What is started, word by word": the words, and what came of them."""

from labshell.lessons.checks import Lab, Outcome

_SHELLS = ("sh", "/bin/sh", "ash", "/bin/ash")


def _words(lab: Lab, image: str) -> tuple[list[str], list[str]]:
    """The words of an image: its entrypoint, and its CMD."""
    config = lab.engine.inspect(image, kind="image")["Config"]
    return config["Entrypoint"] or [], config["Cmd"] or []


def is_started_directly(lab: Lab) -> Outcome:
    """Two words, and the first is the program."""
    name, nap = lab.values["image"] + ":direct", lab.values["nap"]
    _ = lab.image(name)
    entrypoint, command = _words(lab, name)
    words = entrypoint + command
    if words in (["sleep", nap], ["/bin/sleep", nap]):
        return lab.passed("Two words: the program, and its argument.")
    if words[:1] == [f"sleep {nap}"]:
        return lab.failed(
            "The first word of what {{image}}:direct starts is `sleep {{nap}}`, and no "
            "program is called that."
        )
    if words and words[0] in _SHELLS and words[-1].endswith(f"sleep {nap}"):
        return lab.failed(
            "{{image}}:direct starts a shell first, and that starts `sleep`.", earned=1
        )
    if words and words[0] in _SHELLS and nap in words[-1]:
        return lab.failed(
            "{{image}}:direct starts a shell first, and gives it a line that it cannot "
            "run."
        )
    return lab.failed("{{image}}:direct starts something else than `sleep {{nap}}`.")


def greets_everybody(lab: Lab) -> Outcome:
    """Two containers of one image, which differ by one word."""
    box, who = lab.values["box"], lab.values["who"]
    image = lab.values["image"] + ":greets"
    id = lab.image(image).id
    first = lab.container(box, lost=False)
    entrypoint, command = _words(lab, image)
    if first.image_id != id or [*first.command] != entrypoint + command:
        return lab.failed(
            "{{box}} is not a container of {{image}}:greets with no word behind it."
        )
    if _printed(lab, box) != f"ahoy {who}":
        return lab.failed(
            "{{box}} should have printed `ahoy {{who}}`. It has printed: {subject}.",
            subject=_printed(lab, box) or "-",
        )
    return _second(lab, box + "-two", id, entrypoint)


def _second(lab: Lab, name: str, image: str, entrypoint: list[str]) -> Outcome:
    names = {container.name for container in lab.engine.containers(all=True)}
    if name not in names:
        return lab.failed(
            "{{box}} is right. There is no container {subject} yet.",
            earned=2,
            subject=name,
        )
    second = lab.container(name)
    if second.image_id != image or [*second.command] != [*entrypoint, "Zoe"]:
        return lab.failed(
            "{{box}} is right. {subject} was started with other words than `Zoe`.",
            earned=2,
            subject=name,
        )
    if _printed(lab, name) != "ahoy Zoe":
        return lab.failed(
            "{{box}} is right. {{box}}-two should have printed `ahoy Zoe`. It has "
            "printed: {subject}.",
            earned=2,
            subject=_printed(lab, name) or "-",
        )
    return lab.passed("One image, and whoever starts it says a word, or none.")


def _printed(lab: Lab, name: str) -> str:
    """What a container has printed, the white space made even."""
    printed = b" ".join(entry.data for entry in lab.engine.logs(name))
    return " ".join(printed.decode(errors="replace").split())
