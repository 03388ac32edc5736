"""Stepping: a start, or an exec, that stands still before each act.

    this process                         shim ── fork ──▶ starter ──▶ init
      somebody steps through a start ────▶│ notes it: nobody else starts it now
      the network: asks itself            │
      tell it to start, with a gate ─────▶│ hands it on to both
      a question ◀──────────────────────────────────────── about to act
      decide: go on, fail, abort ─────────────────────────▶
      nobody is left who could ask
      how it went ◀───────────────────────│

Who decides may take as long as they like: no record is locked meanwhile, the shim
answers everybody, and `lab stop` breaks the start off. Whoever dies while they decide
has said "go on": what was asked for is done; but what they were to do themselves, the
network, nobody does, and all is as before. Whoever has had enough raises Aborted, or
is interrupted by Ctrl-C: then every further act is refused, until nothing is left.

man: unix(7) on SCM_RIGHTS
Try it: `lab run --step busybox true`
"""

import contextlib
import importlib
import os
import select
from collections.abc import Callable
from typing import Any

from engine import acts
from engine.errors import Aborted, EngineError
from engine.gatekeeper import Decide, Gatekeeper, Question
from engine.runtime import client
from engine.runtime.client import Connection

Prepare = Callable[[Decide | None], None]

# What a start and an exec are made of: with them, all that they may do is imported.
_WHO_ACTS = (
    "engine.runtime.starter",
    "engine.runtime.pinning",
    "engine.network.endpoints",
)


def step(
    connection: Connection,
    decide: Decide,
    request: str,
    prepare: Prepare | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Ask a shim for a start; `decide` answers each question. The shim's answer.

    `prepare` is what this process does before, with the function it is to ask. An
    error of the engine if it was refused, failed, or was broken off. What failed
    because `decide` wanted it to says so: no other advice would be of use.
    """
    failures: list[str] = []  # what was made to fail, and how: "pivot_root EPERM"

    def noting(question: Question) -> None:
        decide(question)
        if question.failure:
            call = question.act["call"].partition("(")[0]
            failures.append(f"{call} {question.failure}")

    try:
        if prepare:
            _prepare(connection, noting, prepare)
        return _carry_out(connection, noting, request, fields)
    except Aborted as error:
        if request == "exec":
            error.message = "the exec was broken off"
        raise
    except EngineError as error:
        if failures:
            error.hint = f"You asked for it at the step prompt: {', '.join(failures)}."
        raise


def _prepare(connection: Connection, decide: Decide, prepare: Prepare) -> None:
    """Do what comes before the start; if it fails, the shim hears that it is off."""

    def alarmed(question: Question) -> None:
        question.alarm = connection.socket.fileno()
        decide(question)
        _refuse_if_off(connection)

    connection.ask("step")
    try:
        prepare(alarmed)
        _refuse_if_off(connection)
    except BaseException:
        with contextlib.suppress(Aborted, *client.GONE):
            connection.ask("stop")  # which it answers with a refusal to us first
        raise


def _refuse_if_off(connection: Connection) -> None:
    """Raise Aborted if the start has been broken off: only then the shim speaks."""
    poll = select.poll()
    poll.register(connection.socket, select.POLLIN)
    if poll.poll(0):
        raise Aborted


def _carry_out(
    connection: Connection, decide: Decide, request: str, fields: dict[str, Any]
) -> dict[str, Any]:
    """What others do: `decide` answers until nobody is left who could ask."""
    keeper = Gatekeeper()
    theirs = keeper.let_in()
    try:
        connection.tell(request, (theirs,), **fields)
    finally:
        os.close(theirs)  # or we would wait for ourselves
    try:
        keeper.serve(decide)
    finally:
        keeper.close()
    return connection.answer()


def stops() -> frozenset[str]:
    """Where one may want to stop: all concepts, and all calls ("pivot_root")."""
    for module in _WHO_ACTS:
        importlib.import_module(module)
    marks = acts.MARKS.values()
    calls = {mark.call.partition("(")[0] for mark in marks}
    return frozenset(calls | {mark.concept for mark in marks})
