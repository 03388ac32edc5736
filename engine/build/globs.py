"""A pattern of .dockerignore, cut into what it wants of each name in a path.

    docs/*.md        "docs", then a name that ends in .md
    **/node_modules  any names, also none; then "node_modules"
    docs/**          "docs", then any name: what is below is left out with it
    a**b             two ways: the name "ab"; or a name that begins with a, any names,
                     and the name "b". Docker reads it so, and hardly anybody writes it

Each name becomes a regular expression that cannot go wrong: between two stars there is
text of a fixed length, and where it is found first is as good as anywhere later. So the
search is told never to come back to it, `(?>…)`, and `*a*a*a*a*b` takes no longer than
it looks.

Source: Go's path/filepath.Match; moby's patternmatcher
Try it: `printf '**/*.py[co]\\n' > .dockerignore; lab build .`
"""

import re
from collections.abc import Iterator

# A name as it is, an expression that must match it, or None: any names, also none.
Names = tuple[str | re.Pattern[str] | None, ...]
_MOST_WAYS = 16
_BAD = "syntax error in pattern"
_STAR = ""  # among the expressions for one character each


def names_of(pattern: str) -> tuple[Names, ...]:
    """The ways to match a clean pattern. ValueError if it is malformed."""
    ways: list[list[list[str] | None]] = [[[]]]
    tokens = list(_tokens(pattern))
    for number, token in enumerate(tokens):
        is_last = number == len(tokens) - 1
        for way in list(ways):
            name = way[-1]
            if name is None:
                if token == "**" and not is_last:
                    continue
                way.append(name := [])
            if token == "/":
                way.append([])
            elif token != "**":
                name.append(token)
            elif is_last:
                name.append(_STAR)
            elif name:
                ways.append([*way[:-1], [*name, _STAR], None])
            else:
                way[-1] = None
        if len(ways) > _MOST_WAYS:
            raise ValueError("too many ** within names")
    return tuple(tuple(_compiled(name) for name in way) for way in ways)


def _tokens(pattern: str) -> Iterator[str]:
    """ "**" (with the slash behind it), "/", and expressions for a character each."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 2 if pattern.startswith("/", at + 1) else 1
            yield "**"
        elif character == "*":
            yield _STAR
        elif character == "?":
            yield "."
        elif character == "[":
            expression, at = _class(pattern, at)
            yield expression
        elif character == "\\":
            if at == len(pattern):
                raise ValueError(_BAD)
            yield re.escape(pattern[at])
            at += 1
        else:
            yield "/" if character == "/" else re.escape(character)


def _class(pattern: str, at: int) -> tuple[str, int]:
    """What stands between brackets, as an expression; and where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    found: list[str] = []
    while not (found and pattern.startswith("]", at)):
        first, at = _member(pattern, at)
        last = first
        if pattern.startswith("-", at):
            last, at = _member(pattern, at + 1)
        found.append(f"{re.escape(first)}-{re.escape(last)}" if first <= last else "")
    if members := "".join(found):
        return f"[{'^' if negated else ''}{members}]", at + 1
    return "." if negated else "(?!)", at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    escaped = pattern.startswith("\\", at)
    character = pattern[at + escaped : at + escaped + 1]
    if not character or (not escaped and character in "-]"):
        raise ValueError(_BAD)
    return character, at + escaped + 1


def _compiled(name: list[str] | None) -> str | re.Pattern[str] | None:
    if name is None:
        return None
    if all(len(token.removeprefix("\\")) == 1 and token != "." for token in name):
        return "".join(token.removeprefix("\\") for token in name)
    texts = [""]
    for token in name:
        if token == _STAR:
            texts.append("")
        else:
            texts[-1] += token
    first, *others = texts
    between = "".join(f"(?>.*?{text})" for text in others[:-1])
    last = f".*{others[-1]}" if others else ""
    return re.compile(f"{first}{between}{last}", re.DOTALL)
