"""What a check of an assignment is given: one student's work, as it was handed in.

    def is_small(work: Work) -> Outcome:
        if work.image(work.values["name"] + ":small").size < 8 << 20:
            return work.passed("The image is smaller than 8 MB.")
        return work.failed("The image has 8 MB or more.")

A check of a lesson looks at a live engine; one of an assignment at bytes, and it never
runs any of them. What is asked for and not there is no fault of the check: the item
simply has not been done. Of a submission nothing is believed: an image is what its
layers say, an answer is right if it is that of this student's own values.

Try it: `lab assignment try layers-1 layers-1/solution`
"""

import os
from collections.abc import Mapping
from typing import BinaryIO

from engine.engine import Allowance, UnmountedImage
from engine.errors import EngineError, ImageError
from labshell.grading.paper import PaperImage, sparing
from labshell.grading.ran import Ran
from labshell.grading.submission import Part, Submission
from labshell.lessons.outcomes import NO_IMAGE, Judging, NotThereYet, Outcome
from labshell.messages import marked

__all__ = ["Outcome", "PaperImage", "Work"]  # what a checks.py names

_BLOB = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
NO_FILE = marked("There is no file {subject}.")


class Evidence:
    """A submission with the base images that it may build on; images are read once."""

    def __init__(self, submission: Submission, bases: int, unpacked: int) -> None:
        """`bases`: an open directory of blobs, or -1; `unpacked`: bytes to come out."""
        self.submission, self._bases = submission, bases
        self._allowance = Allowance(unpacked)
        self._images: dict[str, PaperImage] = {}
        self._names = {familiar(name): at for name, at in submission.images().items()}

    @sparing
    def image(self, name: str) -> PaperImage:
        """The image of this name. NotThereYet if it was not handed in."""
        name = familiar(name)
        if name not in self._names:
            raise NotThereYet(NO_IMAGE, name, lost=False)
        digest = self._names[name]
        if digest not in self._images:
            try:
                read = UnmountedImage.read(self._blob, digest, self._allowance)
            except EngineError as error:
                unsound = f"The image {{subject}} cannot be read: {error.message}."
                raise NotThereYet(unsound, name, lost=False) from error
            self._images[digest] = PaperImage(read)
        return self._images[digest]

    def _blob(self, digest: str) -> Part | BinaryIO:
        if part := self.submission.blob(digest):
            return part
        try:
            name = digest.removeprefix("sha256:")  # 64 digits, or it is no digest
            return os.fdopen(os.open(name, _BLOB, dir_fd=self._bases), "rb")
        except OSError as error:
            raise ImageError(
                f"{digest} was not handed in, and is of no base image",
                "`lab submit` packs all that is needed.",
            ) from error


def familiar(name: str) -> str:
    """The name of an image as people write it, with its tag."""
    name = name.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


class Work(Judging):
    """What a check may look at, and how it says what it found."""

    no_answer = marked("No answer yet: it is a line of `answers.yaml`.")

    def __init__(
        self,
        evidence: Evidence,
        values: Mapping[str, str],
        maximum: int,
        answer: str | None = None,
        ran: Ran | None = None,
    ) -> None:
        super().__init__(values, maximum, answer)
        self._evidence, self._ran = evidence, ran

    def image(self, name: str) -> PaperImage:
        """The image with this name."""
        return self._evidence.image(name)

    @property
    def ran(self) -> Ran:
        """What came of the script, in an item of the kind `run`."""
        if self._ran is None:
            raise LookupError("this item is not of the kind `run`")
        return self._ran

    def file(self, name: str) -> bytes:
        """The content of a work file."""
        content = self._evidence.submission.file(name)
        if content is None:
            raise NotThereYet(NO_FILE, name, lost=False)
        return content
