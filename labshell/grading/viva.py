"""A viva: three questions to a student about their own work, for a short talk.

    OUT/marks.json, traces.jsonl ──▶ what is this student's own: their values, the lines
    of their files, the layers of their images, what they answered, where they failed
    ──▶ questions of different kinds ──▶ three, and what a right answer looks like

Who has done the work finds these easy, whatever else they know; who has not cannot look
them up, because nobody else's work has the same answers. It is no test and gives no
points. The same student is asked the same three until their work changes.

Try it: `lab grade viva OUT s001`
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labshell.grading.rows import Row
from labshell.lessons.outcomes import FAILED

_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and for staff what a right answer looks like."""

    ask: str
    answer: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"ask": self.ask, "answer": self.answer}


def questions(row: Row, traces: Mapping[str, Any]) -> list[Question]:
    """Three questions about this student's work, or fewer where there is little of it.

    Each is of another kind, the most telling kinds first; which one of a kind, the
    student's name chooses.
    """
    kinds = [
        list(_about_hidden(traces)),
        list(_about_failures(row)),
        list(_about_values(traces)),
        list(_about_lines(traces)),
        list(_about_layers(traces)),
        list(_about_answers(row, traces)),
        list(_about_commands(traces)),
    ]
    chosen = [kind[_choice(row, len(kind))] for kind in kinds if kind]
    return chosen[:_MOST]


def _choice(row: Row, number: int) -> int:
    digest = hashlib.sha256(f"{row.student}\n{row.file}".encode()).digest()
    return int.from_bytes(digest[:4]) % number


def _images(traces: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from traces["images"].items()


def _made(image: Mapping[str, Any], number: int) -> str:
    """How a layer was made, as far as the image says so."""
    line = image["made_by"][number]
    return f", made by `{line}`" if line else ""


def _about_hidden(traces: Mapping[str, Any]) -> Iterator[Question]:
    for name, image in _images(traces):
        for layer, path in image["hidden"]:
            yield Question(
                ask=f"A container of your image {name} sees no {path}. Is it in the "
                "image all the same? Who could read it, and how would it go away?",
                answer=f"Yes: layer {layer + 1} holds it{_made(image, layer)}, and a "
                "higher layer only hides it, by a whiteout. Whoever has the image can "
                "read that layer's tar. It must never get into a layer: removed in the "
                "instruction that makes it, or left out of the context.",
            )


def _about_failures(row: Row) -> Iterator[Question]:
    for item in row.items:
        for check in item.checks:
            if check.verdict == FAILED and not check.check.startswith("hidden:"):
                yield Question(
                    ask=f"{item.item} did not earn everything: “{check.message}” What "
                    "is the reason in your work, and what would you change?",
                    answer=f"They name what in their work the check {check.check} saw "
                    f"({check.earned} of {check.maximum} points), and a change that "
                    "would make it pass.",
                )


def _about_values(traces: Mapping[str, Any]) -> Iterator[Question]:
    for name, places in traces["places"].items():
        if places:
            yield Question(
                ask=f"You were given a {name} of your own. Which one, and where in "
                "your work does it stand? How did it get there?",
                answer=f"{traces['values'][name]}. It stands in: {'; '.join(places)}.",
            )


def _about_lines(traces: Mapping[str, Any]) -> Iterator[Question]:
    for name, file in traces["files"].items():
        for number, line in file["lines"]:
            if len(line.split()) < 2 or line.split()[0] == "FROM":
                continue
            made = [
                f"layer {layer + 1} of {image} says that it was made by `{by}`"
                for image, traced in _images(traces)
                for layer, by in enumerate(traced["made_by"])
                if by and line.strip().partition(" ")[2].strip() in by
            ]
            yield Question(
                ask=f"Line {number} of your {name} is `{line.strip()}`. What would be "
                "different in the end without it? In which layer would you see that?",
                answer="They say what it does and why it stands where it does"
                + (
                    f"; {'; '.join(made)}."
                    if made
                    else "; their image shows it or not."
                ),
            )


def _about_layers(traces: Mapping[str, Any]) -> Iterator[Question]:
    for name, image in _images(traces):
        for number, layer in enumerate(image["layers"]):
            if layer["own"] and layer["paths"]:
                yield Question(
                    ask=f"Your image {name} has {len(image['layers'])} layers. What is "
                    f"in layer {number + 1}, counted from the bottom? What made it?",
                    answer=f"{', '.join(layer['paths'])}{_made(image, number)}; its "
                    f"diff_id is {layer['diff_id']}.",
                )


def _about_answers(row: Row, traces: Mapping[str, Any]) -> Iterator[Question]:
    for item in row.items:
        if (answer := traces["answers"].get(item.item)) is not None:
            said = "; ".join(check.message for check in item.checks)
            yield Question(
                ask=f"Your answer to {item.item} was `{answer}`. How did you find it, "
                "and how could somebody else check it?",
                answer=f"They name a command that shows it. The check said: {said}",
            )


def _about_commands(traces: Mapping[str, Any]) -> Iterator[Question]:
    for name, image in _images(traces):
        yield Question(
            ask=f"What does a container of your image {name} run if nothing else is "
            "said, and as which user?",
            answer=f"`{' '.join(image['command']) or 'nothing: it must be said'}`, as "
            f"{image['user'] or 'root'}.",
        )
