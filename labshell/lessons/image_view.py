"""An image, as a check sees it: its layers, what they hold, and its configuration.

A file may be in a layer and yet not be shown: a higher layer hides it with a whiteout.
So there are two questions, and a lesson may ask both:

    shows, content                      what a container of the image would see
    paths_in_any_layer, paths_with      what is stored, and travels with the image

Try it: `lab layers IMAGE --paths`, `lab inspect IMAGE`
"""

from engine.engine import Engine
from labshell.lessons.looking import Found, look, look_through, paths_in


class ImageView:
    """One image, as a check sees it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self.id: str = engine.image(name).id
        self._layers = [layer for layer in engine.layers(name) if layer.kind == "image"]

    @property
    def layers(self) -> tuple[str, ...]:
        """The ids of its layers, the bottom one first."""
        return tuple(layer.id for layer in self._layers)

    def _found(self, path: str) -> Found:
        return look_through([x.directory for x in reversed(self._layers)], path)

    def shows(self, path: str) -> bool:
        """Would a container of the image see something at `path`?"""
        return self._found(path).status is not None

    def content(self, path: str) -> bytes | None:
        """The content of a file that a container of the image would see."""
        return self._found(path).data

    def paths_in_any_layer(self) -> set[str]:
        """Every path that any layer holds, hidden by a higher one or not."""
        return {path for layer in self._layers for path in paths_in(layer.directory)}

    def paths_with(self, text: str) -> list[str]:
        """Every file of any layer that has `text` in it (in its first MiB)."""
        return [
            path
            for layer in self._layers
            for path in paths_in(layer.directory)
            if text.encode() in (look(layer.directory, path).data or b"")
        ]

    @property
    def environment(self) -> tuple[str, ...]:
        """The variables that it gives to its containers: "NAME=value"."""
        inspected = self._engine.inspect(self._name, kind="image")
        return tuple(inspected["Config"].get("Env") or ())

    @property
    def command(self) -> tuple[str, ...]:
        """What its containers run if nothing else is said: program and arguments."""
        config = self._engine.inspect(self._name, kind="image")["Config"]
        return (*(config["Entrypoint"] or ()), *(config["Cmd"] or ()))

    def config_mentions(self, text: str) -> bool:
        """Is `text` anywhere in the image's configuration?"""
        return text in str(self._engine.inspect(self._name, kind="image"))

    def history_mentions(self, text: str) -> bool:
        """Is `text` anywhere in the lines that say how the image was made?"""
        lines = self._engine.history(self._name)
        return any(text in line.created_by + line.comment for line in lines)
