"""Containers: what a user asks for, turned into a bundle, a process, a record.

What is kept:

    house.py          one engine root: the stores that all verbs share
    record.py         what is kept of a container
    records.py        where, and how one is found
    remembering.py    … without reading again what has not changed
    names.py          names for those that were given none

How one is made:

    options/          what was asked, and what of it makes sense
    create.py         options and image -> record, layers, bundle
    identities.py     which users of the machine its own are, with --userns auto
    users.py          names of users and groups in the image -> numbers
    binds.py          volumes and directories of the machine that a container sees
    init_layer.py     empty places to mount on, between image and read-write layer
    networking.py     its network: before each start, and when it is asked for
    network_files.py  /etc/hosts, /etc/hostname, /etc/resolv.conf
    defaults.py       what a container is by default
    reaper.py         the init program of --init
    mount_plan.py     all mounts of a container, in their order
    specification.py  all of that -> the OCI runtime specification

What becomes of it:

    lifecycle.py      start, stop, kill, pause, wait
    update.py         other limits, while it runs
    sessions/         staying with it: a terminal, one more process, its log
    copying/          files in and out
    commit.py         the read-write layer becomes an image
    looking/          everything that only looks
    telling.py        the events that commands cause
    witness.py        who is told of acts, as they happen

How it ends:

    removal.py        rm, and what --rm leaves to do
    forgetting.py     record, layers and name go
    volume_use.py     who uses a volume, and which go with a container
    image_use.py      which images and layers containers keep
    pruning.py        removing what nobody needs
    repair.py         records made true after a crash
    remains.py        … and what a start makes that only then is left
    sweeping.py       what killed commands have left behind

Read create.py, lifecycle.py and commit.py first.

Try it: `lab run --explain busybox true`
"""
