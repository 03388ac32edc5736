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
    looking.py     files in layers and containers, looked at without following links
    checks.py      what a check is given: Lab; and what it returns: Outcome
    judge.py       one check, run with a limit, believed only if it makes sense
    scene.py       what a lesson sets up in the engine, and its removal
    attempt.py     one student in one lesson: steps, answers, points
    screen.py      what of it is shown
    runner.py      the words of the lesson in the shell: :next :hint :check …
    proof.py       `lab lesson test`

Try it: `lab learn`
"""
