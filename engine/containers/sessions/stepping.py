"""Stepping: a start, or an exec, that stands still before each act.

    this process                         shim ── fork ──▶ starter ──▶ init
      tell it to start, with a gate ─────▶│ hands it on to both
      a question ◀──────────────────────────────────────── about to act
      decide: go on, fail, abort ─────────────────────────▶
      nobody is left who could ask
      how it went ◀───────────────────────│

Who decides may take as long as they like: no record is locked meanwhile, the shim
answers everybody, and `lab stop` breaks the start off. Whoever dies while they decide
has said "go on": what was asked for is done. Whoever has had enough raises Aborted, or
is interrupted by Ctrl-C: then every further act is refused, until nothing is left.

man: unix(7) on SCM_RIGHTS
Try it: `lab run --step busybox true`
"""

import importlib
import os
from collections.abc import Callable
from typing import Any

from engine import acts
from engine.errors import Aborted, EngineError
from engine.gatekeeper import Gatekeeper, Question
from engine.runtime.client import Connection

Decide = Callable[[Question], None]

# What a start and an exec are made of: with them, all that they may do is imported.
_WHO_ACTS = ("engine.runtime.starter",)


def step(
    connection: Connection, decide: Decide, request: str, **fields: Any
) -> dict[str, Any]:
    """Ask a shim for a start; `decide` answers each question. The shim's answer.

    An error of the engine if it was refused, failed, or was broken off. What failed
    because `decide` wanted it to says so: no other advice would be of use.
    """
    keeper = Gatekeeper()
    theirs = keeper.let_in()
    try:
        connection.tell(request, (theirs,), **fields)
    finally:
        os.close(theirs)  # or we would wait for ourselves
    try:
        failures = _serve(keeper, decide)
    finally:
        keeper.close()
    try:
        return connection.answer()
    except Aborted as error:
        if request == "exec":
            error.message = "the exec was broken off"
        raise
    except EngineError as error:
        if failures:
            error.hint = f"You asked for it at the step prompt: {', '.join(failures)}."
        raise


def _serve(keeper: Gatekeeper, decide: Decide) -> list[str]:
    """Let `decide` answer, until nobody is left who could ask.

    Returns what was made to fail, and how: "pivot_root EPERM".
    """
    failures = []
    try:
        for question in keeper.questions():
            try:
                decide(question)
            except BaseException:
                question.abort()
                raise
            question.go_on()  # unless it has been answered
            if question.failure:
                call = question.act["call"].partition("(")[0]
                failures.append(f"{call} {question.failure}")
    except (Aborted, KeyboardInterrupt):
        _refuse_all(keeper)
    except BaseException:
        _refuse_all(keeper)
        raise
    return failures


def _refuse_all(keeper: Gatekeeper) -> None:
    for question in keeper.questions():
        question.abort()


def stops() -> frozenset[str]:
    """Where one may want to stop: all concepts, and all calls ("pivot_root")."""
    for module in _WHO_ACTS:
        importlib.import_module(module)
    marks = acts.MARKS.values()
    calls = {mark.call.partition("(")[0] for mark in marks}
    return frozenset(calls | {mark.concept for mark in marks})
