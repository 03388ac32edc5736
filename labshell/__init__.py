"""labshell: learn how containers work by using a real one and taking it apart.

    cli.py      one line of `lab`, from the words typed to the exit code
    commands/   the verbs, one file a group; the same ones serve shell and scripts
    shell/      the interactive shell around them
    views/      data -> something to look at
    templates/  the language of --format
    messages.py what all of them say, in the reader's language
    ending.py   what is told to end tidies up first
    places.py   what those left who were killed is swept by the next
    pages/      what a word means, for `lab explain`
    doctor/     what this machine can do, what it cannot, and why
    lessons/    the lessons' runner, and what judges the work
    grading/    from what was done to points

Everything here asks the engine through one door, `engine.engine`, and never reaches
past it.

Try it: `lab --help`
"""

from engine import VERSION as VERSION  # "as": for others to import
