"""The engine: a small, complete container engine, written to be read.

Rooms, from the top of the house to its foundation. Imports point down only.

    engine.py     the facade: class Engine, what everybody outside uses
    verbs/        what it can do, in groups: images, containers, volumes, looking
    containers/   create, lifecycle, exec, attach, commit
    images/       images, tags, history, a rootfs from this machine's own files
    runtime/      bundle -> running process: the shim and the init of a container
    storage/      blobs, layer tars, whiteouts, snapshots, volumes, records
    kernel/       one file per kernel facility
    oci/          the OCI formats as plain data, no I/O

    acts.py       every kernel-facing act, recorded
    files.py      atomic write, lock, removal
    errors.py     what can go wrong, as one tree

Try it: `lab run --explain busybox true`, then open the functions it names.
"""
