"""One instruction of a Dockerfile, as a record.

Try it: `lab build --progress plain .`
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.build.heredocs import Heredoc
from engine.build.source import Position


class Instruction(NamedTuple):
    """One instruction, cut into what it is made of; nothing is substituted yet.

    COPY --from=base  a b /dst/      name, flags, words
    RUN echo "$HOME" && ls           RUN CMD ENTRYPOINT: one word, untouched
    CMD ["a", "b"]                   json_form: its strings

    The words of each:

    FROM             image; or image, "AS", name, as written
    ENV LABEL        ("a=1", 'b="x y"'); the old form `ENV a x y` is ("a", "x y")
    ARG              ("a", "b=1")
    ADD COPY         sources and destination; a heredoc as its marker, "<<EOF"
    EXPOSE VOLUME    one each
    HEALTHCHECK      ("NONE",), or "CMD" and one string or those of the JSON form
    ONBUILD          one: the trigger, for `dockerfile.parse_trigger`
    others           one, with all blanks in it; CMD and ENTRYPOINT may have none
    """

    name: str  # in capitals
    flags: Mapping[str, tuple[str, ...]]  # {"from": ("base",)}; a switch: ("true",)
    words: tuple[str, ...]
    json_form: bool
    text: str  # all after name and flags, continuations joined, comments dropped
    original: str  # the whole, joined, as in `Step 1/5 : …`
    heredocs: tuple[Heredoc, ...]
    position: Position
    words_at: tuple[Position, ...]  # where each word begins
