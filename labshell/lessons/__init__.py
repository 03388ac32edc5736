"""Lessons: read from plain files, run beside the student, proved like code.

    library.py     which lessons there are, and where
    curriculum.py  which concepts they teach: the table in lessons/README.md
    fields.py      one mapping of a front matter, read field by field
    lesson.py      a lesson as data: Lesson, Step, Choice
    format.py      lesson.md, read and checked
    translate.py   the same lesson in another language
    prose.py       its sections: Markdown, commands to run, source to read
    symbols.py     "engine.runtime.rootfs:pivot" as source text
    values.py      {{name}}: what differs from student to student
    record.py      what is known of one lesson: LessonRecord
    progress.py    how far the student is, saved
    merging.py     two records of one lesson made one
    saving.py      one JSON file of a student's own, never half there
    looking.py     files in layers and containers, looked at without following links
    processes.py   a process of a container: namespaces, mounts, parameters
    network_view.py    its network: addresses, routes, whom it reaches
    groups.py      what a control group allows, on both versions
    container_view.py  a container, as a check sees it
    image_view.py  an image, as a check sees it
    outcomes.py    what comes of a check: Outcome
    checks.py      what a check is given: Lab
    judge.py       one check, run with a limit, believed only if it makes sense
    lines.py       lines of a lesson, run as if typed
    plain.py       … those that need no bash
    warm.py        … with a `lab` that has been started already
    warm_client.py … as whoever types it sees it
    client.py      what a lesson with Docker's client has in its shell
    standin.py     `docker` where it is not installed: the same requests, by docker-py
    scene.py       what a lesson sets up in the engine, and its removal
    servers.py     the servers that a lesson may start
    world.py       the world of a step: made, credited, taken down
    reference.py   … what a step does to it: shows, solves, reveals
    attempt.py     one student in one lesson: steps, answers, points
    lookout.py     … looked at while the student works in another terminal
    screen.py      how it looks on the terminal
    page.py        … which is never wider than can be read
    stage.py       the step on the screen, and what came of an answer
    drill.py       what is asked again, and when
    drilling.py    … on the screen: :drill
    inventory.py   20 questions, before the lessons and after
    taking.py      … on the screen: `lab lesson inventory`
    mutants.py     engines with one planted fault: `lab mutant`
    notes.py       a page to keep: predictions, what happened, why
    dockers_words.py   … its commands as Docker has them
    where.py       where the student left off, in one line
    words.py       which words there are in a lesson: :next :hint :check …
    step_words.py  what :next :hint :check … do in an open lesson
    picking.py     one of several, by its number on the screen
    runner.py      what the shell calls: start, a word, after a command
    lint.py        what can be said of a lesson without running it
    vocabulary.py  … such as that no verb comes out of nowhere
    skeleton.py    a new lesson to begin with
    preview.py     a lesson as it would be read, with nothing run
    proof.py       `lab lesson test`: untouched, solved, wrong, reset
    ground.py      … the world in which each way is tried
    typist.py      … the solution typed into a real shell, as a student would
    room.py        … in an engine of its own
    playing.py     the same before your eyes: `lab learn --play`
    recording.py   an asciicast of a session: `lab learn --record FILE`

Try it: `lab learn`
"""
