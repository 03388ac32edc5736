"""Which pages there are, and which one a word leads to.

A word is looked for in this order:

    overlay           the name of a page
    overlayfs         another word for it
    mount(2), mount   a page of the manual: the one that names it first

Case does not matter, nor whether the parts of a word are joined by "-", "_" or " ".

Try it: `lab explain pivot_root`
"""

import difflib
from pathlib import Path

from labshell.pages.format import Page, read

FOLDER = Path(__file__).parent


def names(folder: Path = FOLDER) -> list[str]:
    """The names of all pages, as they are listed."""
    return sorted(path.stem for path in folder.glob("*.md"))


def pages(folder: Path = FOLDER) -> list[Page]:
    """All pages, by name."""
    return [read(folder / f"{name}.md") for name in names(folder)]


def find(word: str, folder: Path = FOLDER) -> Page | None:
    """The page that a word leads to; None if there is none."""
    wanted = _plain(word)
    if wanted in names(folder):
        return read(folder / f"{wanted}.md")
    found = pages(folder)
    for page in found:
        if wanted in map(_plain, page.also):
            return page
    named = [
        (place, page.name, page)
        for page in found
        for place, manual in enumerate(page.man)
        if _plain(manual) == wanted or _plain(manual.partition("(")[0]) == wanted
    ]
    return min(named)[2] if named else None


def concept(word: str) -> str:
    """The concept of the acts that belong to a word, by its page; "" if none do."""
    page = find(word)
    return page.concept if page else ""


def showing(symbol: str, folder: Path = FOLDER) -> Page | None:
    """The page that shows a symbol of the engine; None if none does."""
    return next((page for page in pages(folder) if symbol in page.symbols), None)


def near(word: str, folder: Path = FOLDER) -> list[str]:
    """The words with a page that look most like this one."""
    known = {
        _plain(name): name for page in pages(folder) for name in (page.name, *page.also)
    }
    return [known[match] for match in difflib.get_close_matches(_plain(word), known)]


def _plain(word: str) -> str:
    return "-".join(word.lower().replace("_", " ").replace("-", " ").split())
