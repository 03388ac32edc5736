"""A round of grading: every file gets its look, several of them at once.

    files ──▶ threads, one for each job ──▶ inspectors ──▶ looks, as they come

Not more files are under way than there are jobs to do them, so a thousand take no more
memory than ten. What took too long is looked at again at the end, alone and with twice
the time, before that counts. One bad file changes nothing for the others.

Try it: `lab grade class/ --assignment layers-1 -o OUT --jobs 2`
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from labshell.grading.classroom import Classroom
from labshell.grading.journal import Journal, Look, version
from labshell.grading.looker import Here, Looker
from labshell.grading.rows import GRADED, PARTIAL, TIMEOUT, UNGRADED, Row

Hire = Callable[[], Looker]
_AGAIN = 2  # times as long, alone, for what took too long


class Watcher:
    """Who hears how a round goes on; this one says a line for each file, if at all."""

    def __init__(self, say: Callable[[str], object] | None = None) -> None:
        self._say = say

    def expects(self, count: int) -> None:
        """So many files are to be looked at."""

    def begins(self, file: Path) -> None:
        """One is being looked at; told by the thread that does it."""

    def done(self, look: Look) -> None:
        """That is what came of it."""
        if self._say:
            # Whether it is in time, and counts, is known only when all are here.
            said = "looked at" if look.row.status == GRADED else look.row.status
            self._say(f"{look.file}: {said}")


def grade(
    classroom: Classroom,
    files: Sequence[Path],
    journal: Journal,
    jobs: int = 1,
    watcher: Watcher | None = None,
    hire: Hire | None = None,
) -> list[Look]:
    """A look for each file, in their order; one that the journal has is not made again.

    But for what came to no verdict, or not all of it: it may have been the machine's
    fault, or have more time by now. `hire` gives somebody who looks, as often as there
    are jobs; those of this machine if it is left out.
    """
    watcher = watcher or Watcher()

    def enter(look: Look) -> None:
        journal.add(look)
        watcher.done(look)

    no_verdict = (TIMEOUT, UNGRADED, PARTIAL)
    known = {look.key for look in journal.looks if look.row.status not in no_verdict}
    todo = [file for file in files if (file.name, version(file)) not in known]
    watcher.expects(len(todo))
    slow: list[Path] = []
    with ExitStack() as stack:
        hire = hire or partial(Here, classroom.assignment)
        hired = [stack.enter_context(closing(hire())) for _ in todo[:jobs]]
        for file, look in _looks(classroom, todo, hired, 1, watcher):
            if look.row.limit == "seconds":
                slow.append(file)
            else:
                enter(look)
        for _, look in _looks(classroom, slow, hired[:1], _AGAIN, watcher):
            enter(look)
    found = {look.key: look for look in journal.looks}
    return [
        found[key] for file in files if (key := (file.name, version(file))) in found
    ]


def _looks(
    classroom: Classroom,
    files: Sequence[Path],
    hired: Sequence[Looker],
    times: int,
    watcher: Watcher,
) -> Iterator[tuple[Path, Look]]:
    """Each file with its look, as they come; no more under way than is hired for."""
    free: SimpleQueue[Looker] = SimpleQueue()
    for looker in hired:
        free.put(looker)

    def look(file: Path) -> Look:
        looker = free.get()
        watcher.begins(file)
        try:
            return classroom.look(looker, file, times)
        except OSError as error:
            return _unread(classroom, file, error)
        finally:
            free.put(looker)

    with ThreadPoolExecutor(max(1, len(hired))) as pool:
        waiting: dict[Future[Look], Path] = {}
        try:
            for file in files:
                if len(waiting) >= 2 * len(hired):
                    yield from _done(waiting)
                waiting[pool.submit(look, file)] = file
            while waiting:
                yield from _done(waiting)
        finally:  # after Ctrl-C only what is under way is waited for
            pool.shutdown(wait=False, cancel_futures=True)


def _done(waiting: dict[Future[Look], Path]) -> Iterator[tuple[Path, Look]]:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()


def _unread(classroom: Classroom, file: Path, error: OSError) -> Look:
    """A file that cannot be opened, or an inspector that has ended: nobody's fault."""
    row = Row(
        student="",
        status=UNGRADED,
        maximum=classroom.assignment.maximum,
        note=f"it could not be looked at: {error}",
        file=file.name,
    )
    return Look(file=file.name, version=version(file), student="", row=row)
