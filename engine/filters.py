"""Filters: which of many things somebody wants to see, as Docker's API takes them.

    --filter status=exited --filter label=tier=web --filter label=team

is {"status": ["exited"], "label": ["tier=web", "team"]}. Values of one key are
alternatives, except for labels, all of which must be there; different keys must all
agree. A name is a regular expression, which may match anywhere.

Source: moby, api/types/filters
Try it: `lab ps -a --filter status=exited --filter name='^web'`
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from engine.errors import InvalidArgument

Filters = Mapping[str, Sequence[str]]
NONE: Filters = {}
# Whether something created then, with these labels, is wanted.
Wanted = Callable[[str, Mapping[str, str]], bool]
_TRUE, _FALSE = ("1", "true"), ("0", "false")


def refuse_unknown(filters: Filters, known: Collection[str]) -> None:
    """InvalidArgument for a key that means nothing for these things."""
    for key in filters:
        if key not in known:
            raise InvalidArgument(
                f"Invalid filter '{key}'",
                f"There are {', '.join(sorted(known))}.",
            )


def truth(filters: Filters, key: str) -> bool | None:
    """What a filter that is true or false says; None if it is not used."""
    values = {value.lower() for value in filters.get(key, ())}
    if not values:
        return None
    if values <= {*_TRUE} or values <= {*_FALSE}:
        return values <= {*_TRUE}
    raise InvalidArgument(
        f"Invalid filter '{key}=[{' '.join(filters[key])}]'", "It is true or false."
    )


def fits(patterns: Sequence[str], *texts: str) -> bool:
    """Whether a pattern is found in one of the texts; a damaged one never is."""
    for pattern in patterns:
        try:
            if pattern in texts or any(re.search(pattern, text) for text in texts):
                return True
        except (re.error, RecursionError, OverflowError):
            continue
    return False


def has_labels(wanted: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Whether each of "key" and "key=value" is there."""
    for text in wanted:
        key, equals, value = text.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def to_prune(filters: Filters, now: float) -> Wanted:
    """A test of what may be pruned: `until`, `label`, and `label!` for those without.

    `now` is in seconds since 1970; `until` is a time, or how long ago that was.
    """
    from engine.moments import moment  # only pruning asks for a time

    refuse_unknown(filters, ("label", "label!", "until"))
    times = [moment(text, now) for text in filters.get("until", ())]
    if len(times) > 1:
        raise InvalidArgument("more than one until filter specified")
    wanted, unwanted = filters.get("label", ()), filters.get("label!", ())

    def fits(created: str, labels: Mapping[str, str]) -> bool:
        return (
            all(_was_before(created, time) for time in times)
            and has_labels(wanted, labels)
            and not (unwanted and has_labels(unwanted, labels))
        )

    return fits


def _was_before(created: str, time: float) -> bool:
    """What does not say when it was made is not known to be old."""
    from engine.moments import seconds_since_epoch

    try:
        return seconds_since_epoch(created) <= time
    except ValueError:
        return False


def everything(created: str, labels: Mapping[str, str]) -> bool:
    """Wants all that there is."""
    return True
