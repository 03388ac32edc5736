"""A file within the file, as in a shell.

    RUN <<EOF                   the lines are a script
    apt-get update
    apt-get install -y curl
    EOF
    RUN python3 <<'EOF' > x     the lines are what python3 reads
    COPY <<-a <<b /dir/         two files, named a and b; of a, leading tabs are dropped

The marker stays in the instruction's text; below the line, each of its heredocs is
ended by a line that is its name and nothing else. A quoted name says that variables in
it are not to be replaced.

A here-string (`<<<`), a shift (`1 << 3`) and a `"<<EOF"` in quotes are none of it.

Source: BuildKit's Dockerfile reference, "Here-Documents"; sh(1)
Try it: `printf 'FROM busybox\\nRUN <<EOF\\nid\\nEOF\\n' | lab build -`
"""

import re
from typing import NamedTuple

from engine.build.lines import Line, Reader
from engine.build.source import Source
from engine.build.words import Cut

_MARKER = re.compile(r"\d*<<(-?)([^<\s]+)")
_QUOTES = re.compile(r"""['"\\]""")


class Heredoc(NamedTuple):
    """A file within the Dockerfile.

    `content` is what was between, newline at the end; if `chomp` (`<<-EOF`), each line
    has lost its leading tabs already. If `expand`, variables in it are meant to be
    replaced; a quoted name ('EOF') says that they are not.
    """

    name: str
    content: str
    expand: bool
    chomp: bool


def marker(word: str) -> Heredoc | None:
    """What a word such as `<<-'EOF'` announces, its content still empty; or None."""
    match = _MARKER.fullmatch(word)
    name = _QUOTES.sub("", match[2]) if match else ""
    if not match or not name:
        return None
    return Heredoc(
        name=name, content="", expand=name == match[2], chomp=match[1] == "-"
    )


def markers(cut: Cut) -> list[tuple[Heredoc, int]]:
    """All that the words of a line announce, in order, and the offset of each."""
    found = ((marker(w), at) for w, at in zip(cut.words, cut.offsets, strict=True))
    return [(heredoc, at) for heredoc, at in found if heredoc]


def script(text: str) -> bool:
    """Whether RUN's text is one marker and nothing else: the heredoc is the script."""
    return marker(text) is not None


def read(
    announced: list[tuple[Heredoc, int]], reader: Reader, line: Line, source: Source
) -> tuple[Heredoc, ...]:
    """The heredocs below `line`. BuildFileError if the file ends before one does."""
    found = []
    for heredoc, offset in announced:
        content = []
        while (raw := reader.raw()) is not None:
            raw = raw.lstrip("\t") if heredoc.chomp else raw
            if raw == heredoc.name:
                break
            content.append(raw + "\n")
        else:
            raise source.error(
                line.position(offset),
                "unterminated heredoc",
                f"It ends with a line that is {heredoc.name} and nothing else.",
            )
        found.append(heredoc._replace(content="".join(content)))
    return tuple(found)
