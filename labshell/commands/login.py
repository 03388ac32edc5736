"""`lab login` and `lab logout`: who one is at a registry.

    lab login localhost:5000                        asks for name and password
    cat secret | lab login -u me --password-stdin   for programs

They are kept where Docker keeps them, ~/.docker/config.json, or in a credential helper.
A password on the command line stands in the shell's history, and everybody on the
machine can see it in `ps`: it works, and is warned of.

Try it: `lab login localhost:5000; lab logout localhost:5000`
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from engine.engine import Engine
from engine.errors import InvalidArgument
from labshell.commands.grammar import Option, Verb

_LONGEST = 64 << 10  # bytes of a password; tokens are long

_SERVER = click.Argument(["server"], required=False, default="", metavar="[SERVER]")


@click.command(
    cls=Verb,
    params=[
        Option(["-u", "--username"], metavar="NAME", help="Who you are there."),
        Option(
            ["-p", "--password"],
            metavar="PASSWORD",
            help="The password: everybody can see it in `ps`. Leave it out.",
        ),
        Option(
            ["--password-stdin"],
            is_flag=True,
            help="Read the password from a pipe.",
        ),
        _SERVER,
    ],
    examples="""
        lab login localhost:5000
        cat secret | lab login -u me --password-stdin registry.example
    """,
)
@click.pass_obj
def login(
    engine: Engine,
    username: str | None,
    password: str | None,
    password_stdin: bool,
    server: str,
) -> None:
    """Say who you are to a registry, docker.io unless SERVER is given.

    Name and password are tried, and kept in ~/.docker/config.json, readable only by
    you, or in the credential helper that is named there.
    """
    if password_stdin:
        password = _piped(username, password)
    elif password is not None:
        _warn(
            "WARNING! Using --password via the CLI is insecure. Use --password-stdin."
        )
    name = username or _asked_name(engine, server)
    if password is None:
        password = _asked_password()
    if not password:
        raise InvalidArgument("password is required", "Nobody is let in without one.")
    file = engine.login(server, name, password)
    if file is not None:
        _warn(f"WARNING! Your password will be stored unencrypted in {file}.")
        _warn("Configure a credential helper to remove this warning.")
    print("Login Succeeded")


@click.command(
    cls=Verb,
    params=[_SERVER],
    examples="""
        lab logout localhost:5000
    """,
)
@click.pass_obj
def logout(engine: Engine, server: str) -> None:
    """Forget name and password of a registry, docker.io unless SERVER is given."""
    called = server or "https://index.docker.io/v1/"
    if engine.logout(server):
        print(f"Removing login credentials for {called}")
    else:
        print(f"Not logged in to {called}")


def _piped(username: str | None, password: str | None) -> str:
    """The password that a pipe brings; a line's end does not belong to it."""
    if password is not None:
        raise InvalidArgument(
            "--password and --password-stdin are mutually exclusive",
            "Take --password-stdin.",
        )
    if not username:
        raise InvalidArgument(
            "Must provide --username with --password-stdin", "`lab login -u NAME …`"
        )
    return sys.stdin.buffer.read(_LONGEST).decode().rstrip("\r\n")


def _asked_name(engine: Engine, server: str) -> str:
    """Ask at the terminal; Enter takes the name that is known."""
    _refuse_pipe()
    known = engine.known_login(server)
    default = known.name if known else ""
    shown = f" ({default})" if default else ""
    with _that_may_be_left():
        name = input(f"Username{shown}: ").strip() or default
    if not name:
        raise InvalidArgument("username is required", "Who are you there?")
    return name


def _asked_password() -> str:
    from getpass import getpass

    _refuse_pipe()
    with _that_may_be_left():
        return getpass("Password: ")


@contextmanager
def _that_may_be_left() -> Iterator[None]:
    """A question at the terminal: Ctrl-D is an answer, too."""
    try:
        yield
    except EOFError:
        print()
        raise InvalidArgument(
            "nothing was typed", "Ctrl-D ended it: nobody is logged in."
        ) from None


def _refuse_pipe() -> None:
    if not sys.stdin.isatty():
        raise InvalidArgument(
            "Cannot perform an interactive login from a non TTY device",
            "From a pipe: `… | lab login -u NAME --password-stdin [SERVER]`.",
        )


def _warn(line: str) -> None:
    print(line, file=sys.stderr)
