"""Sizes and times in words, as Docker says them.

    1984172 bytes                 1.98MB (powers of 1000, three digits)
    "2023-11-14T22:13:20Z"        3 minutes ago

Times are RFC 3339 text with nanoseconds, as Docker writes them into JSON.

Try it: `lab images`, `lab ps -a`
"""

import time

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
MEMORY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: float, digits: int = 3) -> str:
    """A number of bytes with so many digits and a unit: "1.98MB"."""
    unit = 0
    while count >= 1000 - 10 ** (3 - digits) / 2 and unit < len(UNITS) - 1:
        count /= 1000
        unit += 1
    return f"{count:.{digits}g}{UNITS[unit]}"


def memory_size(count: float) -> str:
    """A number of bytes in powers of 1024, four digits: "1.892MiB"."""
    unit = 0
    while count >= 1024 and unit < len(MEMORY_UNITS) - 1:
        count /= 1024
        unit += 1
    return f"{count:.4g}{MEMORY_UNITS[unit]}"


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


def local_time(moment: str) -> str:
    """A moment in this machine's zone: "2023-11-14 23:13:20 +0100 CET"."""
    local = time.localtime(seconds_since_epoch(moment))
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", local)


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
