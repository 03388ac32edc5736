"""The curriculum: lessons/<track>/<NNN.slug>/, one readable folder each.

    lesson.md      what is asked, and the prose
    checks.py      what counts as done
    setup.lab      what stands in the engine when the lesson begins
    lesson.zh.md   the same texts in Chinese

    README.md      each concept, its lessons, and the engine's symbols for it
    AUTHORING.md   how to write one
    COURSE.md      for teachers: twelve weeks of labs
    concepts.txt   what there is to be understood
    tracks.txt     in which order the tracks come
    inventory.md   20 questions, before the lessons and after
    mutants/       faults to plant into a copy of the engine: `lab mutant`
    skeleton/      a lesson to begin with

`labshell/lessons/format.py` describes the format. Every lesson is proved: untouched it
fails, solved it passes, and each wrong way gets its own answer.

Try it: `lab lesson list`, `lab lesson test commit/init-layer`
"""
