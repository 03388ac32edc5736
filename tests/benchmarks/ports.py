"""Bytes through a published port: what each way into a container costs.

    lab       the machine, at an address of its own ── dnat ──▶ container
    direct    the machine ─────────────────────────────────────▶ container
    porter    the machine, at 127.0.0.1 ── a process copies ───▶ container

docker's proxy takes the third way, too, and its rules the first. "direct" is what the
kernel can do here; the rest is what the way costs.
"""

import socket

from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest, Work, nothing, race

SIZE, AT_ONCE = 512 << 20, 1 << 20
SINK = ("nc", "-ll", "-p", "80", "-e", "dd", "of=/dev/null", "bs=1M")
NAME = "bench-port"


def published_port(field: Field) -> Contest:
    """512 MB into a program that reads and forgets them."""
    field.lab("run", "-d", "--name", NAME, "-p", "80", "busybox", *SINK)()
    try:
        sandbox = field.engine.sandbox(NAME)
        assert sandbox
        endpoint = sandbox.endpoints[0]
        port = field.engine.container(NAME).state.ports[0].port
        workers = {
            "lab": (_sending(endpoint.gateway, port), nothing),
            "direct": (_sending(endpoint.address, 80), nothing),
            "porter": (_sending("127.0.0.1", port), nothing),
        }
        times = race(workers, field.rounds)
    finally:
        field.engine.remove(NAME, force=True)
    return Contest(
        job="published port, 512 MB",
        times=times,
        unit="ms",
        rival="direct",
        target=1.05,
    )


def _sending(address: str, port: int) -> Work:
    block = bytes(AT_ONCE)

    def send() -> None:
        with socket.create_connection((address, port)) as one:
            for _ in range(SIZE // AT_ONCE):
                one.sendall(block)
            one.shutdown(socket.SHUT_WR)
            while one.recv(AT_ONCE):
                pass

    return send


JOBS = (published_port,)
