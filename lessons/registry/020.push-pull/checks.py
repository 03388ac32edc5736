"""Checks for "Only what is missing travels": they read the registry's own files."""

from typing import TYPE_CHECKING

from labshell.lessons.checks import Lab, Outcome

if TYPE_CHECKING:
    from engine.engine import TaggedManifest

LITTLE = 100_000  # bytes: one line and the directories that lead to it


def pushed(lab: Lab, repository: str, tag: str) -> "TaggedManifest | None":
    """What the registry has under this name; None if there is nothing."""
    if not lab.engine.registry.repositories():
        return None
    for one in lab.engine.registry.contents():
        if (one.repository, one.tag) == (repository, tag):
            return one
    return None


def layers(manifest: "TaggedManifest") -> list[str]:
    """The digests of the layers, the bottom one first."""
    return [layer.digest for layer in manifest.layers]


def is_the_number_of_layers(lab: Lab) -> Outcome:
    """How many layers the registry really keeps, each of them once."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    found = [layers(one) for one in lab.engine.registry.contents()]
    different = {digest for each in found for digest in each}
    given = lab.answer.strip()
    if given == str(len(different)):
        return lab.passed("It is. The layers that two images share are kept once.")
    if given == str(sum(map(len, found))):
        return lab.failed(
            "So many the images have, one by one. Some of these are the same layer."
        )
    if given == str(len(found)):
        return lab.failed("These are the images, not their layers.")
    return lab.failed("It is another number.")


def stands_on_the_base(lab: Lab) -> Outcome:
    """Another repository has an image with the same two layers at the bottom."""
    team, image = lab.values["team"], lab.values["image"]
    found = pushed(lab, f"{team}/{image}-shop", "1")
    if found is None:
        return lab.failed("The registry has no {{team}}/{{image}}-shop:1.")
    below = layers_of_base(lab)
    if layers(found)[: len(below)] != below:
        return lab.failed(
            "{{team}}/{{image}}-shop:1 is in the registry, but does not stand on the "
            "layers of {{image}}:base.",
            earned=1,
        )
    if len(found.layers) == len(below):
        return lab.failed(
            "{{team}}/{{image}}-shop:1 has no layer of its own: it is {{image}}:base.",
            earned=1,
        )
    return lab.passed("It stands on the same layers, and has its own above them.")


def layers_of_base(lab: Lab) -> list[str]:
    """The two lowest layers of what the lesson has pushed itself."""
    first = pushed(lab, f"{lab.values['team']}/{lab.values['image']}", "1")
    return layers(first)[:2] if first else []


def is_slim(lab: Lab) -> Outcome:
    """The same line in the same file, and hardly anything to send for it."""
    team, image = lab.values["team"], lab.values["image"]
    name = f"127.0.0.1:{lab.values['port']}/{team}/{image}:slim"
    found, first = (pushed(lab, f"{team}/{image}", tag) for tag in ("slim", "1"))
    if found is None or first is None:
        return lab.failed("The registry has no {{team}}/{{image}}:slim.")
    text = (lab.image(name).content("/list") or b"").decode(errors="replace").split()
    if text != [lab.values["word"], lab.values["line"]]:
        return lab.failed("In {{team}}/{{image}}:slim, /list has not the two lines.")
    there = set(layers(first))
    sent = sum(layer.size for layer in found.layers if layer.digest not in there)
    if sent > LITTLE:
        return lab.failed(
            "The registry has {{team}}/{{image}}:slim, but {subject} bytes of it are "
            "not in {{team}}/{{image}}:1.",
            earned=1,
            subject=str(sent),
        )
    return lab.passed("The line is there, and next to nothing was sent for it.")
