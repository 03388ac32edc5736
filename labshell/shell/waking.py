"""Who else may speak while a line is typed: background jobs, and the lesson.

    keyboard ──────────────┐
    bash's terminal ───────┼──▶ the prompt ── heard()? ──▶ steps aside, say(), is back
    the lesson's lookout ──┘

All of them are descriptors, and one wait is for all: nobody asks again and again. What
is typed by then is kept. prompt_toolkit waits in an event loop, and knows how to step
aside. On a dumb terminal select(2) waits, and the kernel keeps the line: all of it is
there, though the new prompt does not show how it began.

man: select(2), epoll(7)
Try it: `(sleep 2; echo hello) &`, and go on typing.
"""

import select
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import asyncio

    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyPress

KEYBOARD = 0


class Waker(NamedTuple):
    """Somebody who may have something to say.

    When `descriptor` can be read, `heard` reads it, at once, and tells whether there is
    something to say. `say` prints that, and returns what was typed meanwhile.
    """

    descriptor: int
    heard: Callable[[], bool]
    say: Callable[[], str]


def listen(
    session: "PromptSession[str]",
    wakers: Sequence[Waker],
    afterwards: Callable[[], object],
) -> None:
    """Let the wakers speak above the line that is typed, until that is entered.

    `afterwards` is called when one has spoken. To be called in the prompt's event loop.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    for waker in wakers:
        _listen(loop, session, waker, afterwards)


def _listen(
    loop: "asyncio.AbstractEventLoop",
    session: "PromptSession[str]",
    waker: Waker,
    afterwards: Callable[[], object],
) -> None:
    from prompt_toolkit.application import run_in_terminal
    from prompt_toolkit.input.typeahead import store_typeahead

    async def speak() -> None:
        typed = await run_in_terminal(waker.say)
        if session.app.is_done:
            store_typeahead(session.app.input, _keys(typed))
            return
        afterwards()
        loop.add_reader(waker.descriptor, heard)
        session.app.key_processor.feed_multiple(_keys(typed))
        session.app.key_processor.process_keys()

    def said(speaking: "asyncio.Task[None]") -> None:
        failed = not speaking.cancelled() and speaking.exception()
        if failed and not session.app.is_done:
            session.app.exit(exception=failed)

    def heard() -> None:
        if waker.heard():
            # Not again before it was said: first the prompt gets out of the way.
            loop.remove_reader(waker.descriptor)
            loop.create_task(speak()).add_done_callback(said)

    loop.add_reader(waker.descriptor, heard)


def _keys(text: str) -> "list[KeyPress]":
    """The keys that were pressed for a text; a new line is Enter."""
    from prompt_toolkit.key_binding import KeyPress
    from prompt_toolkit.keys import Keys

    return [KeyPress(Keys.Enter if key == "\n" else key, key) for key in text]


def await_key(prompt: str, wakers: Sequence[Waker]) -> str:
    """Print `prompt`, and wait for a line on a dumb terminal; what has begun it."""
    begun = ""
    while True:
        print(prompt + begun, end="", flush=True)
        speakers: list[Waker] = []
        while not speakers:
            waiting = [KEYBOARD, *(waker.descriptor for waker in wakers)]
            ready, _, _ = select.select(waiting, [], [])
            if KEYBOARD in ready:
                return begun
            speakers = [w for w in wakers if w.descriptor in ready and w.heard()]
        print()
        begun += "".join([waker.say() for waker in speakers])
