"""Pictures by name: what `lab watch`, `:panes` and a lesson's `panes` may show.

    mounts layers web tree      three pictures, the second one of the container `web`

Try it: `:panes mounts layers web` in the shell, in tmux
"""

from collections.abc import Sequence

from engine.errors import EngineError
from labshell.messages import translate

NAMED = (
    "mounts",
    "layers",
    "states",
    "cgroup",
    "acts",
)  # a container may be named behind these
KINDS = (*NAMED, "tree", "net")


def named_by(words: Sequence[str]) -> list[list[str]]:
    """Each picture that these words name, some with a container's name behind it.

    EngineError if one of them is neither.
    """
    pictures: list[list[str]] = []
    for word in words:
        if word in KINDS:
            pictures.append([word])
        elif pictures and len(pictures[-1]) == 1 and pictures[-1][0] in NAMED:
            pictures[-1].append(word)
        else:
            raise EngineError(
                translate("no such picture: {word}").format(word=word),
                translate("There are {kinds}: `:panes tree layers CONTAINER`.").format(
                    kinds=", ".join(KINDS)
                ),
            )
    return pictures
