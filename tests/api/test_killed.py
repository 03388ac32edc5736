"""labd killed in the middle of anything: containers live, and the next one goes on."""

import contextlib
import http.client
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from engine.engine import ContainerOptions, Engine
from tests.api.serving import COMMAND, HOME, Client, serving
from tests.engine.boxes import LASTS

pytestmark = pytest.mark.require("root", "overlay")


def start_and_kill(client: Client, name: str, begun: threading.Event) -> None:
    """Over and over, until nobody answers."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while True:
            client.post(f"/containers/{name}/start")
            begun.set()
            client.post(f"/containers/{name}/kill")


@pytest.mark.patience(120)
def test_a_killed_labd_takes_no_container_with_it_and_the_next_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "labd.sock"
    lasts = ContainerOptions(image="busybox", command=LASTS)
    steady = engine.create(lasts).id
    engine.start(steady)
    process = engine.container(steady).state.pid
    others = [engine.create(lasts).id for _ in range(4)]
    command = [*COMMAND, "-H", f"unix://{path}", "--root", str(engine.root)]
    for _ in range(3):
        with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert b"ready" in server.stdout.readline()
            begun = threading.Event()
            threads = [
                threading.Thread(target=start_and_kill, args=(Client(path), one, begun))
                for one in others
            ]
            for thread in threads:
                thread.start()
            begun.wait()
            server.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
    with serving(path, engine.root):
        for one in others:
            assert Client(path).post(f"/containers/{one}/start").status in (204, 304)
            assert engine.container(one).active
    assert engine.container(steady).state.pid == process
