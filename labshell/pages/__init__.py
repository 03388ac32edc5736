"""Pages: what a word means, in two paragraphs, for `lab explain`.

    format.py    what a page is, and how its file is read
    library.py   which pages there are, and which one a word leads to

and the pages themselves, a file each: overlay.md, pivot-root.md …

Try it: `lab explain`, then `lab explain overlay`
"""
