"""The application of lessons/files/flask: from this machine's Python to its page.

Its index is a directory of the test, served on loopback; its Flask is one of thirty
lines. So it needs no network, and is built all the same by a real pip.
"""

import http.server
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import lessons
from engine.engine import Engine
from tests.shell.lines import Lab

APPLICATION = Path(lessons.__file__).parent / "files" / "flask"
FLASK = '''
"""As much of Flask as one page needs."""
from wsgiref.simple_server import make_server

class Flask:
    def __init__(self, name):
        self.pages = {}

    def route(self, path):
        return lambda page: self.pages.setdefault(path, page)

    def run(self, host, port):
        with make_server(host, port, self.answer) as server:
            print("listens", flush=True)
            server.serve_forever()

    def answer(self, environ, start):
        start("200 OK", [("Content-Type", "text/html")])
        return [self.pages[environ["PATH_INFO"]]().encode()]
'''
ASK = (
    "import urllib.request as u; print(u.urlopen('http://127.0.0.1/').read().decode())"
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """An index as pip asks it: simple/NAME/ lists the files of a project."""
    place = tmp_path / "index" / "simple" / "flask"
    place.mkdir(parents=True)
    about = "flask-9.0.dist-info"
    with zipfile.ZipFile(place / "flask-9.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("flask/__init__.py", FLASK)
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: Flask\nVersion: 9.0\n"
        )
        wheel.writestr(
            f"{about}/WHEEL",
            "Wheel-Version: 1.0\nTag: py3-none-any\nRoot-Is-Purelib: true\n",
        )
        wheel.writestr(f"{about}/RECORD", "")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    serve = partial(Quiet, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


@pytest.fixture
def python(lab: Lab, tmp_path: Path, busybox: str) -> str:
    """The image of this machine's Python, made as its README says."""
    root = tmp_path / "python"
    made = lab("rootfs", "make", str(root), "sh", sys.executable)
    assert made.code == 0, made.err
    subprocess.run(["tar", "-C", root, "-cf", tmp_path / "r.tar", "."], check=True)
    change = ("-c", 'CMD ["python"]')
    done = lab("import", *change, str(tmp_path / "r.tar"), "python")
    assert done.code == 0, done.err
    return "python"


def test_the_application_is_built_with_pip_and_answers(
    lab: Lab, engine: Engine, python: str, index: str
) -> None:
    said = ("--build-arg", f"PIP_INDEX_URL={index}", "--build-arg", "NO_PROXY=*")
    done = lab("build", "--network", "host", *said, "-t", "hello", str(APPLICATION))
    assert done.code == 0, done.err
    assert "Successfully installed Flask-9.0" in done.out
    history = lab("history", "--no-trunc", "hello").out
    assert f"|1 PIP_INDEX_URL={index} /bin/sh -c pip install" in history
    assert "NO_PROXY" not in history
    web = lab(
        "run", "-d", "-e", "NAME=<you>", "--hostname", "here", "hello"
    ).out.strip()
    next(engine.logs(web, follow=True))
    page = lab("exec", web, "python", "-c", ASK).out
    lab("rm", "-f", web)
    assert page.startswith("<h3>Hello &lt;you&gt;!</h3><b>Hostname:</b> here<br/>")


def test_the_python_of_an_image_has_its_library_certificates_and_pip(
    lab: Lab, python: str
) -> None:
    code = (
        "import bz2, ctypes, hashlib, lzma, sqlite3, ssl, sys, tempfile\n"
        "tempfile.TemporaryFile()\n"
        "print(*sys.version_info[:2], ssl.create_default_context().cert_store_stats())"
    )
    done = lab("run", "--rm", python, "python", "-c", code)
    assert done.code == 0, done.err
    assert done.out.startswith("{} {} ".format(*sys.version_info))
    certified = Path("/etc/ssl/certs/ca-certificates.crt").is_file()
    assert ("'x509': 0," in done.out) is not certified
    done = lab("run", "--rm", "-u", "nobody", python, "pip", "--version")
    assert done.code == 0, done.err
