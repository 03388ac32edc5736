"""Traces: what can be said about a submission, beside its marks.

    values and where they stand      answers      lines of work files
    an image's own layers, what is in them, what is hidden, and how they were made
    words that look like somebody's value: as many hexadecimal digits as one has

They are noted for people: for questions to a student about their own work (viva.py),
and for what staff should look at (honesty.py). No mark depends on any of it, so it is
taken down by a child of its own, after the marks are made. Like marks it is read from
bytes that may come from anybody: every list and text has an end.

Try it: `lab grade class/ --assignment layers-1 -o OUT; head -1 OUT/traces.jsonl`
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from engine.errors import EngineError
from labshell.grading.assignment import ANSWER, IMAGE, Assignment
from labshell.grading.paper import PaperImage
from labshell.grading.submission import Submission
from labshell.grading.work import Evidence
from labshell.lessons.outcomes import NotThereYet
from labshell.lessons.values import derive, fill

SHORTEST = 8  # digits of a value: a shorter one stands in many files by chance
_LONGEST = 200  # characters of a text
_MOST_LINES, _MOST_PATHS, _MOST_PLACES, _MOST_WORDS = 60, 12, 5, 300


class Traces:
    """What is noted of one submission while it is read."""

    def __init__(
        self, assignment: Assignment, submission: Submission, evidence: Evidence
    ) -> None:
        self._assignment, self._submission = assignment, submission
        self._evidence = evidence
        token = submission.claim.token
        self._values = derive(token, assignment.name, assignment.rules)
        lengths = {rule.hexadecimal for rule in assignment.rules.values()}
        forms = "|".join(f"[0-9a-f]{{{n}}}" for n in sorted(lengths) if n >= SHORTEST)
        self._words = re.compile(rf"(?<![0-9a-f])(?:{forms or '(?!)'})(?![0-9a-f])")
        self._found: dict[tuple[str, str], None] = {}
        self._places: dict[str, list[str]] = {name: [] for name in self._values}

    def to_json(self) -> dict[str, Any]:
        """All of it, as plain data."""
        return {
            "values": self._values,
            "answers": self._answers(),
            "files": dict(self._files()),
            "images": dict(self._images()),
            "places": self._places,
            "words": [[word, place] for word, place in self._found],
        }

    def _look_for_values(self, text: str, place: str) -> None:
        for word in self._words.findall(text):
            if len(self._found) < _MOST_WORDS:
                self._found[word, place] = None
        for name, value in self._values.items():
            places = self._places[name]
            if len(value) >= 4 and value in text and len(places) < _MOST_PLACES:
                places.append(place)

    def _answers(self) -> dict[str, str]:
        given = self._submission.claim.answers
        asked = [item.id for item in self._assignment.items if item.kind == ANSWER]
        for id in asked:
            self._look_for_values(given.get(id, ""), f"the answer to {id}")
        return {id: _short(given[id]) for id in asked if id in given}

    def _files(self) -> Iterator[tuple[str, dict[str, Any]]]:
        kinds = (IMAGE, ANSWER)
        for item in self._assignment.items:
            name = fill(item.source, self._values)
            data = None if item.kind in kinds else self._submission.file(name)
            if data is None:
                continue
            text = data.decode(errors="replace")
            self._look_for_values(text, name)
            lines = [
                [number, _short(line)]
                for number, line in enumerate(text.splitlines(), 1)
                if line.strip() and not line.lstrip().startswith("#")
            ]
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            yield name, {"digest": digest, "lines": lines[:_MOST_LINES]}

    def _images(self) -> Iterator[tuple[str, dict[str, Any]]]:
        sources = [i.source for i in self._assignment.items if i.kind == IMAGE]
        for name in dict.fromkeys(fill(source, self._values) for source in sources):
            try:
                image = self._evidence.image(name)
                yield name, self._image(name, image)
            except (NotThereYet, EngineError):  # its checks have said so
                continue

    def _image(self, name: str, image: PaperImage) -> dict[str, Any]:
        read = image.unmounted
        handed_in = self._submission.blob
        own = [handed_in(digest) is not None for digest in read.blobs]
        for number in [number for number, is_own in enumerate(own) if is_own]:
            for path, data in read.contents(number):
                place = _short(f"{name}, layer {number + 1}, /{path}")
                # A value may be asked for in a path: /srv/{{word}}/note.
                text = f"{path}\n{data.decode(errors='replace')}"
                self._look_for_values(text, place)
        paths: list[list[str]] = [[] for _ in own]
        hidden: list[list[Any]] = []
        for stored in read.stored:
            paths[stored.layer].append(_short(f"/{stored.path}"))
            if stored.path not in read.tree and len(hidden) < _MOST_PLACES:
                hidden.append([stored.layer, _short(f"/{stored.path}")])
        return {
            "layers": [
                {"diff_id": diff_id, "own": is_own, "paths": theirs[:_MOST_PATHS]}
                for diff_id, is_own, theirs in zip(
                    image.layers, own, paths, strict=True
                )
            ],
            "hidden": hidden,
            "made_by": _made_by(image, len(own)),
            "command": [_short(word) for word in image.command[:_MOST_PATHS]],
            "user": _short(image.user),
        }


def _made_by(image: PaperImage, layers: int) -> list[str]:
    """The line that made each layer, as the image says; "" if it does not."""
    steps = [s for s in image.unmounted.config.history if not s.empty_layer]
    lines = [_short(step.created_by) for step in steps]
    return lines if len(lines) == layers else [""] * layers


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
