"""Copying: the files of a container, in and out.

    opened.py   its files as it sees them, volumes too, whatever state it is in
    ends.py     the two sides of a copy: one in a container, one on this machine
    looked.py   what is at a path, before it is copied
    copy.py     what goes where, as cp(1) would have it
    tars.py     the same through a pipe, as a tar
    shifting.py  owners, where those of a container are others outside
    view.py     its layers only, seen as one tree
    export.py   that tree as one tar

Try it: `lab cp box:/etc/passwd . ; lab export box | tar t`
"""
