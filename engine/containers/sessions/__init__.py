"""Sessions: staying with a container that runs.

    session.py    a terminal, or three pipes, connected to its program
    copier.py     bytes from the keyboard to the shim, and from there to the screen
    detaching.py  the keys that give the prompt back
    execute.py    one more process in it
    stepping.py   its start, one act at a time
    reading.py    its log, while it grows

Try it: `lab run -it busybox sh`, then Ctrl-P Ctrl-Q, then `lab attach`
"""
