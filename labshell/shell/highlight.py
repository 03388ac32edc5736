"""The colours of a line while it is typed: bash's grammar, with `lab VERB` on top.

Pygments knows bash. What we add is the one rule: `lab` and its verb stand out wherever
a command may stand, also in the middle of a pipe, and so does a `:word`.

Try it: type `for c in $(lab ps -q); do lab stop $c; done` slowly.
"""

from typing import TYPE_CHECKING, ClassVar

from pygments.lexer import bygroups
from pygments.lexers.shell import BashLexer
from pygments.token import Keyword, Name, Text

if TYPE_CHECKING:
    from prompt_toolkit.lexers import Lexer


# The terminal's own colours: whoever chose its background chose them to be read on it.
COLOURS = {
    "pygments.keyword": "bold ansigreen",
    "pygments.name.function": "bold ansicyan",
    "pygments.name.builtin": "ansigreen",
    "pygments.name.variable": "ansicyan",
    "pygments.literal.string": "ansiyellow",
    "pygments.literal.string.interpol": "nobold ansiyellow",
    "pygments.literal.number": "ansidefault",
    "pygments.operator": "ansidefault",
    "pygments.comment": "ansibrightblack",
}


class LineLexer(BashLexer):
    """Bash, in which `lab` is a word of the language."""

    name = "labshell"
    aliases: ClassVar = ["labshell"]
    filenames: ClassVar = []
    tokens: ClassVar = {
        **BashLexer.tokens,
        "basic": [
            (r"\A:[a-z][a-z-]*", Keyword),
            (
                r"(?<![\w/.-])(lab|docker)([ \t]+)([a-z]+)\b",
                bygroups(Keyword, Text, Name.Function),  # type: ignore[no-untyped-call]  # pygments
            ),
            *BashLexer.tokens["basic"],
        ],
    }


def lexer() -> "Lexer":
    """The same, as prompt_toolkit wants it."""
    from prompt_toolkit.lexers import PygmentsLexer

    return PygmentsLexer(LineLexer, sync_from_start=True)
