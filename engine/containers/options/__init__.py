"""Options: what was asked of a container, and what of it makes sense.

    asked.py          all of it, as data
    checking.py       what makes no sense is refused before anything is made

Each of the others is one kind: how it is written, what of it is refused, what it
comes to in the runtime specification.

    names.py          --hostname, --add-host, --dns and their kin
    mount_request.py  -v, --tmpfs, --volumes-from: what is to be mounted
    mount_option.py   --mount: the same in words
    namespaces.py     --pid, --ipc, --uts: walls that are left out, or shared
    networks.py       --network, --ip, --network-alias
    devices.py        --device
    security.py       --security-opt
    parameters.py     --sysctl
    limits.py         memory and all else that the control group is told
    processors.py     --cpus, --cpuset-cpus: which of them, and how much
    ulimits.py        --ulimit: limits of each single process
    logs.py           --log-driver, --log-opt
    runtimes.py       --runtime: who makes the container
    sizes.py          "64m", for those of them that hold sizes

Try it: `lab create --name 'a b' -m 1k --device /nosuch busybox`
"""
