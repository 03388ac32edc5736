"""What is asked of a container in Docker's JSON, as the engine takes it.

    {"Image": "busybox", "Cmd": ["ls"], "HostConfig": {"Memory": 67108864}}
        ──▶ ContainerOptions(image="busybox", command=("ls",), memory=67108864)

    container.py   the whole: what create is sent
    program.py     what runs, with which input, as whom, and how it is asked for health
    life.py        its end, its return, its log
    files.py       binds, mounts, tmpfs
    network.py     networks, addresses, ports, name servers
    walls.py       namespaces, capabilities, devices
    limits.py      memory, processors, processes: of create, and of update
    build.py       a build, which asks in its query

Data in, data out; nothing is looked up, and whether it makes sense is for the engine to
say. 0, "" and null mean that nothing was said. What is not known is passed over, as
Docker does: a client may be newer. What is known and cannot be had here is refused.

Source: Docker Engine API 1.41, ContainerConfig, HostConfig and NetworkingConfig
Try it: `docker -H unix:///run/labshell/labd.sock create -m 64m busybox true`
"""
