"""Gradescope: an assignment as an autograder that grades what is uploaded there.

    zipped.py        the zip that an instructor uploads: what follows, labshell itself,
                     the assignment with its hidden checks, and whose each token is
    setup.sh         … run once, when Gradescope builds the image
    run_autograder   … run for each submission
    submitted.py     looks at what was handed in, and writes results.json

It runs as in an ordinary container, without privileges: what is handed in is a file and
only looked at, as everywhere. Neither course key nor names leave the course's folder.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/
Try it: `lab assignment gradescope layers-1 -o autograder.zip; unzip -l autograder.zip`
"""
