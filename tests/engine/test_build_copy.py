"""Build: what COPY and ADD put where, and whose it is."""

import http.server
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError
from tests.engine.builds import Builds

FILES: dict[str, str | bytes] = {
    "a.py": "a", "b.py": "b", "c.txt": "c", "d/x": "x", "d/s/y": "y", "d/link": b"x",
}  # fmt: skip


def test_a_file_a_directory_and_a_pattern_go_where_docker_puts_them(
    builds: Builds,
) -> None:
    text = "FROM busybox\nCOPY a.py /one\nCOPY a.py /dir/\nCOPY d /tree\n"
    text += "COPY *.py c.txt /many/\nWORKDIR /w\nCOPY c.txt .\nCOPY d/ rel\n"
    tree = builds.tree(builds.of(text, FILES).image)
    places = "one dir/a.py tree/x tree/s/y many/a.py many/b.py many/c.txt w/c.txt"
    assert {*places.split(), "w/rel/x"} <= tree.keys()
    assert tree["tree/link"][3] == "x"
    assert "tree/d" not in tree


def test_what_comes_from_the_context_is_roots_or_whose_chown_says(
    builds: Builds,
) -> None:
    text = "FROM busybox\nCOPY c.txt /root-owned\nCOPY --chown=5:6 d /d\n"
    text += "COPY --chown=nobody c.txt /new/by-name\nCOPY --chmod=711 c.txt /mode\n"
    builds.context(text, FILES)
    os.chown(builds.directory / "c.txt", 1000, 1000)
    tree = builds.tree(builds.of(text).image)
    assert tree["root-owned"][1:3] == (0, 0)
    assert tree["d"][1:3] == tree["d/s/y"][1:3] == (5, 6)
    assert tree["new/by-name"][1] == tree["new"][1] == 65534
    assert tree["mode"][0] == 0o711


def test_a_link_in_the_image_is_followed_inside_the_image(builds: Builds) -> None:
    text = "FROM busybox\nRUN mkdir /real; ln -s /real /link; ln -s / /real/top\n"
    text += "COPY c.txt /link/\nCOPY c.txt /link/top/real/second\n"
    tree = builds.tree(builds.of(text, FILES).image)
    assert {"real/c.txt", "real/second"} <= tree.keys()
    assert not Path("/real").exists()


def test_with_link_no_link_of_the_image_is_followed_and_directories_stay_as_they_are(
    builds: Builds,
) -> None:
    text = "FROM busybox\nRUN mkdir /real; ln -s /real /link; ln -s real /other\n"
    text += "COPY --link c.txt /link/\nCOPY --link --chown=nobody c.txt /other\n"
    text += "COPY --link c.txt /tmp/\nCOPY --link=false c.txt /real/\n"
    image = builds.of(text, FILES).image
    tree = builds.tree(image)
    assert tree["link/c.txt"][3] == tree["tmp/c.txt"][3] == "c"
    assert tree["other"] == (0o644, 65534, 65534, "c")
    assert tree["tmp"][0] == 0o1777
    assert "real/c.txt" in tree
    again = builds.of(text.replace("--link c.txt /tmp", "c.txt /tmp"))
    assert again.cached == [False, True, True, True, False, False]


def test_dockerignore_leaves_out_what_it_names(builds: Builds) -> None:
    files = {**FILES, ".dockerignore": "*.py\n!b.py\nd/s\n"}
    tree = builds.tree(builds.of("FROM scratch\nCOPY . /\n", files).image)
    assert {"b.py", "c.txt", "d/x"} <= tree.keys()
    assert not {"a.py", "d/s"} & tree.keys()


def test_add_unpacks_a_tar_and_copy_does_not(builds: Builds) -> None:
    builds.context("FROM scratch\nADD t.tgz /in\nCOPY t.tgz /as-it-is\n")
    with tarfile.open(builds.directory / "t.tgz", "w:gz") as tar:
        member = tarfile.TarInfo("p/f")
        member.size, member.uid, member.mode = 2, 7, 0o640
        tar.addfile(member, io.BytesIO(b"hi"))
    text = (builds.directory / "Dockerfile").read_text()
    tree = builds.tree(builds.of(text).image)
    assert tree["in/p/f"] == (0o640, 7, 0, "hi")
    assert "as-it-is" in tree


def test_a_tar_that_leads_upwards_is_refused(builds: Builds) -> None:
    builds.context("FROM busybox\nADD t.tar /in\n")
    with tarfile.open(builds.directory / "t.tar", "w") as tar:
        member = tarfile.TarInfo("../../escaped")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(EngineError, match="leads upwards"):
        builds.of("FROM busybox\nADD t.tar /in\n")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server with one file."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "f").write_text("from the web")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **more: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"), **more)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_add_fetches_a_url_and_keeps_its_time_and_checks_it(
    builds: Builds, server: str
) -> None:
    tree = builds.tree(builds.of(f"FROM scratch\nADD {server}/f /dir/\n").image)
    assert tree["dir/f"] == (0o600, 0, 0, "from the web")
    wrong = f"FROM scratch\nADD --checksum=sha256:{'0' * 64} {server}/f /f\n"
    with pytest.raises(EngineError, match="the bytes are sha256:"):
        builds.of(wrong)
    with pytest.raises(EngineError, match="404"):
        builds.of(f"FROM scratch\nADD {server}/nosuch /f\n")


def test_a_heredoc_is_a_file_with_or_without_variables(builds: Builds) -> None:
    text = "FROM scratch\nENV V=7\nCOPY <<one <<'two' /d/\n\"$V\"\none\n$V\ntwo\n"
    tree = builds.tree(builds.of(text).image)
    assert tree["d/one"][3] == '"7"\n'
    assert tree["d/two"][3] == "$V\n"


REFUSED = {
    "COPY nosuch /": "file not found in build context or excluded by .dockerignore: "
    "stat nosuch: file does not exist",
    "COPY ../x /": "forbidden path outside the build context: ../x",
    "COPY out /": "stat out: file does not exist",
    "COPY hidden-by-link /": "stat hidden-by-link: file does not exist",
    "COPY a.py b.py /d": "the destination must be a directory and end with a /",
    "COPY nothing* /d/": "no source files were specified",
    "COPY d /bin/busybox": "cannot copy to non-directory: /bin/busybox",
    "COPY --chown=nosuch a.py /": "unable to find user nosuch",
    "COPY --from=9 /x /": "invalid from flag value 9",
    "COPY --from=nosuch /x /": "No such image: nosuch",
    "COPY --from=busybox /nosuch /": "stat nosuch: file does not exist",
    "COPY http://127.0.0.1/x /": "source can't be a URL for COPY",
    "ADD ftp://127.0.0.1/x /": "only http and https are fetched",
    "WORKDIR /bin/busybox": "Cannot mkdir: /bin/busybox is not a directory",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_copied_is_refused_with_its_place(
    builds: Builds, line: str
) -> None:
    files = {
        **FILES,
        "out": b"/etc/passwd",
        "secret": "s",
        "hidden-by-link": b"secret",
        ".dockerignore": "secret\n",
    }
    before = {image.id for image in builds.engine.images(all=True)}
    with pytest.raises(EngineError) as caught:
        builds.of(f"FROM busybox\n{line}\n", files)
    assert REFUSED[line] in caught.value.message
    assert f"2 | {line}" in getattr(caught.value, "excerpt", "")
    assert {image.id for image in builds.engine.images(all=True)} == before
