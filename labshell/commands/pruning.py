"""The prune verbs: what nobody needs goes, after a question.

    WARNING! This will remove all dangling images.
    Are you sure you want to continue? [y/N]

    --filter until=24h              what was made before
    --filter label=K[=V]            what has the label; label!= what has not

Only y or Y is a yes. -f does not ask.

Try it: `lab image prune --filter until=24h`
"""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.engine import Engine, to_prune
from engine.errors import InvalidArgument
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import as_filters, print_lines
from labshell.views.amounts import size

if TYPE_CHECKING:
    from engine.engine import Pruned, Wanted

UNUSED_IMAGES = "images without at least one container associated to them"
DANGLING_IMAGES = "dangling images"
FORCE = Option(["-f", "--force"], is_flag=True, help="Do not ask first.")
FILTER = Option(
    ["--filter"],
    multiple=True,
    metavar="KEY=VALUE",
    help="Only what fits: until=24h, label=K=V, label!=K.",
)


def sure(warning: str) -> bool:
    """Ask whether to go on."""
    print(f"WARNING! {warning}")
    print("Are you sure you want to continue? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() == "y"


def wanted(filters: Sequence[str]) -> "Wanted":
    """A test for (created, labels) of what may be pruned."""
    pairs = []
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidArgument(
                f"invalid filter '{text}'", "As in until=24h, label=K=V, label!=K."
            )
        pairs.append((key, value))
    return to_prune(as_filters(pairs), time.time())


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-a", "--all"],
            is_flag=True,
            help="All that no container uses, and not only those without a name.",
        ),
        FILTER,
        FORCE,
    ],
    examples="""
        lab image prune
        lab image prune -a --filter until=24h
    """,
)
@click.pass_obj
def prune_images(
    engine: Engine, all: bool, filter: tuple[str, ...], force: bool
) -> None:
    """Remove the images that lost their name, and the layers that only they need.

    Every commit to the same name leaves one: the image that had it before (dangling,
    `<none>` in `lab images`).
    """
    fits = wanted(filter)
    which = UNUSED_IMAGES if all else DANGLING_IMAGES
    if force or sure(f"This will remove all {which}."):
        pruned = engine.prune_images(named=all, wanted=fits)
        _print(pruned.reclaimed, Images=_in_lower_case(pruned))
    else:
        _print(0)


@click.command(
    cls=Verb,
    params=[FILTER, FORCE],
    examples="""
        lab container prune
        lab container prune -f --filter until=24h
    """,
)
@click.pass_obj
def prune_containers(engine: Engine, filter: tuple[str, ...], force: bool) -> None:
    """Remove all containers that do not run, and what they have written.

    Volumes stay: `lab volume prune`.
    """
    fits = wanted(filter)
    agreed = force or sure("This will remove all stopped containers.")
    names, freed = engine.prune_containers(fits) if agreed else ([], 0)
    _print(freed, Containers=names)


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-a", "--all"],
            is_flag=True,
            help="Also those with a name, not only those that nobody has named.",
        ),
        FILTER,
        FORCE,
    ],
    examples="""
        lab volume prune
        lab volume prune --all --filter label!=keep
    """,
)
@click.pass_obj
def prune_volumes(
    engine: Engine, all: bool, filter: tuple[str, ...], force: bool
) -> None:
    """Remove the volumes that no container uses, and the files in them."""
    fits = wanted(filter)
    which = "all" if all else "anonymous"
    warning = f"This will remove {which} local volumes not used by at least one"
    agreed = force or sure(f"{warning} container.")
    names, freed = engine.prune_volumes(all, fits) if agreed else ([], 0)
    _print(freed, Volumes=names)


@click.command(
    cls=Verb,
    params=[FILTER, FORCE],
    examples="""
        lab network prune
    """,
)
@click.pass_obj
def prune_networks(engine: Engine, filter: tuple[str, ...], force: bool) -> None:
    """Remove the networks that no container belongs to, not even a stopped one."""
    fits = wanted(filter)
    warning = "This will remove all custom networks not used by at least one container."
    if force or sure(warning):
        _print_removed(Networks=engine.prune_networks(fits))


def _print(freed: int, **removed: Sequence[str]) -> None:
    """Print what was removed, kind by kind, and how much room that made."""
    _print_removed(**removed)
    print(f"Total reclaimed space: {size(freed, digits=4)}")


def _print_removed(**removed: Sequence[str]) -> None:
    for kind, names in removed.items():
        if names:
            print(f"Deleted {kind}:")
            print_lines(names)
            print()


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-a", "--all"],
            is_flag=True,
            help="All images that no container uses, not only those without a name.",
        ),
        Option(["--volumes"], is_flag=True, help="Also volumes that nobody has named."),
        FILTER,
        FORCE,
    ],
    examples="""
        lab system prune
        lab system prune -a --volumes
    """,
)
@click.pass_obj
def prune_system(
    engine: Engine, all: bool, volumes: bool, filter: tuple[str, ...], force: bool
) -> None:
    """Remove all that nobody needs: containers that do not run, then their images.

    `lab system df` tells beforehand how much that is.
    """
    fits = wanted(filter)
    if volumes and any(text.startswith("until=") for text in filter):
        raise InvalidArgument(
            'ERROR: The "until" filter is not supported with "--volumes"',
            "Prune the volumes by themselves: `lab volume prune`.",
        )
    if not force and not sure(_all_that_goes(all, volumes, filter)):
        return
    containers, freed = engine.prune_containers(fits)
    networks = engine.prune_networks(fits)
    names, more = engine.prune_volumes(False, fits) if volumes else ([], 0)
    images = engine.prune_images(named=all, wanted=fits)
    _print(
        freed + more + images.reclaimed,
        Containers=containers,
        Networks=networks,
        Volumes=names,
        Images=_in_lower_case(images),
    )


def _all_that_goes(all: bool, volumes: bool, filters: Sequence[str]) -> str:
    """What `sure` says of it."""
    lines = ["This will remove:", "  - all stopped containers"]
    lines.append("  - all networks not used by at least one container")
    if volumes:
        lines.append("  - all anonymous volumes not used by at least one container")
    lines.append(f"  - all {UNUSED_IMAGES if all else DANGLING_IMAGES}\n")
    if filters:
        lines.append("  Items to be pruned will be filtered with:")
        lines += [f"  - {text}" for text in filters]
        lines.append("")
    return "\n".join(lines)


def _in_lower_case(pruned: "Pruned") -> list[str]:
    """Docker's `rmi` says Deleted: and its `prune` says deleted:."""
    return [line[0].lower() + line[1:] for line in pruned.lines]
