"""Times, as they are written into records, logs and images: RFC 3339, in UTC.

    2026-01-31T12:00:00.123456789Z

Docker writes them so, with nanoseconds. All are as long as each other, so that as texts
they sort as the moments do.

Source: RFC 3339
Try it: `date -u --rfc-3339=ns`
"""

import time

NEVER = "0001-01-01T00:00:00Z"  # how Docker writes "has not happened"
_LAST = 253402300799.0  # seconds since 1970: the end of the year 9999


def now(ago: float = 0.0) -> str:
    """This moment, or one some seconds ago."""
    return _written(time.time_ns() - int(ago * 1e9))


def at(seconds: float) -> str:
    """A moment, in seconds since 1970, written like `now`; no later than year 9999."""
    return _written(int(min(max(seconds, 0.0), _LAST) * 1e9))


def _written(nanoseconds: int) -> str:
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest:09d}Z"


def in_words(seconds: float) -> str:
    """A span of time: "1 second", "2.5 seconds"."""
    return f"{seconds:g} second{'s' * (seconds != 1)}"
