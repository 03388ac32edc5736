"""A bash line failed, and it named something of the engine's: what was meant?

    stop web        bash: stop: command not found     web is a container
                    the next prompt offers `lab stop web`
    cat busybox     cat: busybox: No such file        busybox is an image
                    the next prompt offers `lab inspect busybox`

It is an offer: it stands in the prompt in grey, the right arrow takes it, Enter runs
it. The shell never runs it by itself, because `kill web` and `lab kill web` are two
things, and the student says which.

Try it: `lab run -d --name web busybox sleep 1000`, then `stop web`
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labshell.commands import VERBS
from labshell.messages import marked, translate
from labshell.shell.lines import tokens

if TYPE_CHECKING:
    from engine.engine import Engine

IMAGE, CONTAINER = "image", "container"
_SAYS = {
    IMAGE: marked("{name} is an image here. `{line}`?"),
    CONTAINER: marked("{name} is a container here. `{line}`?"),
}
_STOPPED_BY_HAND = (130, 148)  # 128 + SIGINT, 128 + SIGTSTP: nothing went wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a word means to the engine, and the line that might have been meant."""

    name: str
    kind: str
    line: str

    def __str__(self) -> str:
        return translate(_SAYS[self.kind]).format(name=self.name, line=self.line)


def offer(engine: "Engine", text: str, status: int, directory: str) -> Offer | None:
    """What to offer after the bash line `text` has ended with `status`."""
    found = tokens(text)
    words = [token.value for token in found if not token.operator]
    if status == 0 or status in _STOPPED_BY_HAND or len(words) < 2 or words[0] == "lab":
        return None
    known: dict[str, str] | None = None
    for word in words[1:]:
        if word.startswith("-") or os.path.exists(os.path.join(directory, word)):
            continue
        known = _names(engine) if known is None else known
        if kind := known.get(word):
            simple = not any(token.operator for token in found)
            if simple and _is_verb(words[0]):
                line = f"lab {text.strip()}"
            else:
                line = f"lab inspect {word}"
            return Offer(name=word, kind=kind, line=line)
    return None


def _is_verb(word: str) -> bool:
    return any(word in verbs for verbs in VERBS.values())


def _names(engine: "Engine") -> dict[str, str]:
    """Everything that a container or an image can be called: name -> kind."""
    names = {}
    for image in engine.images(all=True):
        digits = image.id.removeprefix("sha256:")
        for name in (*image.references, digits, digits[:12]):
            names[name] = IMAGE
            names[name.removesuffix(":latest")] = IMAGE
    for container in engine.containers(all=True):
        for name in (container.name, container.id, container.id[:12]):
            names[name] = CONTAINER
    return names
