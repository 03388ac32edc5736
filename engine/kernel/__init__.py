"""The kernel's facilities, one file each; the only place that asks it for anything.

    libc.py          the C library's doors that Python's `os` does not have
    pseudo_files.py  what is told in files of /proc and /sys
    paths.py         a path from outside, opened inside its root
    places.py        where a path leads, before anything is done there
    mounts.py        mount, bind, overlay, unmount
    mount_flags.py   the flags of a mount, in three dialects
    roots.py         which directory is "/": pivot_root
    mount_table.py   what is mounted where
    namespaces.py    unshare, setns, hostname
    user_namespaces.py  … of which the users are nobody outside
    processes.py     fork, exec, signals, descriptors, rlimits
    credentials.py   user, groups, keyring, no new privileges
    process_table.py what the kernel tells of each process
    cgroups.py       control groups, version 1 and 2: made, joined, removed
    other_trees.py   … what another runtime has made of them
    group_files.py   … and the files in them, read by the kernel
    subgroups.py     … and those that a container has made inside its own
    delegation.py    a group is left to somebody, to be divided
    controllers.py   what a group must be given by the one above
    limits.py        the numbers that a group must keep to
    freezer.py       a whole group stopped at once, or ended at once
    counters.py      what the kernel notes down about a group
    devices.py       which device nodes a container may open
    nodes.py         making device nodes and links
    capabilities.py  root's powers, piece by piece
    seccomp.py       which system calls may be made at all
    parameters.py    numbers below /proc/sys
    terminal.py      pseudo-terminals, window size, raw mode
    netlink.py       messages to the kernel about interfaces
    links.py         network interfaces: bridges, veth pairs
    addresses.py     addresses and routes
    ports.py         the numbers at which the machine is reached
    firewall.py      what becomes of packets that pass through
    nft_words.py     … in the words of nft(8)
    watches.py       being told that a file has changed

Read them in this order; each opens with what it is about.

Try it: `lab run --explain=full busybox true` shows those that a start needs
"""
