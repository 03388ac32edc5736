"""Finding the program: which file is meant by the first word of a command.

    with a slash     that file
    without one      the first in the directories of PATH that can be executed

It is looked for when the root is the container's, by its own user, in the PATH of its
own environment: the same command may mean another file than outside.

man: execvp(3), access(2), execve(2)
Try it: `lab run busybox nosuch; echo $?`, then `lab run busybox /etc/passwd; echo $?`
"""

import os
import stat

from engine.errors import EngineError, NotExecutable, ProgramNotFound, SyscallError


def find(name: str, search: str) -> str:
    """The file to run: `name` if it holds a slash, else the first in the PATH."""
    if "/" in name:
        candidates = [name]
    elif not name:  # and not the directories of the PATH themselves
        candidates = []
    else:
        candidates = [f"{place or '.'}/{name}" for place in search.split(":")]
    refused = False
    for candidate in candidates:
        try:
            mode = os.stat(candidate).st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode) and os.access(candidate, os.X_OK, effective_ids=True):
            return candidate
        refused = True
    if refused:
        raise NotExecutable(
            f'exec: "{name}": permission denied', "Is it a program, and executable (x)?"
        )
    reason = (
        "no such file or directory"
        if "/" in name
        else "executable file not found in $PATH"
    )
    raise ProgramNotFound(
        f'exec: "{name}": {reason}', "`ls /bin`, run inside, shows what there is."
    )


def cannot_run(name: str, error: SyscallError) -> EngineError:
    """What it means that execve(2) was refused, for the program `name`."""
    if error.name == "ENOENT":
        return ProgramNotFound(
            f'exec: "{name}": no such file or directory',
            "The file is there: what is missing is the interpreter that it names.",
        )
    return NotExecutable(f'exec: "{name}": {os.strerror(error.errno)}', error.hint)
