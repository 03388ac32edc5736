"""Honesty: what staff should look at, with the evidence, and what it may mean.

    foreign    a value of somebody else's stands in an answer, a file or a layer
    tokens     a file says that it is one student's, or is called so, and has another's
               token
    several    files that have one token: which of them counts
    pairs      two students share mistakes, or layers, that hardly anybody else has

Values are random, at least 8 hexadecimal digits of them: one that is another student's
did not come about by itself, but it may have come by a screen that both looked at.

A mistake that half of the class makes says nothing if two make it. So each mistake, and
each layer of an image that is the same to the last byte, counts by how rare it is: of N
students n have it, which is worth log2(N/n) bits. The bits that two share are added up.
If nobody knew anybody, about N / 2^bits others would share as much with one by chance:
below 1 in 20 the pair is listed. A mistake that only two make is never enough alone,
and in a small class nothing is.

This is a reason to ask, never a result: people learn together, from the same page, with
the same mistake. No points depend on it, no report has it, and nobody is sent it.

Source: G. O. Wesolowsky, "Detecting excessive similarity in answers on multiple choice
exams", Journal of Applied Statistics 27 (2000), for the idea of weighing what is rare
Try it: `lab grade class/ --assignment layers-1 -o OUT; cat OUT/honesty.json`
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labshell.grading.journal import Look
from labshell.grading.keeping import HONESTY as FILE
from labshell.grading.rows import Row
from labshell.grading.tracer import Found
from labshell.grading.traces import SHORTEST
from labshell.lessons.outcomes import FAILED

__all__ = ["FILE", "findings", "how_many", "several"]
SCHEMA = "labshell.honesty/1"
_BY_CHANCE = 0.05  # others who would share as much, at most, for a pair to be listed
_MOST_PAIRS = 50
_MEANING = (
    "Reasons to ask, no results: no points depend on this, and no report has it. "
    "labshell/grading/honesty.py says how the numbers come about."
)
_HOW_PAIRS = (
    "Two students share what is rare in this class: each mistake counts log2(N/n) bits "
    "if n of N students made it. `others_by_chance` is about how many others would "
    "share as much with one student if nobody knew anybody. They may have learned "
    "together, or from the same page."
)
_HOW_FOREIGN = (
    "A value that only `whose` was given stands in the work of `student`. Perhaps both "
    "looked at one screen."
)


def findings(
    looks: Sequence[Look],
    rows: Sequence[Row],
    traces: Found,
    values: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """All that staff should look at, as plain data. `values`: each student's own."""
    files = {row.student: row.file for row in rows if row.items and row.file}
    own = {one: traces[file] for one, file in files.items() if file in traces}
    return {
        "schema": SCHEMA,
        "meaning": _MEANING,
        "traced": len(own),
        "tokens": [
            {"file": look.file, "evidence": look.staff} for look in looks if look.staff
        ],
        "several": several(looks, rows),
        "foreign": {"how": _HOW_FOREIGN, "found": list(_foreign(own, values))},
        "pairs": {"how": _HOW_PAIRS, "found": _pairs(rows, own)},
    }


def several(looks: Sequence[Look], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Students of whose token there are several files: handed in again, or passed on.

    What students hand in again is no thing to look at: `how_many` leaves it out.
    """
    counts = {row.student: row.file for row in rows}
    theirs: dict[str, list[str]] = {one: [] for one in counts}
    for look in looks:
        if look.row.items and look.student in theirs:
            theirs[look.student].append(look.file)
    return [
        {"student": one, "files": files, "counts": counts[one]}
        for one, files in theirs.items()
        if len(files) > 1
    ]


def how_many(found: Mapping[str, Any]) -> int:
    """The number of things to look at."""
    lists = (found["tokens"], found["foreign"]["found"], found["pairs"]["found"])
    return sum(map(len, lists))


def _foreign(
    own: Found, values: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, Any]]:
    """Values of others, with where they stand."""
    owners = {
        value: (student, name)
        for student, theirs in values.items()
        for name, value in theirs.items()
        if len(value) >= SHORTEST
    }
    for student, traces in own.items():
        for word, place in traces["words"]:
            whose, name = owners.get(word, (student, ""))
            if whose != student:
                yield {
                    "student": student,
                    "whose": whose,
                    "value": f"{name} = {word}",
                    "place": place,
                }


def _pairs(rows: Sequence[Row], own: Found) -> list[dict[str, Any]]:
    """Pairs that share more of what is rare than chance makes likely."""
    having = {row.student: set(_rarities(row, own)) for row in rows if row.items}
    number = len(having)
    how_often = Counter(one for theirs in having.values() for one in theirs)
    bits = {one: math.log2(number / times) for one, times in how_often.items()}
    found: list[dict[str, Any]] = []
    for first, second in itertools.combinations(having, 2):
        shared = sorted(having[first] & having[second], key=lambda one: -bits[one])
        total = sum(bits[one] for one in shared)
        by_chance = number / 2**total
        if shared and by_chance < _BY_CHANCE:
            evidence = [
                {"what": one, "students": how_often[one], "bits": round(bits[one], 2)}
                for one in shared
            ]
            found.append(
                {
                    "students": [first, second],
                    "bits": round(total, 2),
                    "others_by_chance": float(f"{by_chance:.2g}"),
                    "evidence": evidence,
                }
            )
    return sorted(found, key=lambda one: -float(one["bits"]))[:_MOST_PAIRS]


def _rarities(row: Row, own: Found) -> Iterator[str]:
    """The mistakes of one student, one an item, and the layers that they made."""
    traces = own.get(row.student)
    for item in row.items:
        failed = [check for check in item.checks if check.verdict == FAILED]
        answer = traces["answers"].get(item.item) if traces else None
        if failed and answer is not None:
            yield f"{item.item}: the wrong answer {answer!r}"
        elif failed:
            said = failed[0].pattern or failed[0].message
            yield f"{item.item}: {failed[0].check} said {said!r}"
    for name, image in traces["images"].items() if traces else ():
        for layer in image["layers"]:
            if layer["own"]:
                yield f"{name}: the same layer {layer['diff_id']}"
