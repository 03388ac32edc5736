"""The work: what all steps of a build share, and how each of them ends.

    a step says what it is ─► the cache has it?   yes: its image is the next image
                              no ─► it is done ─► a layer, or none
                                                  └─► commit: the next image

`commit` is the end of every step. The layer is a blob by then; its files lie in a
directory, and that directory becomes the layer's snapshot as it is, where unpacking the
blob would make just the same (see storage/snapshots.py, `adopt`).

Try it: `lab build --explain .`
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from engine import times
from engine.build.cache import Cache, Step
from engine.build.context import Context
from engine.build.dockerfile import Dockerfile, Instruction
from engine.build.ledger import Ledger
from engine.build.options import BuildOptions, Progress
from engine.build.stage import Stage
from engine.containers.house import House
from engine.containers.record import Container
from engine.images.layers import Layer
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.image import History, ImageDefaults
from engine.storage.lowers import Lowers


class Outcome(NamedTuple):
    """How a step came to its image."""

    cached: bool
    why: str
    size: int = 0
    layer: str = ""


class Work:
    """One build."""

    def __init__(
        self,
        house: House,
        context: Context,
        options: BuildOptions,
        progress: Progress,
        find_image: Callable[[str], StoredImage],
    ) -> None:
        """`find_image`: the image of a name that is no stage's."""
        self.house, self.context = house, context
        self.options, self.progress = options, progress
        self.find_image = find_image
        self.ledger = Ledger(house.images)
        self.cache = Cache(house.images, self.ledger, options.epoch)
        self.stages: list[Stage] = []  # all so far
        self.finished: list[Container] = []  # of steps that went well, to be removed
        self.outcome = Outcome(cached=False, why="")

    # Steps

    def cached(self, stage: Stage, step: Step) -> bool:
        """Take the image of this step from the cache, if it has one."""
        if not self.options.cache:
            self._missed("--no-cache")
            return False
        if stage.uncached:
            self._missed("a step before it was not in the cache")
            return False
        found = self.cache.find(stage.image, step)
        if found is None:
            stage.uncached = True
            self._missed(self.cache.explain(stage.image, step))
            return False
        self.progress.note(" ---> Using cache")
        self.outcome = Outcome(cached=True, why="the same step on the same image")
        if len(found.config.diff_ids) > len(stage.config.diff_ids):
            self.outcome = self.outcome._replace(
                size=found.layer_sizes[-1], layer=found.config.diff_ids[-1]
            )
        stage.image, stage.config = found, found.config
        return True

    def _missed(self, why: str) -> None:
        self.outcome = Outcome(cached=False, why=why)

    def only_says(
        self, stage: Stage, comment: Sequence[str], defaults: ImageDefaults
    ) -> None:
        """A step that changes the configuration and no file."""
        stage.defaults = defaults
        step = Step(
            words=stage.saying(*comment),
            defaults=defaults,
            author=stage.config.author,
        )
        if not self.cached(stage, step):
            self.commit(stage, step, None)

    def layer_of(self, upper: Path) -> Layer | None:
        """What lies in an upper directory as a layer; None if nothing does."""
        if not any(upper.iterdir()):
            return None
        epoch = self.options.epoch
        latest = None if epoch is None else epoch * 1_000_000_000
        return self.house.images.add_layer(upper, latest)

    def commit(
        self, stage: Stage, step: Step, upper: Path | None, *, stays: bool = False
    ) -> None:
        """Make the image that a step leads to, of what lies in `upper`.

        `stays`: the directory is needed, and does not become the layer's snapshot.
        """
        parent, layer = stage.image, self.layer_of(upper) if upper else None
        history = History(
            created=self._moment(),
            created_by=" ".join(step.words),
            author=step.author,
            empty_layer=layer is None,
        )
        stage.config = stage.config._replace(
            created=history.created,
            author=step.author,
            defaults=step.defaults,
            history=(*stage.config.history, history),
        )
        if layer and upper:
            diff_ids = (*stage.config.diff_ids, layer.diff_id)
            stage.config = stage.config._replace(diff_ids=diff_ids)
            if not stays:
                self._adopt(stage, layer, upper)
            self.outcome = self.outcome._replace(size=layer.size, layer=layer.diff_id)
        stage.image = self.ledger.add(stage.config, parent, layer)
        self.cache.remember(parent, step, stage.image)

    def _moment(self) -> str:
        epoch = self.options.epoch
        return times.now() if epoch is None else times.at(epoch)

    def _adopt(self, stage: Stage, layer: Layer, upper: Path) -> None:
        """Let the directory be the layer's snapshot, where it is just that."""
        exact = layer.whole and self.options.epoch is None
        if exact and layer.deleted:
            below = Lowers(self.layers_below(stage.image))
            exact = all(below.find(path) for path in layer.deleted)
        if exact:
            chain_id = digests.chain_ids(stage.config.diff_ids)[-1]
            self.house.images.snapshots.adopt(upper, chain_id)
            self.ledger.adopted(chain_id)

    def layers_below(self, image: StoredImage | None) -> tuple[Path, ...]:
        """The unpacked layers of an image, topmost first."""
        return self.house.images.layer_directories(image) if image else ()


class Asked(NamedTuple):
    """One instruction to be carried out: in which stage, of which file."""

    work: Work
    stage: Stage
    dockerfile: Dockerfile
    instruction: Instruction
