"""Containers: what a user asks for, turned into a bundle, a process, a record.

    options.py        what was asked
    record.py         what is kept of a container
    records.py        where, and how one is found
    names.py          names for those that were given none
    house.py          one engine root: the stores that all verbs share
    create.py         options and image -> record, layers, bundle
    defaults.py       what a container is by default
    specification.py  options and image -> the OCI runtime specification
    users.py          names of users and groups in the image -> numbers
    name_options.py   --add-host, --dns and their kin
    namespace_options.py  --pid, --ipc, --uts
    device_options.py --device
    init_layer.py     empty places to mount on, between image and read-write layer
    network_files.py  /etc/hosts, /etc/hostname, /etc/resolv.conf
    mount_request.py  `-v`, `--tmpfs`: what was asked to be mounted
    mount_option.py   `--mount`: the same in words
    mount_plan.py     all mounts of a container, in their order
    binds.py          volumes and directories of the machine that a container sees
    volume_use.py     who uses a volume, and which go with a container
    pruning.py        removing what nobody needs
    lifecycle.py      start, stop, kill, pause, wait
    session.py        a terminal attached to a container or an exec
    execute.py        one more process in a running container
    reading.py        its log, while it grows
    commit.py         the read-write layer becomes an image
    disk.py           what it all takes on the disk
    view.py           the whole tree of a container, opened to be read
    export.py         that tree as one tar
    removal.py        rm, and what --rm leaves to do
    forgetting.py     record, layers and name go
    repair.py         what a crash has left behind
    inspect.py        a container as Docker describes it
    inspect_walls.py  namespaces, names and devices, as Docker describes them
    inspect_mounts.py what is mounted, as Docker describes it
    pictures.py       mounts, processes, layers as data to draw

Read create.py, lifecycle.py and commit.py first.

Try it: `lab run --explain busybox true`
"""
