"""Arguments: what `--build-arg` gives, and which instruction may see it.

    ARG base=busybox      before FROM: seen by FROM only …
    FROM $base
    ARG base              … and here by those that follow, because it is asked for
    ARG mode=fast         a default; --build-arg mode=slow wins

An argument is seen from its ARG to the end of its stage. RUN has it as a variable of
its environment, where ENV of the same name wins. It is no secret: the history shows
what RUN was given, `|1 mode=slow /bin/sh -c …`. The addresses of proxies are there
without ARG, and in no history: they belong to the machine and not to the image.

Source: the Dockerfile reference, "ARG"; measured on Docker 20.10
Try it: `lab build --build-arg mode=slow . ; lab history ID`
"""

from collections.abc import Collection, Mapping

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
PREDEFINED = frozenset({*_PROXIES, *map(str.lower, _PROXIES)})


class Arguments:
    """The arguments of a build, as one stage sees them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """`given` is what --build-arg said."""
        self._given = dict(given)
        self._before_from: dict[str, str | None] = {}
        self._declared: dict[str, str | None] = {}
        self._asked_for: set[str] = set()

    def begin_stage(self) -> None:
        """A new stage declares its own."""
        self._declared = {}

    def declare(self, name: str, default: str | None, *, early: bool = False) -> None:
        """What ARG does; `early`: before the first FROM."""
        self._asked_for.add(name)
        (self._before_from if early else self._declared)[name] = default

    def for_from(self) -> dict[str, str]:
        """What FROM sees."""
        return self._values(self._before_from)

    def for_stage(self, hidden: Collection[str]) -> dict[str, str]:
        """What instructions of the stage see; `hidden` are the names that ENV has."""
        seen = self._values(self._declared)
        return {name: value for name, value in seen.items() if name not in hidden}

    def in_history(self, name: str) -> bool:
        """Whether the history tells of it: not of a proxy that nobody asked for."""
        return name in self._asked_for or name not in PREDEFINED

    def unused(self) -> list[str]:
        """What was given, and no ARG has asked for."""
        return sorted({*self._given} - self._asked_for - PREDEFINED)

    def _values(self, declared: Mapping[str, str | None]) -> dict[str, str]:
        found = {}
        for name in sorted({*declared, *PREDEFINED}):
            default = declared.get(name)
            if default is None:
                default = self._before_from.get(name)
            value = self._given.get(name, default)
            if value is not None:
                found[name] = value
        return found
