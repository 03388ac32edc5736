"""A command of a lesson in Docker's words, for a machine that has no labshell.

    lab exec otter cat /note       docker exec otter cat /note
    lab layers otter               lab layers otter       Docker has nothing like it

Most verbs and options are Docker's own, so only the name of the program changes. The
verbs and options that only labshell has stay as they are: in Docker's words they would
be errors.

Try it: `lab notes`
"""

import re

from labshell.commands import VERBS

_OURS = {
    *VERBS["See how it works"],
    *VERBS["Learn"],
    *VERBS["This machine"],
    *("resume", "scene", "rootfs", "registry", "daemon"),
}
_OUR_OPTIONS = ("--explain", "--step")
_LAB = re.compile(r"(?<![\w./-])lab (?=([a-z]+)\b)")


def in_dockers_words(line: str) -> str:
    """The line as it would be typed where Docker is."""
    known = {verb for verbs in VERBS.values() for verb in verbs} - _OURS
    if any(option in line for option in _OUR_OPTIONS):
        return line
    return _LAB.sub(lambda m: "docker " if m[1] in known else m[0], line)
