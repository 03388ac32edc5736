"""Which words of which instruction have variables in them.

    replaced      ADD COPY ENV LABEL ARG EXPOSE USER VOLUME WORKDIR STOPSIGNAL; the
                  image of FROM, from the ARGs above the first FROM; --chown, --chmod,
                  --checksum and --platform
    left alone    RUN CMD ENTRYPOINT SHELL HEALTHCHECK: a shell does it later, if any
                  ONBUILD: when the trigger is carried out; MAINTAINER, --from: never

Whoever carries out the steps knows what the variables are: ENV over ARG. One line sees
them as they were before it: `ENV a=1 b=$a` gives b the old value of a.

Source: the Dockerfile reference, "Environment replacement"; measured on Docker 20.10
Try it: `printf 'FROM busybox\\nENV p="80 443"\\nEXPOSE $p\\n' | lab build -`
"""

from collections.abc import Mapping

from engine.build.dockerfile import Dockerfile, Instruction
from engine.build.source import Position
from engine.build.substitution import substitute, substitute_words
from engine.errors import BuildFileError

_WORDS = ("ADD", "COPY", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
_NOT_FLAGS = ("from",)


def expand_words(
    dockerfile: Dockerfile, instruction: Instruction, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """The words of an instruction, with variables replaced where Docker does so.

    One word of EXPOSE may become several: EXPOSE $PORTS. Of FROM it is the image only.
    For ENV, LABEL and ARG there is `expand_pairs`: here they come back as they are.
    """
    found: list[str] = []
    words = list(enumerate(instruction.words))
    if instruction.name == "EXPOSE":  # Docker puts these in order, "$" first
        words.sort(key=lambda numbered: numbered[1])
    for number, word in words:
        place = _place(instruction, number)
        if instruction.name == "EXPOSE":
            try:
                found += substitute_words(word, variables, dockerfile.escape)
            except BuildFileError as error:
                raise dockerfile.error(place, error.message, error.hint) from None
        elif instruction.name in _WORDS or (instruction.name == "FROM" and not number):
            found.append(_one(dockerfile, place, word, variables))
        else:
            found.append(word)
    return tuple(found)


def expand_pairs(
    dockerfile: Dockerfile, instruction: Instruction, variables: Mapping[str, str]
) -> tuple[tuple[str, str | None], ...]:
    """ENV, LABEL, ARG as (name, value); None is `ARG name` without a value.

    Each value sees `variables` as they were before the instruction, as in Docker.
    """
    words = instruction.words
    if instruction.name != "ARG" and "=" not in words[0]:
        pairs: list[tuple[str, str | None, int]] = [(words[0], words[1], 0)]
    else:
        split = (word.partition("=") for word in words)
        pairs = [
            (name, value if equals else None, number)
            for number, (name, equals, value) in enumerate(split)
        ]
    found: list[tuple[str, str | None]] = []
    for raw_name, raw_value, number in pairs:
        place = _place(instruction, number)
        name = _one(dockerfile, place, raw_name, variables)
        if not name:
            message = f"{instruction.name} names can not be blank"
            raise dockerfile.error(place, message, f"{raw_name} is empty here.")
        value = raw_value and _one(dockerfile, place, raw_value, variables)
        found.append((name, value))
    return tuple(found)


def expand_flag(
    dockerfile: Dockerfile,
    instruction: Instruction,
    flag: str,
    variables: Mapping[str, str],
) -> str:
    """The value of `--flag`, "" if it is not there; `--from` is never substituted."""
    value = instruction.flags.get(flag, ("",))[0]
    if flag in _NOT_FLAGS or not value:
        return value
    return _one(dockerfile, instruction.position, value, variables)


def _one(
    dockerfile: Dockerfile, place: Position, word: str, variables: Mapping[str, str]
) -> str:
    try:
        return substitute(word, variables, dockerfile.escape)
    except BuildFileError as error:
        raise dockerfile.error(place, error.message, error.hint) from None


def _place(instruction: Instruction, number: int) -> Position:
    known = instruction.words_at
    return known[number] if number < len(known) else instruction.position
