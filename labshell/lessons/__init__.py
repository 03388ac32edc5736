"""Lessons: read from plain files, run beside the student, proved like code.

    library.py     which lessons there are, and where
    fields.py      one mapping of a front matter, read field by field
    lesson.py      a lesson as data: Lesson, Step, Choice
    format.py      lesson.md, read and checked
    translate.py   the same lesson in another language
    prose.py       its sections: Markdown, commands to run, source to read
    symbols.py     "engine.runtime.rootfs:pivot" as source text
    values.py      {{name}}: what differs from student to student
    progress.py    how far the student is, saved
    saving.py      one JSON file of a student's own, never half there
    looking.py     files in layers and containers, looked at without following links
    checks.py      what a check is given: Lab; and what it returns: Outcome
    judge.py       one check, run with a limit, believed only if it makes sense
    lines.py       lines of a lesson, run as if typed
    scene.py       what a lesson sets up in the engine, and its removal
    world.py       the world of a step: made, credited, taken down
    attempt.py     one student in one lesson: steps, answers, points
    screen.py      how it looks on the terminal
    stage.py       the step on the screen, and what came of an answer
    where.py       where the student left off, in one line
    words.py       what the runner itself says, in each language
    runner.py      the words of the lesson in the shell: :next :hint :check …
    lint.py        what can be said of a lesson without running it
    proof.py       `lab lesson test`: untouched, solved, wrong, reset
    typist.py      … the solution typed into a real shell, as a student would

Try it: `lab learn`
"""
