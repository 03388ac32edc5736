"""The interactive shell: one rule, no guessing.

    lab VERB …    the engine, in this process: warm, no program is started
    :word …       the lesson, and the shell itself
    all else      bash, one and the same from the first line to the last

    repl.py        the loop: ask for a line, send it where it belongs, say what changed
    lines.py       which of the three worlds a line belongs to
    bash.py        the one bash, and what it reports after each line
    terminal.py    lending the terminal to bash: keys in, output out, resize
    prompt.py      asking for a line, on a good terminal, a dumb one, or from a file
    waking.py      who else may speak while a line is typed
    toolbar.py     the line at the bottom of the window
    completion.py  what Tab offers;  highlight.py  the colours of a line
    changes.py     what appeared and what went away since the last prompt
    offers.py      `stop web` failed, and web is a container: offer `lab stop web`
    words.py       :help :panes :quit, and the lesson's own words
    panes.py       live pictures beside the shell, in tmux
    paint.py       colours of the shell's own short lines
    process.py     its signals, input and environment while it is open
    home.py        the shell's own files: history, and `lab` on bash's PATH
    machine.py     is this a virtual machine, or somebody's own computer?

Try it: `sudo ./lab`, then `:help`
"""
