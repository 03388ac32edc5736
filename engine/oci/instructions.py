"""`--change`: one Dockerfile instruction changes the defaults of an image.

    lab commit -c 'ENV A=1 B="two words"' -c 'CMD ["sh", "-l"]' box mine

Each instruction is a word and what follows it. CMD and ENTRYPOINT (and VOLUME) know
two forms, and the difference matters:

    ["sh", "-l"]     exec form: JSON, run as it is, no shell in between
    sh -l            shell form: becomes ["/bin/sh", "-c", "sh -l"]

Values may name variables, as $A or ${A}: of the image's ENV, as it was before this
instruction. Only instructions that change no file are allowed here: nothing is run.

Source: Docker's commit --change: the same list, the same words for refusals
Try it: `lab commit -c 'CMD ["date"]' box mine; lab inspect mine`
"""

import json
import posixpath
import re
from collections.abc import Callable, Sequence

from engine.errors import InvalidArgument
from engine.oci.image import ImageDefaults

_QUOTED = r""""(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>[^']*)'"""
_NAME = r"\$(?:\{(?P<braced>\w+)\}|(?P<name>\w+))"
_PIECE = re.compile(rf"{_QUOTED}|\\(?P<escaped>.)|{_NAME}")
_IN_DOUBLE_QUOTES = re.compile(rf"""\\(?P<escaped>["$\\])|{_NAME}""")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""")
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?\Z", re.I)
_DEFAULT_SHELL = ("/bin/sh", "-c")
_NO_TRIGGERS = {"ONBUILD", "FROM", "MAINTAINER"}


def apply_changes(
    defaults: ImageDefaults, instructions: Sequence[str]
) -> ImageDefaults:
    """The defaults after the instructions, in order. Raises InvalidArgument."""
    command_given = False
    for line in instructions:
        word, _, rest = line.strip().partition(" ")
        word, rest = word.upper(), rest.strip()
        if word not in _INSTRUCTIONS:
            raise InvalidArgument(
                f"{word.lower()} is not a valid change command",
                f"Allowed are {', '.join(sorted(_INSTRUCTIONS))}.",
            )
        if not rest:
            raise InvalidArgument(
                f"{word} requires at least one argument", f"As in: {_EXAMPLES[word]}"
            )
        defaults = _INSTRUCTIONS[word](defaults, rest)
        command_given = command_given or word == "CMD"
        if word == "ENTRYPOINT" and not command_given:
            # The old CMD was meant as arguments for the old ENTRYPOINT.
            defaults = defaults._replace(cmd=())
    return defaults


def _cmd(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    return defaults._replace(cmd=_command(defaults, rest))


def _entrypoint(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    return defaults._replace(entrypoint=_command(defaults, rest))


def _env(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    found = dict(entry.partition("=")[::2] for entry in defaults.env)
    found |= {key: expand(defaults, value) for key, value in _pairs("ENV", rest)}
    return defaults._replace(env=tuple(f"{key}={found[key]}" for key in found))


def _label(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    new = {key: expand(defaults, value) for key, value in _pairs("LABEL", rest)}
    return defaults._replace(labels={**defaults.labels, **new})


def _expose(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    new = ports_of(expand(defaults, rest).split())
    ports = dict.fromkeys((*defaults.exposed_ports, *new))
    return defaults._replace(exposed_ports=tuple(ports))


def ports_of(words: Sequence[str]) -> tuple[str, ...]:
    """The ports that `80`, `53/udp` and `8000-8010` mean: "80/tcp" and so on."""
    ports: dict[str, None] = {}
    for word in words:
        match = _PORT.match(word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not match or not 0 < first <= last < 65536:
            raise InvalidArgument(
                f"Invalid containerPort: {word}", "As in: EXPOSE 80 or 53/udp"
            )
        kind = (match[3] or "tcp").lower()
        ports |= dict.fromkeys(f"{port}/{kind}" for port in range(first, last + 1))
    return tuple(ports)


def _user(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    user = expand(defaults, rest)
    if len(user.split()) != 1:
        raise InvalidArgument(
            "USER requires exactly one argument", "As in: USER 1000:100"
        )
    return defaults._replace(user=user)


def _volume(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    words = _json_words(rest)
    paths = rest.split() if words is None else words
    volumes = [expand(defaults, path) for path in paths]
    if not all(volumes):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return defaults._replace(
        volumes=tuple(dict.fromkeys([*defaults.volumes, *volumes]))
    )


def _workdir(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    path = posixpath.join("/", defaults.working_dir, expand(defaults, rest))
    return defaults._replace(working_dir=posixpath.normpath(path))


def _onbuild(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    trigger = rest.split()[0].upper()
    if trigger == "ONBUILD":
        raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in _NO_TRIGGERS:
        raise InvalidArgument(f"{trigger} isn't allowed as an ONBUILD trigger")
    return defaults._replace(on_build=(*defaults.on_build, rest))


def _healthcheck(defaults: ImageDefaults, rest: str) -> ImageDefaults:
    """`NONE`, or `CMD …`. The options (--interval …) are for a Dockerfile."""
    kind, _, command = rest.partition(" ")
    if kind.upper() == "NONE" and not command:
        return defaults._replace(healthcheck={"Test": ["NONE"]})
    if kind.upper() != "CMD" or not command.strip():
        raise InvalidArgument(
            f"Unknown type {kind!r} in HEALTHCHECK (try CMD)",
            "As in: HEALTHCHECK CMD wget -q localhost, or HEALTHCHECK NONE",
        )
    words = _json_words(command)
    test = ["CMD-SHELL", command.strip()] if words is None else ["CMD", *words]
    return defaults._replace(healthcheck={"Test": test})


_INSTRUCTIONS: dict[str, Callable[[ImageDefaults, str], ImageDefaults]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
_EXAMPLES = {
    "CMD": 'CMD ["sh"]',
    "ENTRYPOINT": 'ENTRYPOINT ["/bin/program"]',
    "ENV": "ENV KEY=value",
    "EXPOSE": "EXPOSE 80",
    "HEALTHCHECK": "HEALTHCHECK NONE",
    "LABEL": "LABEL key=value",
    "ONBUILD": "ONBUILD RUN make",
    "USER": "USER 1000",
    "VOLUME": "VOLUME /data",
    "WORKDIR": "WORKDIR /srv",
}


def _command(defaults: ImageDefaults, rest: str) -> tuple[str, ...]:
    """Exec form if it is a JSON list of strings, else shell form."""
    words = _json_words(rest)
    shell = defaults.shell or _DEFAULT_SHELL
    return (*shell, rest) if words is None else words


def _json_words(text: str) -> tuple[str, ...] | None:
    """The strings of a JSON list; None if it is anything else."""
    try:
        words = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return tuple(words)
    return None


def _pairs(instruction: str, rest: str) -> list[tuple[str, str]]:
    """`A=1 B="two words"`, or, the old way and one at a time, `A 1`."""
    first = rest.split(None, 1)
    if "=" not in first[0]:
        if len(first) < 2:
            raise InvalidArgument(
                f"{instruction} must have two arguments",
                f"As in: {_EXAMPLES[instruction]}",
            )
        return [(first[0], first[1])]
    words = _WORD.findall(rest)
    if _WORD.sub("", rest).strip():
        raise InvalidArgument(
            f"{instruction} {rest}: unexpected end of statement "
            "while looking for a matching quote",
            "Close every quote.",
        )
    for word in words:
        if "=" not in word:
            raise InvalidArgument(
                f'Syntax error - can\'t find = in "{word}". '
                "Must be of the form: name=value",
                "Quote a value that holds blanks.",
            )
    return [(key, value) for key, _, value in (word.partition("=") for word in words)]


def expand(defaults: ImageDefaults, text: str) -> str:
    """`text` with $A and ${A} replaced by the image's ENV, and its quotes taken away.

    Between single quotes nothing is replaced; a backslash takes away a meaning.
    """
    values = dict(entry.partition("=")[::2] for entry in defaults.env)

    def replaced(piece: re.Match[str]) -> str:
        found = piece.groupdict()
        if found.get("single") is not None:
            return str(found["single"])
        if found.get("double") is not None:
            return _IN_DOUBLE_QUOTES.sub(replaced, found["double"])
        if found["escaped"] is not None:
            return str(found["escaped"])
        return values.get(found["name"] or found["braced"], "")

    return _PIECE.sub(replaced, text)
