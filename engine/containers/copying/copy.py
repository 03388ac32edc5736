"""Copy: files between a container and the machine, as `cp` would if it could.

Where a copy goes depends on what is there, and on how the paths end:

    the source      the destination      then
    FILE or DIR     a directory          goes into it, under its own name
    DIR/.           a directory          goes into it, without the directory itself
    FILE            a file               takes its place
    DIR             a file               refused
    any             nothing              becomes it, if the directory above is there
    FILE            nothing, with a /    refused: no such directory

A link is copied as a link, unless its target is asked for. A *destination* that is a
link means its target: a container's link is followed inside the container.

Both ends are held open (ends.py), so that this is decided and done in the same place,
whatever a running container does meanwhile.

Source: docker cp, documented and measured
Try it: `lab cp box:/etc/passwd . ; lab cp . box:/srv`
"""

from collections.abc import Callable
from functools import partial

from engine.containers.copying.ends import End
from engine.errors import InvalidArgument
from engine.files import closing
from engine.kernel.places import Place
from engine.storage.owners import AS_IS, Shift
from engine.storage.trees import TreeCopy


def copy(
    source: End,
    destination: End,
    *,
    follow: bool,
    owners: bool,
    shift: Shift = AS_IS,
) -> int:
    """Copy from one end to the other; the size of the files, in bytes.

    `follow`: of a link, its target; `owners`: keep users and groups, as numbers, which
    become what `shift` says.
    """
    origin = source.find_source(follow=follow)
    try:
        goal = destination.find_destination()
        try:
            destination.refuse_device(goal)
            copy_to = partial(TreeCopy, owners=owners, shift=shift)
            return _copy(source, origin, destination, goal, copy_to)
        finally:
            goal.close()
    finally:
        origin.close()


def _copy(
    source: End,
    origin: Place,
    destination: End,
    goal: Place,
    copy_to: Callable[[int], TreeCopy],
) -> int:
    """`copy_to` begins a copy into an open directory."""
    if goal.is_directory:
        with closing(goal.open_directory()) as into:
            destination.refuse_read_only(into)
            return _copy_content(copy_to(into), source, origin)
    if goal.status is not None and origin.is_directory:
        raise InvalidArgument(
            "cannot copy directory", "The destination is a file: name a directory."
        )
    if destination.is_to_be_directory and not origin.is_directory:
        raise InvalidArgument(
            "no such directory",
            f"{destination.path} is not there, or is a file: make the directory first.",
        )
    destination.refuse_read_only(goal.directory)
    tree = copy_to(goal.directory)
    tree.entry(origin.directory, origin.name, goal.name)
    return tree.size


def _copy_content(tree: TreeCopy, source: End, origin: Place) -> int:
    if source.name:
        tree.entry(origin.directory, origin.name, source.name)
        return tree.size
    with closing(origin.open_directory()) as content:
        tree.content(content)
    return tree.size
