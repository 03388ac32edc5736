"""Networks: who can reach whom, from the machine's side of the wall.

    networks.py     the networks of an engine root, and their records
    membership.py   that a container belongs to one, and what it wants there
    pools.py        which subnet a new network gets
    addresses.py    which container has which address
    walls.py        isolation and masquerade: the table of our own, as data
    bridge.py       the bridge of a network: a plan, and how it is carried out
    hindrance.py    rules of others that drop what ours accept
    machine.py      what all of these are given of the machine
    making.py       networks made, kept ready, and removed
    pins.py         asking for a container's network namespace
    publication.py  who carries what comes to a published port
    endpoints.py    a container attached to its networks, and detached
    ports.py        what -p, -P and --expose mean

A network is a bridge, an attached container a veth pair and an address. What was made
for a container is in its network.json (runtime/sandbox.py), for whoever takes it away.

Try it: `lab network create front; lab run -d --network front busybox sleep 60; ip link`
"""
