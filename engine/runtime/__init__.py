"""The runtime: from a bundle on disk to a running process, and what stays with it.

The root file system:

    bundle.py      what the runtime is given, and all that it knows of a container
    rootfs.py      the plan of everything that is mounted in the root
    steps.py       what such a plan consists of
    showing.py     steps that show what was opened before
    copying_up.py  a tmpfs that begins with what it hides
    targets.py     the places in the root where the steps act
    outside.py     the same tree for those who copy files in or out
    sandbox.py     a container's network namespace, pinned, and what belongs to it
    translation.py published ports as rules of the firewall
    release.py     taking away what a start has made

From a fork to a program:

    init.py        process 1 of the container, until it becomes the container's program
    finding.py     which file is the program
    starter.py     the throw-away child that unshares or joins namespaces
    shifted.py     … and what it does first where root is nobody outside
    joining.py     whose namespaces a container shares
    launch.py      from the birth of a starter to a running program
    runtimes.py    ours or another: what a shim needs of either
    foreign.py     runc, crun … in the place of init.py
    foreign_calls.py  … and how they are called

What the shim holds:

    state.py       created, running, exited …: one table of what may follow what
    record.py      the state on disk, in the hands of the shim
    wanted.py      what the shim looks up when it needs it
    announce.py    the container's events
    loop.py        waiting for many things at once
    logs.py        the container's output on disk
    clients.py     one connection, and what waits to be sent to it
    tasks.py       a process with its streams, log and watchers
    execs.py       what `exec` has added to a container
    health.py      what answers to "are you well?" add up to
    probes.py      … and how it is asked
    shortage.py    hearing of it when memory runs out
    restart.py     whether and when a program is run again
    audience.py    who waits for what becomes of process 1
    life.py        process 1 from its start to its end, and perhaps again
    shim.py        one per container: owns its process, output, exit status

Beside it, for containers whose ports are published, or whose network has names:

    porter/        a process that passes connections on, and answers about names

How one is reached, and born:

    place.py       sockets, groups and mount of one engine root
    scope.py       the control group that systemd leaves to the engine
    channel.py     messages between clients, spawner and shim
    spawner.py     a warm process that forks shims
    pinning.py     … and children that make network namespaces
    interpreter.py how the engine starts Python programs of its own
    client.py      the engine's side of the channel

What `containerd-shim` and `runc` do in Docker is done here. The runtime knows bundles
and processes; images and volumes are somebody else's business.

Try it: `lab run -d busybox sleep 60; lab tree`
"""
