"""Sessions: staying with a container that runs.

    session.py     a terminal, or three pipes, connected to its program
    attaching.py   to a container that runs, or is about to
    attachment.py  what goes to its program and comes from it, without waiting
    copier.py      from the keyboard to it, and from it to the screen
    detaching.py   the keys that give the prompt back
    execute.py     one more process in it
    stepping.py    its start, one act at a time
    reading.py     its log, while it grows
    waiting.py     its end
    resizing.py    its terminal

Try it: `lab run -it busybox sh`, then Ctrl-P Ctrl-Q, then `lab attach`
"""
