"""The words of a lesson: what may stand behind a colon, and what each does.

Try it: `:help` in the shell
"""

from labshell.messages import marked

WORDS = {
    "next": marked("go on to the next step"),
    "back": marked("look at the step before"),
    "goto": marked("go to a step: `:goto 3`; what lies between is skipped"),
    "again": marked("show this step once more"),
    "hint": marked("a hint; ask again for a more concrete one"),
    "check": marked("look at what I have done, and say what is missing"),
    "answer": marked("answer the question: `:answer 2`"),
    "solution": marked("the reference solution, once the step is passed"),
    "why": marked("why it worked, once the step is passed"),
    "source": marked("the engine's own source: `:source engine.files:atomic_write`"),
    "progress": marked("the steps of this lesson, and my points"),
    "drill": marked("a question from a finished lesson, before it is forgotten"),
    "skip": marked("go on without the points of this step"),
    "panic": marked("make everything as it was when this step began; points stay"),
    "reset": marked("begin again: `:reset step`, `:reset lesson` or `:reset all`"),
}
