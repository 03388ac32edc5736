"""The runtime: from a bundle on disk to a running process, and what stays with it.

    spawner.py   a warm process that forks shims
    shim.py      one per container: owns its process, output, exit status
    starter.py   the throw-away child that unshares or joins namespaces
    joining.py   whose namespaces a container shares
    init.py      process 1 of the container, until it becomes the container's program
    rootfs.py    the plan of everything that is mounted in the root
    steps.py     what such a plan consists of
    targets.py   the places in the root where the steps act
    launch.py    from the birth of a starter to a running program
    execs.py     what `exec` has added to a container
    life.py      process 1 from its start to its end, and perhaps again
    restart.py   when it is run again
    record.py    its state, in the hands of the shim
    probes.py    asking it whether it is well; health.py adds up the answers
    shortage.py  hearing of it when memory runs out
    announce.py  its events
    wanted.py    what the shim looks up when it needs it
    outside.py   its files, for those who copy
    loop.py      waiting for many things at once
    tasks.py     a process with its streams, log and watchers
    channel.py   messages between clients, spawner and shim
    state.py     created, running, exited …: one table of what may follow what
    logs.py      the container's output on disk
    client.py    the engine's side of the channel

What `containerd-shim` and `runc` do in Docker is done here. The runtime knows bundles
and processes; images and volumes are somebody else's business.
"""
