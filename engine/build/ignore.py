""".dockerignore: what of a context the build never sees.

    # a comment                 only if # is the first character
    *.log                       in the uppermost directory; **/*.log: in all of them
    docs                        the directory, and all below it; also /docs and docs/
    !docs/README.md             but not this
    docs/secret-[0-9]?.txt      * ? and [a-z] [^a-z] never match a slash

Every rule is asked, and the last one that matches the path, or a directory in which it
is, counts: other than in git, a later rule wins over an earlier one also below a
directory that is left out. With one limit, that of Docker's classic builder: such a
directory is looked into only if a ! rule names it letter by letter. So `docs` and then
`!docs/*.md` brings the pages back, and `!**/*.md` does not.

How a rule is matched: along the path, one name after the other.

    a/**/b*     [a] [any names] [b*]        at "a/x": behind [a], in [any names]
                                            at "a/x/by": at the end: it matches

What a directory made of the rules is kept for the files in it, and a rule that failed
there is not asked again: a context of 20,000 files has few directories.

The Dockerfile and .dockerignore may be left out, too: the build reads them elsewhere.

Source: the Dockerfile reference, ".dockerignore file"; measured on Docker 20.10
Try it: `printf '*\\n!app\\n' > .dockerignore; lab build .`
"""

import posixpath
from collections.abc import Sequence
from typing import NamedTuple

from engine.build import source
from engine.build.globs import Names, names_of
from engine.build.source import Position

LARGEST = 256 * 1024  # bytes
_MOST_KEPT = 10_000  # directories


class Rule(NamedTuple):
    """One line: what it matches, and whether it brings back (`!`)."""

    text: str
    brings_back: bool
    ways: tuple[Names, ...]


class _Progress(NamedTuple):
    """How far the rules have got at a path.

    `reached` are (rule, way, name): which name of a rule comes next. `last` is the
    number of the last rule that has matched, or -1. Nothing below a path that is
    `closed` comes back.
    """

    reached: tuple[tuple[int, int, int], ...]
    last: int
    closed: bool


class Ignored:
    """What a .dockerignore leaves out of a context. Paths are relative: "docs/a.md"."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = rules
        self._named = [f"{rule.text}/" for rule in rules if rule.brings_back]
        start = tuple(
            (number, way, 0)
            for number, rule in enumerate(rules)
            for way in range(len(rule.ways))
        )
        self._root = _Progress(reached=self._skip(start), last=-1, closed=False)
        self._kept: dict[str, _Progress] = {}

    def excludes(self, path: str) -> bool:
        """Whether the file or directory at `path` stays out."""
        return self._is_out(self._at(path))

    def may_include_below(self, path: str) -> bool:
        """Whether the directory at `path` must be looked into, even if it is out."""
        return not self._at(path).closed

    def _is_out(self, at: _Progress) -> bool:
        return at.closed or (at.last >= 0 and not self._rules[at.last].brings_back)

    def _at(self, path: str) -> _Progress:
        if path in ("", "."):
            return self._root
        directory, _, name = path.rpartition("/")
        return self._step(self._directory(directory), path, name)

    def _directory(self, path: str) -> _Progress:
        """The progress at a directory, kept for the next file in it."""
        if not path:
            return self._root
        if path in self._kept:
            return self._kept[path]
        at, upto = self._root, ""
        for name in path.split("/"):
            upto = f"{upto}/{name}" if upto else name
            if upto not in self._kept:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[upto] = self._step(at, upto, name)
            at = self._kept[upto]
        return at

    def _step(self, at: _Progress, path: str, name: str) -> _Progress:
        """The progress at `path`, whose last part is `name`, in the directory `at`."""
        if at.closed:
            return at
        further = []
        for number, way, here in at.reached:
            wanted = self._rules[number].ways[way][here]
            if wanted is None:
                further.append((number, way, here))
            elif wanted == name if isinstance(wanted, str) else wanted.fullmatch(name):
                further.append((number, way, here + 1))
        ended = [n for n, way, here in further if here == len(self._rules[n].ways[way])]
        last = max([at.last, *ended])
        reached = self._skip(further)
        is_out = last >= 0 and not self._rules[last].brings_back
        below = f"{path}/"
        closed = is_out and not any(name.startswith(below) for name in self._named)
        return _Progress(reached=reached, last=last, closed=closed)

    def _skip(
        self, reached: Sequence[tuple[int, int, int]]
    ) -> tuple[tuple[int, int, int], ...]:
        """With what comes after "any names", since these may be none."""
        found: dict[tuple[int, int, int], None] = {}
        for number, way, here in reached:
            names = self._rules[number].ways[way]
            if here < len(names):
                found[number, way, here] = None
                if names[here] is None:
                    found[number, way, here + 1] = None
        return tuple(found)


def read_ignore_file(data: bytes, name: str = ".dockerignore") -> Ignored:
    """The rules of the file. BuildFileError if one is malformed."""
    text = source.read(data, name, LARGEST)
    rules = []
    for number, line in enumerate(text.text.split("\n"), 1):
        rule = line.strip()
        if not rule or line.startswith("#"):
            continue
        try:
            rules.append(_rule(rule))
        except ValueError as error:
            place = Position(number, line.index(rule) + 1)
            raise text.error(place, str(error), "`\\` takes away a meaning.") from None
    return Ignored(rules)


def _rule(text: str) -> Rule:
    brings_back = text.startswith("!")
    pattern = text[1:].strip() if brings_back else text
    if not pattern:
        raise ValueError('illegal exclusion pattern: "!"')
    cleaned = posixpath.normpath(pattern).lstrip("/")
    return Rule(text=cleaned, brings_back=brings_back, ways=names_of(cleaned))
