"""What can be done with a Dockerfile: an image is made of it.

Try it: `lab build -t mine .`
"""

from typing import TYPE_CHECKING

from engine import events
from engine.containers.record import Container
from engine.errors import NotFound, RegistryError, told_as_engine_errors
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.verbs.registries import RegistryVerbs

if TYPE_CHECKING:
    from engine.build.options import BuildOptions, Progress
    from engine.registry.logins import Known
    from engine.storage.compression import Readable


class BuildVerbs(RegistryVerbs):
    """The verbs of builds."""

    @told_as_engine_errors()
    def build(
        self,
        context: "str | Readable",
        options: "BuildOptions",
        progress: "Progress",
        dockerfile: "Readable | None" = None,
        logins: "Known | None" = None,
    ) -> StoredImage:
        """Make an image of a Dockerfile; `progress` hears how it goes on.

        `context` is a directory, or a stream: a tar, or a Dockerfile alone;
        `dockerfile` is where it comes from, if it is not in the context. `logins` says
        who one is at the registries of bases; without it, this machine knows that.
        """
        from engine.build import builder
        from engine.build import context as contexts

        self._house.prepare()
        self._base_image()
        with (
            builder.limited(options),
            contexts.of(self._house, context, options.dockerfile, dockerfile) as found,
        ):
            image = builder.build(
                self._house,
                found,
                options,
                progress,
                lambda name: self._base_of_build(name, options.pull, progress, logins),
            )
        for name in options.tags:
            self._tell_of_image(image, "tag", self._house.images.name_for(name))
        events.record(self._house.root, "builder", "build", image.id, {})
        return image

    @told_as_engine_errors()
    def scene(self, name: str = "") -> Container:
        """The container that a failed step of a build left: the newest, or `name`."""
        from engine.build.scene import newest

        return self.container(name) if name else newest(self._house)

    def check_build(self, options: "BuildOptions") -> None:
        """Raise InvalidArgument for options of a build that make no sense."""
        from engine.build import builder

        builder.check(self._house, options)

    def _base_of_build(
        self,
        name: str,
        always: bool,
        progress: "Progress",
        logins: "Known | None",
    ) -> StoredImage:
        """The image that FROM or COPY --from names, fetched if it is not here.

        `always`: the registry is asked all the same, for a newer one.
        """
        from engine.build.fetched import Told

        if always and not digests.valid(name):
            return self._pull(name, Told(progress), logins=logins).image
        try:
            return self._image_to_run(name)
        except NotFound as missing:
            try:
                return self._pull(name, Told(progress), logins=logins).image
            except RegistryError as error:
                raise self.missing(missing, error) from error
