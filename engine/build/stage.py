"""A stage: from one FROM to the next, and what has been made of it so far.

    FROM busybox AS tools     image, configuration
    ENV A=b                   … and after each step the next image and configuration
    RUN make

What the instructions of a stage have in common is here: the image that the next step
starts from, the configuration that the next image gets, the variables that may be used.

Source: the Dockerfile reference
Try it: `lab build --target tools .`
"""

from engine.build.arguments import Arguments
from engine.containers import defaults, specification
from engine.images.importing import architecture
from engine.images.stored import StoredImage
from engine.oci.image import ImageConfig, ImageDefaults

_SHELL = ("/bin/sh", "-c")
_NOTHING = "#(nop) "  # how Docker marks, in a command, that none was run


class Stage:
    """One stage, as far as it has come."""

    def __init__(self, name: str, arguments: Arguments) -> None:
        self.name = name
        self.arguments = arguments
        self.image: StoredImage | None = None
        self.config = ImageConfig(architecture=architecture())
        self.command_given = False  # a CMD of this Dockerfile's own
        self.uncached = False  # a step was not found: no later one can be

    def begin(self, image: StoredImage | None) -> None:
        """Start from an image; None is `scratch`, which is nothing at all."""
        self.image = image
        if image:
            self.config = image.config._replace(author="")  # each is its own
        if "PATH" not in specification.variables(self.defaults.env):
            env = (*self.defaults.env, defaults.PATH)
            self.defaults = self.defaults._replace(env=env)

    @property
    def defaults(self) -> ImageDefaults:
        """The configuration that the next image gets."""
        return self.config.defaults

    @defaults.setter
    def defaults(self, changed: ImageDefaults) -> None:
        self.config = self.config._replace(defaults=changed)

    @property
    def shell(self) -> tuple[str, ...]:
        """What runs a command in shell form."""
        return self.defaults.shell or _SHELL

    def variables(self) -> dict[str, str]:
        """What `$x` may mean: ENV first, then the arguments."""
        env = specification.variables(self.defaults.env)
        return {**self.arguments.for_stage(env.keys()), **env}

    def saying(self, *comment: str) -> tuple[str, ...]:
        """The command of a step that runs nothing: it only says what was done.

        Docker has two ways: one word for COPY, ADD and WORKDIR, two for the others.
        """
        first, *rest = comment
        return (*self.shell, f"{_NOTHING}{first}", *rest)
