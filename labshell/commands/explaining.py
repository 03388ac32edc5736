"""`--explain`: see what a verb does, while it does it.

    --explain              every act: the command that would do the same, the call
    --explain=mounts       only acts of this concept, or of several: mounts,cgroups;
                           any word of `lab explain` that has acts will do
    --explain=full         with the source of each function of the engine that acted

It is printed on stderr, so that what the verb itself prints stays what it is. A verb
has the option if it is an ExplainedVerb, and need not know of it; one that wants to
say more asks for the `teller`.

Try it: `lab run --explain busybox true`, `lab commit --explain box mine`
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import click

from engine.engine import Engine
from engine.errors import InvalidArgument
from labshell.commands.grammar import Option, Verb
from labshell.commands.report import after, notice

ALL, FULL = "all", "full"
_TELLER = f"{__name__}.teller"


class Wanted(NamedTuple):
    """What is to be explained: these concepts, or all if there are none."""

    concepts: frozenset[str] = frozenset()
    source: bool = False


class Teller(NamedTuple):
    """What prints all that was done up to now; and a heading below that."""

    catch_up: Callable[[], None]
    heading: Callable[[str], None]


def wanted(text: str) -> Wanted:
    """What stands behind `--explain=`; InvalidArgument if it makes no sense."""
    words = {word.lower() for word in text.split(",") if word} - {ALL}
    concepts = frozenset(concept(word) for word in words - {FULL})
    return Wanted(concepts, FULL in words)


def concept(word: str) -> str:
    """The concept that a word means: its name, or any word of `lab explain`.

    InvalidArgument if it means none.
    """
    if word in _concepts():
        return word
    from labshell.pages import library

    found = library.concept(word)
    if found:
        return found
    known = f"There are {FULL} and {', '.join(_concepts())}."
    if page := library.find(word):
        raise InvalidArgument(
            f"{word} has no acts of its own, `lab explain {page.name}` tells of it",
            known,
        )
    import difflib  # for those who have mistyped it

    near = difflib.get_close_matches(word, [*_concepts()], 1) or library.near(word)
    guess = f" (is {near[0]} meant?)" if near else ""
    raise InvalidArgument(f"{word} is no concept{guess}", known)


class ExplainedVerb(Verb):
    """A verb that can be watched while it works."""

    def __init__(
        self,
        *names: Any,
        params: list[click.Parameter],
        explains: str = "",
        **details: Any,
    ):
        """`explains`: what the verb tells besides, as a sentence of the help."""
        option = Option(
            ["--explain"],
            alone=ALL,
            metavar=f"[={FULL}|=CONCEPT,...]",
            shell_complete=_offer,
            help=f"""{" ".join(explains.split())}
            Show on stderr what is done meanwhile, as it happens: the command that does
            the same, and the kernel's call; cut (⋯) on a terminal, whole in a pipe:
            2>&1 | cat. Only acts of these concepts (mounts, cgroups, ...; any word of
            `lab explain` that has acts); full: with the source of the engine's
            functions.""",
        )
        options = [one for one in params if isinstance(one, click.Option)]
        others = [one for one in params if not isinstance(one, click.Option)]
        super().__init__(*names, params=[*options, option, *others], **details)

    def invoke(self, ctx: click.Context) -> Any:
        """Do what the verb does, and tell how if that is asked for."""
        asked = ctx.params.pop("explain", None)
        if asked is None:
            return super().invoke(ctx)
        try:
            what = wanted(asked)
        except InvalidArgument as error:
            option = next(one for one in self.params if one.name == "explain")
            raise click.BadParameter(error.message, ctx, option) from error
        word = self._first_argument(ctx)
        if asked == ALL and (word == FULL or word in _concepts()):
            notice(f"a concept stands behind =, as in `--explain={word}`; this is all.")
        with explained(ctx.obj, what) as teller:
            ctx.meta[_TELLER] = teller
            try:
                return super().invoke(ctx)
            finally:
                del ctx.meta[_TELLER]

    def _first_argument(self, ctx: click.Context) -> str:
        """What stands behind the options: the name of an image, or of a container."""
        named = (one.name for one in self.params if isinstance(one, click.Argument))
        value = ctx.params.get(next(named, None) or "") or ""
        return str(value[0] if isinstance(value, tuple) else value)


def _concepts() -> Iterable[str]:
    from labshell.views.concepts import HEADINGS

    return HEADINGS


def offer_concepts(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The words that mean a concept, for TAB."""
    from labshell.pages import library

    words = {*_concepts(), *(page.name for page in library.pages() if page.concept)}
    return sorted(word for word in words if word.startswith(typed))


def _offer(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    return [FULL] * FULL.startswith(typed) + offer_concepts(ctx, param, typed)


def teller() -> Teller | None:
    """Who tells acts while this command lasts; None if nobody asked for them."""
    found: Teller | None = click.get_current_context().meta.get(_TELLER)
    return found


@contextmanager
def explained(engine: Engine, asked: Wanted) -> Iterator[Teller]:
    """Tell on stderr what the engine does meanwhile."""
    from labshell.views.explain import Explainer, manner_for

    def write(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    manner = manner_for(sys.stderr, asked.concepts, source=asked.source)
    explainer = Explainer(write, manner, engine.root)
    with engine.explaining(explainer.hear) as catch_up, after(catch_up):

        def heading(text: str) -> None:
            catch_up()
            explainer.part(text)

        yield Teller(catch_up, heading)
