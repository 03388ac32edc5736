"""The doctor: what this machine can do, what it cannot, why, and what to do.

    examination.py every question, in the order in which it is asked
    kernel.py      the kernel itself, namespaces, overlay, seccomp
    limits.py      control groups: version 1 or 2, and which controllers
    machine.py     root's powers, nft, disk, the base image, the engine's own store
    networks.py    whether others let through what comes from containers
    provisioned.py the machine as vagrant/provision.sh has made it, if it has
    trial.py       how something is tried out
    bundle.py      the same as a file to send to somebody, without what is private

Nothing is believed that can be tried: a namespace is made, an overlay is mounted, in
a process of its own that takes them with it when it ends. Each finding shows the
command that was tried, so that you can try it yourself.

Try it: `lab doctor`, `lab doctor --json`
"""
