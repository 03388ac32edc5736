"""The porter: a small process at the door of a container, beside its shim.

    machine:8080 ──▶ ┌────────┐ ──▶ 172.17.0.2:80      a published port (-p)
                     │ porter │
    127.0.0.11:53 ─▶ └────────┘ ──▶ other containers' addresses, other name servers
    inside

It is forked by the shim when the container starts, if ports are published or the
network has names, and ends with it. Nothing else keeps it: a porter that was killed is
replaced by its shim, one whose shim was killed is killed by the kernel.

    keeping.py     the shim's side: take the ports, fork, replace
    listening.py   taking ports of the machine
    holders.py     who has a port
    serving.py     the porter's side: what it opens, and what it gives up
    streams.py     passing on TCP
    datagrams.py   passing on UDP
    messages.py    questions and answers about names, as bytes
    names.py       which containers are found, and where
    resolver.py    the name server inside
    inquiries.py   what is asked of other name servers

Docker has a `docker-proxy` for each port, and a name server in the daemon. Here they
are one process for each container: what a hostile client does to it harms nobody else.

Try it: `lab run -d --name web -p 8080:80 busybox httpd -f; lab tree`
"""
