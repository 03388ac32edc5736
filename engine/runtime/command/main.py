"""labshell-runc: the command.

    labshell-runc run -b BUNDLE ID
    podman --runtime /usr/local/bin/labshell-runc run busybox echo hi

It does one thing and ends. An error is told in two lines on standard error, and once
more in the file that --log names: there podman looks for the reason.

man: conmon(8)
Try it: `labshell-runc --help`
"""

import contextlib
import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from engine import times
from engine.errors import (
    EngineError,
    InvalidArgument,
    from_os_error,
    told_as_engine_errors,
)
from engine.runtime.command import options

if TYPE_CHECKING:
    from engine.runtime.command import execute, making

_OF_EXEC = 255  # what exec exits with where the program did not run at all
_BROKEN_PIPE = 141  # 128 + SIGPIPE


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Do what was asked, and end with its exit status.

    The kernel takes a process back as a whole, Python object by object.
    """
    _fill_streams()
    os._exit(_status(arguments))


def _fill_streams() -> None:
    """Open /dev/null for each stream that whoever has called has closed.

    What is opened next would get its number, and be taken for the stream.
    """
    while (opened := os.open("/dev/null", os.O_RDWR)) < 3:
        os.set_inheritable(opened, True)
    os.close(opened)


def _status(arguments: Sequence[str] | None) -> int:
    asked = Namespace(command="", log=None, log_format="text")
    try:
        with told_as_engine_errors():
            options.parser().parse_args(arguments, asked)
            status = _do(asked)
            print(end="", flush=True)
            return status
    except BrokenPipeError:  # enough has been read: as if the signal had ended us
        return _BROKEN_PIPE
    except EngineError as error:
        return _told(error, asked)


def _told(error: EngineError, asked: Namespace) -> int:
    """Tell why, in the log too; the exit status."""
    errors = [error]
    if asked.log:
        try:
            _log(asked.log, asked.log_format, error)
        except OSError as refused:
            errors.append(from_os_error(refused))
    with contextlib.suppress(OSError):  # nobody reads it, or it is full
        for one in errors:
            print(f"{one.message}\n{one.hint}".rstrip(), file=sys.stderr)
    return _OF_EXEC if asked.command == "exec" else 1


def _do(asked: Namespace) -> int:
    """Each command imports what it needs: there is one for each process of ours."""
    if asked.systemd_cgroup:
        raise InvalidArgument(
            "--systemd-cgroup is not supported",
            "podman: --cgroup-manager cgroupfs.",
        )
    root = Path(os.path.abspath(asked.root))
    if asked.command in ("create", "run"):
        from engine.runtime.command import making

        new = _new_container(asked, root)
        if asked.command == "create":
            return making.create(new)
        return making.run(new, detach=asked.detach, keep=asked.keep)
    if asked.command == "exec":
        from engine.runtime.command import execute

        return execute.execute(_new_process(asked, root))
    if asked.command == "start":
        from engine.runtime.command import starting

        return starting.start(root, asked.id)
    if asked.command in ("kill", "delete", "update", "pause", "resume"):
        return _end(asked, root)
    return _show(asked, root)


def _end(asked: Namespace, root: Path) -> int:
    from engine.runtime.command import ending

    match asked.command:
        case "kill":
            return ending.kill(root, asked.id, asked.signal, everybody=asked.all)
        case "delete":
            return ending.delete(root, asked.id, force=asked.force)
        case "update":
            return ending.update(root, asked.id, asked.resources)
        case "pause":
            return ending.pause(root, asked.id)
        case _:
            return ending.resume(root, asked.id)


def _show(asked: Namespace, root: Path) -> int:
    from engine.runtime.command import showing, template

    match asked.command:
        case "state":
            return showing.state(root, asked.id)
        case "ps":
            return showing.processes(root, asked.id)
        case "list":
            as_json = asked.format == "json"
            return showing.every(root, as_json=as_json, quiet=asked.quiet)
        case "spec":
            return template.write(asked.bundle)
        case _:
            return showing.features()


def _new_container(asked: Namespace, root: Path) -> "making.NewContainer":
    from engine.runtime.command import making

    if asked.no_pivot:
        raise InvalidArgument(
            "--no-pivot is not supported",
            "Without pivot_root(2) the machine's files stay within reach.",
        )
    return making.NewContainer(
        root=root,
        id=asked.id,
        bundle=Path(os.path.abspath(asked.bundle)),
        console_socket=asked.console_socket,
        pid_file=asked.pid_file,
        preserved=asked.preserve_fds,
        keyring=not asked.no_new_keyring,
    )


def _new_process(asked: Namespace, root: Path) -> "execute.NewProcess":
    from engine.runtime.command import execute

    return execute.NewProcess(
        root=root,
        id=asked.id,
        command=tuple(asked.arguments),
        process=asked.process,
        directory=asked.cwd,
        environment=tuple(asked.env),
        terminal=asked.tty,
        user=asked.user,
        groups=tuple(asked.additional_gids),
        powers=tuple(asked.cap),
        no_new_privileges=asked.no_new_privs,
        console_socket=asked.console_socket,
        pid_file=asked.pid_file,
        preserved=asked.preserve_fds,
        detach=asked.detach,
    )


def _log(path: Path, form: str, error: EngineError) -> None:
    """Add a line to the log, in the form of runc's."""
    entry = {"level": "error", "msg": error.message, "time": times.now()}
    line = json.dumps(entry)
    if form == "text":
        line = " ".join(f"{key}={json.dumps(value)}" for key, value in entry.items())
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{line}\n")
