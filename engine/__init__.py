"""The engine: a small, complete container engine, written to be read.

Rooms, from the top of the house to its foundation. Imports point down only.

    engine.py     the facade: class Engine, what everybody outside uses
    verbs/        what it can do, in groups: containers, images, volumes, looking …
    serving/      servers of ours in the background
    containers/   create, lifecycle, exec, attach, commit
    images/       images, tags, history, a rootfs from this machine's own files
    runtime/      bundle -> running process: the shim and the init of a container
    storage/      blobs, layer tars, whiteouts, snapshots, volumes
    kernel/       one file per kernel facility
    oci/          the OCI formats as plain data, no I/O

    acts.py       every act that the kernel is asked for, noted down
    notes.py      … and how
    gate.py       somebody is asked before each act
    gatekeeper.py … and what becomes of it
    wording.py    acts in words: strace's, and a shell's
    events.py     what happened in the engine, a line each
    filters.py    which of many things somebody wants to see
    growing.py    files that others append to, read while they grow
    daemon_json.py  what the machine's administrator has said
    files.py      atomic write, lock, removal
    deadline.py   work of many pieces that must be over by a certain time
    readable.py   records as JSON that a person can read
    entries.py    names in a directory: made, renamed, taken away
    times.py      moments, as they are written down
    moments.py    … and in words: "3 minutes ago"
    fields.py     JSON that somebody else wrote, read field by field
    errors.py     what can go wrong, as one tree

Try it: `lab run --explain busybox true`, then open the functions it names.
"""

VERSION = "0.1.0"  # of labshell as a whole
