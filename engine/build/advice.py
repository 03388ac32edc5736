"""What Docker takes without a word, and is hardly meant.

    RUN apt-get update ADD run.sh /    one instruction: apt-get is given "ADD", too
    CMD ['sleep', '9']                 not JSON: a shell looks for a program "[sleep,"
    CMD ["sleep",                      the same: a list ends where the instruction does
    RUN make \\                        a line that is empty, among continuations

None of it is an error, or files that are built today would not be. Each is one line,
printed as a warning.

Try it: `printf 'FROM busybox\\nWORKDIR /a COPY . /a\\n' | lab build -`
"""

import re
from collections.abc import Iterator

from engine.build import words
from engine.build.grammar import GRAMMAR
from engine.build.instruction import Instruction
from engine.build.lines import Line
from engine.build.source import printable

_BEGINS_LIKE_JSON = re.compile(r"""\[(\s*)["']""")
_MAY_BE_JSON = ("ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "VOLUME")


def warnings(
    instruction: Instruction, line: Line, name: str, escape: str
) -> Iterator[str]:
    """What to say about an instruction, each as one line with its place."""
    place = f"{name}:{instruction.position.line}"
    if line.gap:
        yield f"{name}:{line.gap}: empty continuation line"
    if second := _second_instruction(instruction, escape):
        yield (
            f"{place}: {second} is an argument of {instruction.name} here: "
            "an instruction begins on a line of its own"
        )
    if _looks_like_json(instruction):
        yield (
            f"{place}: {printable(instruction.words[-1][:40])} is not JSON, whose "
            'strings have double quotes, as in ["a", "b"]: read as the shell form'
        )


def _second_instruction(instruction: Instruction, escape: str) -> str:
    """The name of an instruction among the bare words of another; "" if none is."""
    if instruction.json_form or instruction.heredocs or instruction.name == "ONBUILD":
        return ""
    cut = words.like_a_shell(instruction.text, escape)
    return next((word for word in cut.words[1:] if word in GRAMMAR), "")


def _looks_like_json(instruction: Instruction) -> bool:
    if instruction.json_form or instruction.name not in _MAY_BE_JSON:
        return False
    text = " ".join(instruction.words[instruction.name == "HEALTHCHECK" :])
    # A shell's own [ has a blank after it, and no commas: [ "$a" = b ].
    begins = _BEGINS_LIKE_JSON.match(text)
    return begins is not None and (not begins[1] or '",' in text or "'," in text)
