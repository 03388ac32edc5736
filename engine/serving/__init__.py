"""Servers: processes of ours that others talk to, and that outlive whoever began them.

    running.py     who serves, and where: a lock with a note in it
    background.py  a server in a process of its own
    labd.py        the one that speaks the Docker Engine API, seen from outside

Two such servers there are: `lab registry serve -d` and `lab daemon start`. What they
serve is in other rooms; here is what they have in common.

Try it: `lab daemon start; lab daemon status; lab daemon stop`
"""
