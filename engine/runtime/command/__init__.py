"""The command: the runtime as a program that others call, as they call runc.

The Open Container Initiative says what a runtime does (create, start, state, kill,
delete) and what a bundle looks like; how it is called everybody has learned from runc.
So conmon, which podman starts for each container, can call this one in its place:

    podman ── conmon ── labshell-runc create ── starter ── init, waits at a fifo
      │         │           ends ─┘      ends ─┘            ▲
      │         └── adopts init, waits for its end          │ a byte
      └── labshell-runc start ──────────────────────────────┘  it becomes the program

No process of ours stays beside the container: who has called holds its streams and
collects its exit status. What makes it is the same as for a shim: starter.py, init.py.

    options.py    the command line
    config.py     what config.json asks for, whoever has written it
    refusing.py   … and what is refused, because it would silently be missing
    walls.py      … namespaces, kernel parameters, devices, system calls
    hooks.py      programs of the machine that want to be told of it
    records.py    what is known of each container, in files below --root
    fifo.py       where a created container waits for its start
    birth.py      fork a starter, and hear what becomes of it
    console.py    terminals: given away by a socket, or relayed
    making.py     create, run
    starting.py   start
    execute.py    exec: one more process
    streams.py    the descriptors and the pid file of create, run and exec
    ending.py     kill, delete; update, pause, resume
    showing.py    state, list, ps, features
    bundled.py    those whose bundle lies in a directory that is about to go
    template.py   spec: a config.json to begin with
    main.py       one command, and how errors are told

Source: runtime-spec 1.0.2, runtime.md; runc(8)
Try it: `labshell-runc spec; labshell-runc run box` where there is a directory rootfs
"""
