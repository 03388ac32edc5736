"""Moments and spans of time, between the words of people and numbers of seconds.

    "2023-11-14T22:13:20.5Z"      1700000000.5 seconds since 1970
    "1h30m", "500ms"              5400.0, 0.5 seconds, as Go writes a duration
    "10m", "2024-05-01"           ten minutes ago, or that day: what --since takes
    200.0                         "3 minutes", as Docker's lists say it

Source: RFC 3339; Go's time.ParseDuration; docker/go-units, HumanDuration
Try it: `lab ps -a`, `lab logs --since 10m NAME`
"""

import functools
import re
import time

from engine.errors import InvalidArgument

_LARGEST = (1 << 63) - 1  # nanoseconds, as Go counts them
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@functools.lru_cache(maxsize=1024)  # a list of hundreds is asked for again and again
def seconds_since_epoch(moment: str) -> float:
    """The RFC 3339 time `moment` as seconds since 1970, to the nanosecond or so.

    Without a zone it is this machine's time. ValueError if it is no such time.
    """
    import calendar  # few commands ask for this

    day, _, clock = moment.partition("T")
    clock, offset = _without_offset(clock or "00:00:00")
    whole, _, fraction = clock.partition(".")
    if whole.count(":") == 1:
        whole += ":00"
    parsed = time.strptime(f"{day}T{whole}", "%Y-%m-%dT%H:%M:%S")
    here = time.mktime(parsed) if offset is None else calendar.timegm(parsed) - offset
    return here + float(f"0.{fraction or 0}")


def _without_offset(clock: str) -> tuple[str, int | None]:
    """A time of day apart from its distance to UTC in seconds, if it has one."""
    if clock.endswith(("Z", "z")):
        return clock[:-1], 0
    for sign in "+-":
        time_of_day, found, offset = clock.partition(sign)
        if found:
            hours, _, minutes = offset.partition(":")
            distance = int(hours) * 3600 + int(minutes or 0) * 60
            return time_of_day, distance if sign == "+" else -distance
    return clock, None


def seconds(text: str) -> float:
    """A duration as Go writes it: "90s", "1m30s", "1.5h", "10ms", "250us"."""
    text = text.replace("µs", "us")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|s|m|h)", text, re.ASCII)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"invalid duration: '{text}' is no 10s, 1m30s, 500ms")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total * 1e9 > _LARGEST:  # 292 years
        raise ValueError(f"invalid duration: '{text}'")
    return total


def moment(text: str, now: float) -> float:
    """A point in time, in seconds since 1970: a date, a number, or "10m" ago.

    InvalidArgument for anything else: Docker does not count that as a misused option.
    """
    try:
        return now - seconds(text)
    except ValueError:
        pass
    try:
        is_number = text.replace(".", "", 1).isdecimal()
        return float(text) if is_number else seconds_since_epoch(text)
    except ValueError:
        raise InvalidArgument(
            f'failed to parse value as time or duration: "{text}"',
            "How long ago (10m, 1h30m), or when (2024-05-01, 2024-05-01T12:00:00Z).",
        ) from None


def ago(moment: str, now: float | None = None) -> str:
    """How long ago `moment` was: "3 minutes ago"."""
    return f"{since(moment, now)} ago"


def since(moment: str, now: float | None = None) -> str:
    """The time from `moment` until now, in words: "3 minutes"."""
    if now is None:
        now = time.time()
    return duration(max(0.0, now - seconds_since_epoch(moment)))


def duration(seconds: float) -> str:
    """A number of seconds in words, rounded down: "About an hour"."""
    whole = int(seconds)
    minutes, hours = whole // 60, int(seconds / 3600 + 0.5)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    if hours == 1:
        return "About an hour"
    return _long_duration(hours)


def _long_duration(hours: int) -> str:
    """Two hours and more; each unit is used until there are two of the next."""
    for unit, length, next_length in (
        ("hours", 1, 48),
        ("days", 24, 24 * 14),
        ("weeks", 24 * 7, 24 * 60),
        ("months", 24 * 30, 24 * 365 * 2),
    ):
        if hours < next_length:
            return f"{hours // length} {unit}"
    return f"{hours // (24 * 365)} years"
