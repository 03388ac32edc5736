"""The curriculum: lessons/<track>/<NNN.slug>/, one readable folder each.

    lesson.md      what is asked, and the prose
    checks.py      what counts as done
    setup.lab      what stands in the engine when the lesson begins
    lesson.zh.md   the same texts in Chinese

`labshell/lessons/format.py` describes the format. Every lesson is proved: untouched it
fails, solved it passes, and each wrong way gets its own answer.

Try it: `lab lesson list`, `lab lesson test commit/init-layer`
"""
