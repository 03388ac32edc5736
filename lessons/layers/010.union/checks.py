"""Checks for "Many directories, seen as one": each looks at what the union shows."""

import os
from pathlib import Path

from labshell.lessons.checks import ContainerView, Lab, Outcome

LAYERS = ("shipped", "office", "mine")


def _says(shop: ContainerView, path: str) -> str | None:
    """The first line of a file on the bench; None if there is no such file."""
    data = shop.content(f"/bench/{path}")
    return None if data is None else data.decode(errors="replace").strip()


def _are_untouched(lab: Lab, shop: ContainerView) -> bool:
    """Do the three directories still say what they said when the lesson began?"""
    values = lab.values
    found = [
        _says(shop, f"{layer}/{f}") for layer in LAYERS for f in ("colour", "font")
    ]
    before = ["white", "serif", values["colour"], "sans", None, values["font"]]
    return found == before and _says(shop, "shipped/size") == "10"


def _wanted(lab: Lab) -> dict[str, str]:
    return {"font": lab.values["font"], "colour": lab.values["colour"], "size": "10"}


def settings_are_mine(lab: Lab) -> Outcome:
    """/bench/all is a union of the three, untouched, in the right order."""
    shop = lab.container(lab.values["shop"])
    if not _are_untouched(lab, shop):
        return lab.failed(
            "The files in shipped, office and mine are not as they were. Only the "
            "order should change. `:reset step` brings them back."
        )
    wanted = _wanted(lab)
    off = [name for name in wanted if _says(shop, f"all/{name}") != wanted[name]]
    if shop.process.mounts.get("/bench/all") != "overlay":
        if off:
            return lab.failed("Nothing that is a union is mounted at /bench/all.")
        return lab.failed(
            "The settings are right, but they are copies: /bench/all is an ordinary "
            "directory, and no union."
        )
    if off[:1] == ["font"]:
        return lab.failed(
            "/bench/all is a union, but font in it should say {{font}}.",
            earned=0 if "colour" in off else 1,
        )
    if off[:1] == ["colour"]:
        return lab.failed(
            "/bench/all is a union, but colour in it should say {{colour}}.", earned=1
        )
    if off:
        return lab.failed(
            "/bench/all is a union, but size in it should say 10.", earned=2
        )
    return lab.passed("/bench/all is a union, and each setting is the one wanted.")


def desk_is_writable(lab: Lab) -> Outcome:
    """/bench/desk is a union of the three with `new` on top, and the word is in it."""
    shop, word = lab.container(lab.values["shop"]), lab.values["word"]
    if shop.inside("/bench/mine/motto").status is not None:
        return lab.failed(
            "The word has landed in mine, which should stay as it is: the layer to "
            "write to is new. `:reset step` brings it back."
        )
    is_union = shop.process.mounts.get("/bench/desk") == "overlay"
    if not is_union or not shop.process.may_write("/bench/desk"):
        return lab.failed("/bench/desk is not a union that can be written to.")
    wanted = _wanted(lab)
    if any(_says(shop, f"desk/{name}") != wanted[name] for name in wanted):
        return lab.failed(
            "/bench/desk can be written to, but it does not show what /bench/all "
            "shows.",
            earned=2,
        )
    if _says(shop, "desk/motto") != word:
        return lab.failed(
            "/bench/desk is a union with new on top. The file motto with {{word}} in "
            "it is still missing.",
            earned=2,
        )
    if _says(shop, "new/motto") != word:
        return lab.failed(
            "The word is in /bench/desk/motto, but it did not land in new.", earned=2
        )
    return lab.passed("/bench/desk shows the word, and it lies in new.")


def is_the_motto(lab: Lab) -> Outcome:
    """The path given leads to the file in the read-write layer itself."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    box = lab.container(lab.values["box"])
    layer, motto = box.top("/").status, box.top("/motto").status
    given = Path(lab.answer.strip())
    # Not Path.exists(), which raises when a name is too long.
    if not given.is_absolute() or not os.path.exists(given):
        return lab.failed(
            "There is no such file on this machine. `/motto` is what the container "
            "calls it."
        )
    if motto is not None and os.path.samestat(given.stat(), motto):
        return lab.passed("There it lies, in the read-write layer.")
    if layer is not None and os.path.samestat(given.stat(), layer):
        return lab.failed("This is the layer. Which file in it is it?")
    if given.name == "motto":
        return lab.failed(
            "Here you see it through the union, as the container does. In which of the "
            "union's directories does it lie?"
        )
    return lab.failed("This is there, but it is not the file that was written.")
