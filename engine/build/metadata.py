"""Instructions that change how a container of the image starts, and no file.

    ENV LABEL EXPOSE VOLUME USER      what it is given
    CMD ENTRYPOINT SHELL              what it runs
    STOPSIGNAL HEALTHCHECK            how it is ended, and asked for its health
    ONBUILD MAINTAINER ARG            nothing of the container's

Each makes an image all the same: the next configuration, with the same layers, and a
line in the history that says `#(nop)`, nothing was run. How such a line reads is
Docker's, down to the brackets that its language prints around a list.

Two rules that surprise: ENTRYPOINT forgets a CMD that came with the base image, which
was meant for another program; and ENV in one line sees the values from before the line.

Source: the Dockerfile reference; the words measured on Docker 20.10
Try it: `lab history --no-trunc ID`
"""

import json
from collections.abc import Callable, Iterable

from engine.build.expansion import expand_pairs, expand_words
from engine.build.healthcheck import healthcheck
from engine.build.work import Asked
from engine.containers import specification
from engine.containers.lifecycle import signal_number
from engine.errors import InvalidArgument
from engine.oci.health import Healthcheck
from engine.oci.image import ImageDefaults
from engine.oci.instructions import ports_of

Text = tuple[str, ImageDefaults]


def say(asked: Asked) -> None:
    """Carry out an instruction of the table below."""
    text, defaults = TABLE[asked.instruction.name](asked)
    asked.work.only_says(asked.stage, ("", text), defaults)


def _words(asked: Asked) -> tuple[str, ...]:
    variables = asked.stage.variables()
    return expand_words(asked.dockerfile, asked.instruction, variables)


def _pairs(asked: Asked) -> tuple[tuple[str, str | None], ...]:
    variables = asked.stage.variables()
    return expand_pairs(asked.dockerfile, asked.instruction, variables)


def _env(asked: Asked) -> Text:
    pairs, now = _pairs(asked), asked.stage.defaults
    found = specification.variables(now.env)
    found |= {name: value or "" for name, value in pairs}
    env = tuple(f"{name}={value}" for name, value in found.items())
    return f"ENV {_joined(pairs)}", now._replace(env=env)


def _label(asked: Asked) -> Text:
    pairs, now = _pairs(asked), asked.stage.defaults
    return labelled(now, pairs)


def labelled(
    now: ImageDefaults, pairs: Iterable[tuple[str, str | None]]
) -> tuple[str, ImageDefaults]:
    """What LABEL says, and does."""
    pairs = tuple(pairs)
    labels = {**now.labels, **{name: value or "" for name, value in pairs}}
    return f"LABEL {_joined(pairs)}", now._replace(labels=labels)


def _joined(pairs: Iterable[tuple[str, str | None]]) -> str:
    return " ".join(
        name if value is None else f"{name}={value}" for name, value in pairs
    )


def _arg(asked: Asked) -> Text:
    pairs = _pairs(asked)
    for name, default in pairs:
        asked.stage.arguments.declare(name, default)
    return f"ARG {_joined(pairs)}", asked.stage.defaults


def _maintainer(asked: Asked) -> Text:
    author = _words(asked)[0]
    asked.stage.config = asked.stage.config._replace(author=author)
    return f"MAINTAINER {author}", asked.stage.defaults


def _expose(asked: Asked) -> Text:
    words, now = _words(asked), asked.stage.defaults
    ports = dict.fromkeys((*now.exposed_ports, *ports_of(words)))
    return f"EXPOSE {' '.join(words)}", now._replace(exposed_ports=tuple(ports))


def _volume(asked: Asked) -> Text:
    words, now = _words(asked), asked.stage.defaults
    if not all(words):
        raise InvalidArgument(
            "VOLUME specified can not be an empty string", "As in VOLUME /data."
        )
    volumes = tuple(dict.fromkeys((*now.volumes, *words)))
    return f"VOLUME {_go_list(words)}", now._replace(volumes=volumes)


def _user(asked: Asked) -> Text:
    user = _words(asked)[0]
    return f"USER {user}", asked.stage.defaults._replace(user=user)


def _stop_signal(asked: Asked) -> Text:
    signal = _words(asked)[0]
    signal_number(signal)
    return f"STOPSIGNAL {signal}", asked.stage.defaults._replace(stop_signal=signal)


def _command(asked: Asked) -> tuple[str, ...]:
    """The words of a command; in shell form behind those of a shell."""
    words = asked.instruction.words
    return words if asked.instruction.json_form else (*asked.stage.shell, *words)


def _cmd(asked: Asked) -> Text:
    command = _command(asked)
    asked.stage.command_given = True
    text = f"CMD {_go_quoted(command)}"
    return text, asked.stage.defaults._replace(cmd=command)


def _entrypoint(asked: Asked) -> Text:
    command, now = _command(asked), asked.stage.defaults
    kept = now.cmd if asked.stage.command_given else ()
    text = f"ENTRYPOINT {_go_quoted(command)}"
    return text, now._replace(entrypoint=command, cmd=kept)


def _shell(asked: Asked) -> Text:
    words = asked.instruction.words
    return f"SHELL {_go_list(words)}", asked.stage.defaults._replace(shell=words)


def _on_build(asked: Asked) -> Text:
    trigger, now = asked.instruction.words[0], asked.stage.defaults
    return f"ONBUILD {trigger}", now._replace(on_build=(*now.on_build, trigger))


def _healthcheck(asked: Asked) -> Text:
    check, now = healthcheck(asked.instruction), asked.stage.defaults
    # What is not said now stays as it was: a commit takes it from the image below.
    before = Healthcheck.from_json(now.healthcheck or {})
    if before.test[:1] not in ((), ("NONE",)):
        asked.work.progress.note(
            f"Note: overriding previous HEALTHCHECK: {_go_list(before.test)}"
        )
    whole = Healthcheck(
        test=check.test,
        interval=check.interval or before.interval,
        timeout=check.timeout or before.timeout,
        start_period=check.start_period or before.start_period,
        retries=check.retries or before.retries,
    )
    defaults = now._replace(healthcheck=whole.to_json())
    return f"HEALTHCHECK {_go_check(check)}", defaults


TABLE: dict[str, Callable[[Asked], Text]] = {
    "ARG": _arg,
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _on_build,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
}


# How Go, the language that Docker is written in, prints a list: with %v, and with %q.


def _go_list(words: tuple[str, ...]) -> str:
    return f"[{' '.join(words)}]"


def _go_quoted(words: tuple[str, ...]) -> str:
    return _go_list(tuple(json.dumps(word, ensure_ascii=False) for word in words))


def _go_check(check: Healthcheck) -> str:
    """A struct: the test, three times, and a number printed as a character."""
    spans = (check.interval, check.timeout, check.start_period)
    seconds = " ".join(f'"{_go_duration(span)}"' for span in spans)
    return f"&{{{_go_quoted(check.test)} {seconds} '\\x{check.retries:02x}'}}"


def _go_duration(nanoseconds: int) -> str:
    """As Go writes it: "1m30s", "1.5s", "0s"."""
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    if not whole:
        return _below_a_second(rest)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{seconds}.{rest:09d}".rstrip("0").rstrip(".") if rest else f"{seconds}"
    before = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{before}{text}s"


def _below_a_second(nanoseconds: int) -> str:
    for unit, name in ((1_000_000, "ms"), (1_000, "µs"), (1, "ns")):
        if nanoseconds >= unit:
            return f"{nanoseconds / unit:g}{name}"
    return "0s"
