"""Runs: what an assignment asks to be run.

    items:
      - id: answers
        kind: run
        title: A server that answers
        run: solve.sh                  a work file of the student's, for sh
        base: busybox                  in which of `bases`; the first, unless named
        with: lab                      instead: a house in which there is a `lab`
        files: [/srv/page]             what checks will want to see of what it left
        dialog: [{see: "name?", type: ada}]    somebody types into it: dialog.py
        check: checks:left_a_page      it asks work.ran: see ran.py

Several items may be about one script: it is run once, and all of them see what came
of it. How it is run is in sandbox.py; what that may take is in limits.py.

Try it: `lab assignment lint layers-1`
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from labshell.grading.dialog import Line, read_dialog
from labshell.grading.limits import RunLimits
from labshell.lessons.fields import Fields

_MOST_FILES = 32
_NO_FILES = ("dev", "proc", "sys")
_LAB = "lab"
LAB_MEMORY = 64  # MB: an engine, and a container in which little runs
_PATH = re.compile(r"(/[A-Za-z0-9._-]{1,64}){1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to be run: a work file, in a base image; `files` are looked at then.

    `lab`: with an engine of its own, in an image that has one.
    """

    name: str
    base: str
    lab: bool = False
    files: tuple[str, ...] = ()
    dialog: tuple[Line, ...] = ()


def read_script(fields: Fields) -> Script:
    """What an item of the kind `run` says of its run."""
    script = Script(
        name=fields.text("run"),
        base=fields.text("base", ""),
        lab=_has_lab(fields),
        files=fields.texts("files"),
        dialog=read_dialog(fields.listed("dialog")),
    )
    if len(script.files) > _MOST_FILES:
        raise fields.problem("files", f"{_MOST_FILES} at most")
    for path in script.files:
        if not _PATH.fullmatch(path) or {".", ".."} & {*path.split("/")}:
            raise fields.problem("files", f"a path as in /srv/page, not {path[:60]!r}")
        if path.split("/")[1] in _NO_FILES:
            raise fields.problem("files", f"{path[:60]}: that is on no disk")
    return script


def _has_lab(fields: Fields) -> bool:
    """Whether the script is run where there is a `lab`."""
    asked = fields.text("with", "")
    if asked not in ("", _LAB):
        raise fields.problem("with", f"there is only `{_LAB}`")
    if asked and fields.text("base", ""):
        raise fields.problem("base", f"`with: {_LAB}` has an image of its own")
    return bool(asked)


def check_runs(scripts: Iterable[Script], limits: RunLimits) -> None:
    """ValueError if a script could not be run within the limits, whatever it says."""
    for script in scripts:
        if script.lab and limits.memory < LAB_MEMORY:
            raise ValueError(
                f"`with: {_LAB}` needs `limits: {{run: {{memory: {LAB_MEMORY}}}}}`"
            )


def together(scripts: Iterable[Script], bases: Sequence[str]) -> tuple[Script, ...]:
    """Each script once, with the files of all that ask for it, and its base.

    ValueError says what does not fit together.
    """
    found: dict[str, Script] = {}
    for script in scripts:
        base = "" if script.lab else script.base or (bases[0] if bases else "")
        if script.lab and not bases:
            raise ValueError(f"`with: {_LAB}` needs `bases`: images that can be run")
        if not script.lab and base not in bases:
            raise ValueError(f"{script.name}: `base: {base}` is none of `bases`")
        before = found.get(script.name, replace(script, base=base, files=()))
        if before.lab != script.lab:
            raise ValueError(f"{script.name} is run once, with `lab` or without")
        if before.base != base:
            raise ValueError(f"{script.name} is run once, in {before.base} or {base}")
        if script.dialog and before.dialog not in ((), script.dialog):
            raise ValueError(f"{script.name} is run once, and has two dialogs")
        found[script.name] = replace(
            before,
            files=tuple(dict.fromkeys((*before.files, *script.files))),
            dialog=script.dialog or before.dialog,
        )
    return tuple(found.values())
