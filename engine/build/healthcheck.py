"""HEALTHCHECK of a Dockerfile, as an image's config has it.

    HEALTHCHECK --interval=1m30s --retries=2 CMD wget -q localhost

    {"Test": ["CMD-SHELL", "wget -q localhost"], "Interval": 90000000000, "Retries": 2}

A time is a number and a unit, or several: 1h30m, 1.5s, 100ms. Nothing or 0 is Docker's
default. engine/oci/health.py knows the fields, engine/runtime/health.py asks.

Source: Go's time.ParseDuration; measured on Docker 20.10
Try it: `printf 'FROM busybox\\nHEALTHCHECK --interval=5 CMD true\\n' | lab build -`
"""

import re
from collections.abc import Mapping

from engine.build.instruction import Instruction
from engine.build.source import Misread
from engine.oci.health import MILLISECOND, SECOND, Healthcheck

_UNITS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_AMOUNT = re.compile(r"(\d{0,9})(?:\.(\d{0,9}))?(ns|us|µs|ms|s|m|h)")
_TIMES = ("interval", "timeout", "start-period")
_MOST_RETRIES = 2**31 - 1


def healthcheck(instruction: Instruction) -> Healthcheck:
    """What a HEALTHCHECK that was parsed asks for."""
    kind, *command = instruction.words
    if kind == "NONE":
        return Healthcheck(test=("NONE",))
    numbers = numbers_of(instruction.flags)
    return Healthcheck(
        test=("CMD" if instruction.json_form else "CMD-SHELL", *command),
        interval=numbers["interval"],
        timeout=numbers["timeout"],
        start_period=numbers["start-period"],
        retries=numbers["retries"],
    )


def numbers_of(flags: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The flags as nanoseconds, and how many retries. Misread for what is no number."""
    found = {name: _nanoseconds(name, flags.get(name, ("",))[0]) for name in _TIMES}
    retries = flags.get("retries", ("",))[0]
    if not retries:
        return {**found, "retries": 0}
    if not re.fullmatch(r"[-+]?[0-9]{1,10}", retries):
        raise Misread(
            f"--retries: {retries[:40]} is not a number", "As in: --retries=3"
        )
    if not 1 <= int(retries) <= _MOST_RETRIES:
        raise Misread(
            f"--retries must be at least 1 (not {retries})", "As in: --retries=3"
        )
    return {**found, "retries": int(retries)}


def _nanoseconds(name: str, text: str) -> int:
    if text in ("", "0"):
        return 0
    total, at = 0, 1 if text[0] in "+-" else 0
    while match := _AMOUNT.match(text, at):
        whole, fraction, unit = match[1], match[2] or "", match[3]
        if not whole and not fraction:
            break
        total += int(whole or 0) * _UNITS[unit]
        total += int(fraction or 0) * _UNITS[unit] // 10 ** len(fraction)
        at = match.end()
    if at < len(text) or at < 2:
        missing = "missing unit in" if text.isdigit() else "invalid"
        raise Misread(
            f'--{name}: {missing} duration "{text[:40]}"', "As in: 30s, 1m30s, 500ms"
        )
    if text[0] == "-" or 0 < total < MILLISECOND:
        raise Misread(
            f'Interval "{name}" cannot be less than 1ms', "As in: 30s, 1m30s, 500ms"
        )
    return total
