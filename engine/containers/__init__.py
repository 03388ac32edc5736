"""Containers: what a user asks for, turned into a bundle, a process, a record.

    options.py        what was asked
    record.py         what is kept of a container, and how it is found
    names.py          names for those that were given none
    house.py          one engine root: the stores that all verbs share
    create.py         options and image -> record, layers, bundle
    defaults.py       what a container is by default
    specification.py  options and image -> the OCI runtime specification
    users.py          names of users and groups in the image -> numbers
    binds.py          `-v`: volumes and directories of the machine
    lifecycle.py      start, stop, kill, pause, wait
    session.py        a terminal attached to a container or an exec
    execute.py        one more process in a running container
    reading.py        its log, while it grows
    commit.py         the read-write layer becomes an image
    view.py           the whole tree of a container, opened to be read
    export.py         that tree as one tar
    removal.py        rm, and what --rm leaves to do
    repair.py         what a crash has left behind
    inspect.py        a container as Docker describes it
    pictures.py       mounts, processes, layers as data to draw

Read create.py, lifecycle.py and commit.py first.
"""
