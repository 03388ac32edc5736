"""The same Dockerfiles, built by docker's classic builder and by labshell.

Each file of builds/ is a case, and a test: see cases.py. Both sides run its lines, in
contexts that are copies; then each saves what it has built, and the images are
compared: files, layer by layer and as a whole, configuration, history. What differs
fails the test, unless builds/differences.toml says why; so does a row there that is
true no more.

Try it: ./lab test tests/conformance/test_same_builds.py -k onbuild
"""

import functools
import http.server
import itertools
import re
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conformance import built, cases
from tests.conformance.built import Built
from tests.conformance.sides import Answer, Side

pytestmark = pytest.mark.require("root", "overlay", "docker", "dockerd", "skopeo")
CASES, NEWER = cases.classic(), cases.newer()
READ_BY_OTHERS = (
    *("deleted_files", "changed_metadata", "links_replaced", "hard_links"),
    *("special_files", "capability_of_a_file", "odd_names", "copy_directories"),
)
Sides = tuple[Side, Side]
Rows = Mapping[str, Any]


class Disagreement(NamedTuple):
    """What docker and labshell have made differently, and where."""

    where: str
    docker: Any
    labshell: Any

    def __str__(self) -> str:
        both = f"   docker   | {self.docker}\n   labshell | {self.labshell}"
        return f"\n{self.where}\n{both}"


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module", autouse=True)
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A web server for ADD; the cases know it as $WEB."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "page").write_text("from the web\n")
    subprocess.run(
        ["tar", "-czf", folder / "page.tgz", "-C", folder, "page"], check=True
    )
    handler = functools.partial(_Silent, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever).start()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WEB", f"http://127.0.0.1:{server.server_port}")
        yield
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_both_build_the_same(case: cases.Case, sides: Sides, tmp_path: Path) -> None:
    lay_out(case, tmp_path / "context", sides)
    accepted = {row["where"] for row in differences() if row["case"] == case.name}
    found = list(play(case, sides))
    report = [str(row) for row in found if row.where not in accepted]
    report += [
        f"\nno difference any more: {where}"
        for where in sorted(accepted - {row.where for row in found})
    ]
    if report:
        pytest.fail("".join(report), pytrace=False)


def lay_out(case: cases.Case, context: Path, sides: Sequence[Side]) -> None:
    """Make the context, once, and give a copy to each side."""
    case.make(context)
    for side in sides:
        shutil.rmtree(side.work)
        side.work.mkdir()
        subprocess.run(["cp", "-a", context, side.work], check=True)


def play(case: cases.Case, sides: Sides) -> Iterator[Disagreement]:
    """Run the lines of a case on both sides, and compare what they have built."""
    names: dict[str, None] = {}
    for line in case.lines:
        begun = [side.begin(f"cd context; {line.text}") for side in sides]
        theirs, ours = (running.end() for running in begun)
        where = f"$ {line.text}"
        if theirs.code != ours.code or (theirs.code and not line.complaints):
            yield Disagreement(f"{where}: exit code", _ended(theirs), _ended(ours))
        elif theirs.code == 0:
            names |= dict.fromkeys(re.findall(r"\blab build .*?-t (\S+)", line.text))
        if line.exact and theirs.stdout != ours.stdout:
            yield Disagreement(f"{where}: stdout", theirs.stdout, ours.stdout)
        for words in line.complaints:
            if not all(words in _said(answer) for answer in (theirs, ours)):
                yield Disagreement(f"{where}: {words}", _said(theirs), _said(ours))
    for name in names:
        yield from compared(name, *saved(name, sides))


def _ended(answer: Answer) -> str:
    return f"{answer.code}  {answer.stdout[-300:]}{answer.stderr[-1000:]}"


def _said(answer: Answer) -> str:
    return " ".join((answer.stdout + answer.stderr).split())


def saved(name: str, sides: Sequence[Side]) -> list[Built]:
    """An image of each side, by way of `save`."""
    begun = [side.begin(f"lab save -o saved.tar {name}") for side in sides]
    answers = [running.end() for running in begun]
    assert [answer.stderr for answer in answers if answer.code] == []
    return [built.read(side.work / "saved.tar") for side in sides]


def compared(name: str, docker: Built, labshell: Built) -> Iterator[Disagreement]:
    """Where two images are not the same."""
    yield from _compared(f"{name}: config", docker.config, labshell.config)
    yield from _compared_rows(f"{name}: history", docker.history, labshell.history)
    yield from _compared_rows(f"{name}: layer", docker.layers, labshell.layers)
    yield from _compared(f"{name}: file", docker.tree, labshell.tree)


def _compared_rows(
    where: str,
    docker: Sequence[Mapping[str, Any]],
    labshell: Sequence[Mapping[str, Any]],
) -> Iterator[Disagreement]:
    for number, (theirs, ours) in enumerate(itertools.zip_longest(docker, labshell)):
        if theirs is None or ours is None:
            yield Disagreement(f"{where} {number}", theirs, ours)
        else:
            yield from _compared(f"{where} {number}", theirs, ours)


def _compared(where: str, docker: Rows, labshell: Rows) -> Iterator[Disagreement]:
    for key in sorted({*docker, *labshell}):
        if docker.get(key) != labshell.get(key):
            yield Disagreement(f"{where} {key}", docker.get(key), labshell.get(key))


@pytest.mark.parametrize("case", NEWER, ids=[case.name for case in NEWER])
def test_what_only_buildkit_understands(
    case: cases.Case, sides: Sides, tmp_path: Path
) -> None:
    _, labshell = sides
    lay_out(case, tmp_path / "context", [labshell])
    for line in case.lines:
        answer = labshell.run(f"cd context; {line.text}")
        assert bool(answer.code) == bool(line.complaints), _said(answer)
        assert [words for words in line.complaints if words not in _said(answer)] == []
    if case.expected:
        (image,) = saved("built", [labshell])
        new = [layer for layer in image.layers if "/bin/busybox" not in layer]
        assert built.listing(new) == case.expected


@pytest.mark.require("umoci")
@pytest.mark.parametrize("name", READ_BY_OTHERS)
def test_skopeo_and_umoci_read_what_was_built(
    name: str, sides: Sides, tmp_path: Path
) -> None:
    _, labshell = sides
    lay_out(cases.read(cases.HERE / f"{name}.txt"), tmp_path / "context", [labshell])
    assert labshell.run("lab build -q -t built context").code == 0
    (ours,) = saved("built", [labshell])
    store = f"{labshell.work.parents[1]}/root/images:built"
    copy = tmp_path / "copy.tar"
    by_skopeo = ["skopeo", "--insecure-policy", "copy", "-q", f"oci:{store}:latest"]
    subprocess.run([*by_skopeo, f"docker-archive:{copy}"], check=True)
    assert built.read(copy) == ours
    bundle = tmp_path / "bundle"
    by_umoci = ["umoci", "unpack", "--image", f"{store}:latest", bundle]
    subprocess.run(by_umoci, check=True, capture_output=True)
    assert built.read_directory(bundle / "rootfs") == ours.tree


@functools.cache
def differences() -> list[dict[str, str]]:
    """The differences that we mean to keep."""
    text = (cases.HERE / "differences.toml").read_text()
    found: list[dict[str, str]] = tomllib.loads(text).get("difference", [])
    return found


def test_every_accepted_difference_is_about_a_case_and_has_a_reason() -> None:
    known = {case.name for case in CASES}
    assert [row for row in differences() if row["case"] not in known] == []
    assert [row for row in differences() if not row["reason"].strip()] == []
