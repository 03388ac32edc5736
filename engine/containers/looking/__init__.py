"""Looking: what there is, told and drawn. Nothing here changes anything.

    filtering.py      which containers `ps` shows
    summary.py        a container as an entry of a list, status.py its state in words
    inspect.py        a container as Docker describes it
    inspect_host.py   what was asked of the machine for it
    inspect_walls.py  namespaces, names and devices
    inspect_mounts.py what is mounted in it
    plugs.py          who is plugged into which network
    inspect_networks.py networks and addresses, and a network with its containers
    inspect_ports.py  where it is reached
    mounts.py         what is mounted, on the machine and inside
    processes.py      who runs: spawner, shims, programs
    layers.py         what it sees as one file system, taken apart
    stats.py          how much of the machine it uses
    top.py            its processes, as ps(1) lists them
    disk.py           what everything takes on the disk
    watching.py       what happened, and what happens
    announcing.py     … and what may make a picture another

Try it: `lab inspect NAME`, `lab tree`, `lab stats`
"""
