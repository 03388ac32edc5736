"""Names of containers: easier to say than 64 hex digits.

Who gives none gets two words, a manner and a person.

Try it: `lab create busybox; lab ps -a`
"""

import os
import re

from engine.errors import InvalidArgument

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")
_MANNERS = (
    "agile bold brave bright calm careful cheerful clever curious daring eager fair "
    "gentle happy honest jolly keen kind lively lucid merry modest nimble patient "
    "polite proud quick quiet sharp steady sunny swift tidy wise witty zealous"
).split()
# People whose work containers stand on: computing, operating systems, networks.
_PEOPLE = (
    "babbage baran bartik boole cerf corbato dahl davies dijkstra engelbart floyd "
    "goldberg hamilton hoare holberton hopper iverson johnson kahn kernighan kleinrock "
    "knuth lamport lampson liskov lovelace mcilroy mccarthy moore naur noether perlman "
    "pike postel ritchie shannon thompson torvalds turing wilkes wirth zuse"
).split()


def propose(crowded: bool = False) -> str:
    """Two words, such as "patient_ritchie"; and a number where it is crowded."""
    number = f"{2 + _chance(998)}" if crowded else ""
    manner, person = _MANNERS[_chance(len(_MANNERS))], _PEOPLE[_chance(len(_PEOPLE))]
    return f"{manner}_{person}{number}"


def _chance(most: int) -> int:
    """A number from 0 to `most` - 1. To import `random` would take a millisecond."""
    return int.from_bytes(os.urandom(4)) % most


def check_name(name: str) -> None:
    """Raise InvalidArgument unless `name` may be the name of a container."""
    if not _NAME.match(name):
        raise InvalidArgument(
            f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
            "allowed",
            "Letters, digits, then also _ . and -, two characters at least.",
        )
