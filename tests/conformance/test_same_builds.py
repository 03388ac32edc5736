"""The same Dockerfiles, built by docker's classic builder and by labshell.

    docker ─▶ dockerd     the same Dockerfiles     lab               our own command
                                                   docker ─▶ labd    theirs, and ours

Each file of builds/ is a case, and a test: see cases.py. All sides run its lines, in
contexts that are copies; then each saves what it has built, and the images are
compared: files, layer by layer and as a whole, configuration, history. Of labd also
what docker's command prints must be the same. What differs fails the test, unless
builds/differences.toml says why; so does a row there that is true no more.

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
from tests.conformance.plain import Plain
from tests.conformance.sides import Answer, Side

pytestmark = pytest.mark.require("root", "overlay", "docker", "dockerd", "skopeo")
CASES, NEWER = cases.classic(), cases.newer()
READ_BY_OTHERS = (
    *("deleted_files", "changed_metadata", "links_replaced", "hard_links"),
    *("special_files", "capability_of_a_file", "odd_names", "copy_directories"),
)
Rows = Mapping[str, Any]
_UNTOLD = re.compile(
    r"^( ---> Running in .*|Removing intermediate container .*|"
    r"Sending build context .*|)\n",
    re.MULTILINE,
)


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


@pytest.fixture
def sides(docker_side: Side, lab_side: Side, labd_side: Side) -> list[Side]:
    """All who build: docker, and ours."""
    return [docker_side, lab_side, labd_side]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_all_build_the_same(
    case: cases.Case, sides: list[Side], tmp_path: Path
) -> None:
    lay_out(case, tmp_path / "context", sides)
    docker, lab, labd = play(case, sides)
    found = [
        *(("lab", row) for row in differing(case, docker, lab)),
        *(("labd", row) for row in differing(case, docker, labd)),
        *(("labd", row) for row in told_differently(case, docker, labd)),
    ]
    seen = {(by, row.where) for by, row in found}
    accepted = {
        (by, row["where"])
        for row in differences()
        if row["case"] == case.name
        for by in row["by"]
    }
    report = [f"\n{by}:{row}" for by, row in found if (by, row.where) not in accepted]
    report += [
        f"\n{by}: no difference any more: {where}"
        for by, where in sorted(accepted - seen)
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


class Played(NamedTuple):
    """What came of a case on one side: of each line, and the images that have names."""

    answers: list[Answer]
    images: dict[str, Built]
    plain: Plain


def play(case: cases.Case, sides: Sequence[Side]) -> list[Played]:
    """Run the lines of a case on all sides at once."""
    played = [Played([], {}, Plain(str(side.work))) for side in sides]
    names: dict[str, None] = {}
    for line in case.lines:
        begun = [side.begin(f"cd context; {line.text}") for side in sides]
        for one, running in zip(played, begun, strict=True):
            one.answers.append(running.end())
        if not any(one.answers[-1].code for one in played):
            names |= dict.fromkeys(re.findall(r"\blab build .*?-t (\S+)", line.text))
    for name in names:
        for one, image in zip(played, saved(name, sides), strict=True):
            one.images[name] = image
    return played


def differing(case: cases.Case, docker: Played, ours: Played) -> Iterator[Disagreement]:
    """Where the exit codes, the words of an error, or the images are not the same."""
    for line, theirs, mine in zip(
        case.lines, docker.answers, ours.answers, strict=True
    ):
        where = f"$ {line.text}"
        if theirs.code != mine.code or (theirs.code and not line.complaints):
            yield Disagreement(f"{where}: exit code", _ended(theirs), _ended(mine))
        if line.exact and theirs.stdout != mine.stdout:
            yield Disagreement(f"{where}: stdout", theirs.stdout, mine.stdout)
        for words in line.complaints:
            if not all(words in _said(answer) for answer in (theirs, mine)):
                yield Disagreement(f"{where}: {words}", _said(theirs), _said(mine))
    for name, image in docker.images.items():
        yield from compared(name, image, ours.images[name])


def told_differently(
    case: cases.Case, docker: Played, labd: Played
) -> Iterator[Disagreement]:
    """What docker's command prints otherwise with labd than with dockerd.

    But for the containers of steps: those that change no file have none here; and for
    bars of progress, of which only empty lines are left where there is no terminal; and
    for the size of a context, to whose end docker's command adds two files in an order
    that is random, without filling up the last.
    """
    for line, *answers in zip(case.lines, docker.answers, labd.answers, strict=True):
        for part in ("stdout", "stderr"):
            if part == "stderr" and line.complaints:
                continue
            theirs, ours = (
                one.plain.text(_UNTOLD.sub("", getattr(answer, part)))
                for one, answer in zip((docker, labd), answers, strict=True)
            )
            if theirs != ours:
                yield Disagreement(f"$ {line.text}: told on {part}", theirs, ours)


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
    case: cases.Case, lab_side: Side, labd_side: Side, tmp_path: Path
) -> None:
    ours = [lab_side, labd_side]
    lay_out(case, tmp_path / "context", ours)
    for played in play(case, ours):
        for line, answer in zip(case.lines, played.answers, strict=True):
            said = _said(answer)
            assert bool(answer.code) == bool(line.complaints), said
            assert [words for words in line.complaints if words not in said] == []
        if case.expected:
            layers = played.images["built"].layers
            new = [layer for layer in layers if "/bin/busybox" not in layer]
            assert built.listing(new) == case.expected


@pytest.mark.require("umoci")
@pytest.mark.parametrize("name", READ_BY_OTHERS)
def test_skopeo_and_umoci_read_what_was_built(
    name: str, lab_side: Side, tmp_path: Path
) -> None:
    lay_out(cases.read(cases.HERE / f"{name}.txt"), tmp_path / "context", [lab_side])
    assert lab_side.run("lab build -q -t built context").code == 0
    (ours,) = saved("built", [lab_side])
    store = f"{lab_side.work.parent}/root/images:built"
    copy = tmp_path / "copy.tar"
    by_skopeo = ["skopeo", "--insecure-policy", "copy", "-q", f"oci:{store}:latest"]
    subprocess.run([*by_skopeo, f"docker-archive:{copy}"], check=True)
    assert built.read(copy) == ours
    bundle = tmp_path / "bundle"
    by_umoci = ["umoci", "unpack", "--image", f"{store}:latest", bundle]
    subprocess.run(by_umoci, check=True, capture_output=True)
    assert built.read_directory(bundle / "rootfs") == ours.tree


@functools.cache
def differences() -> list[dict[str, Any]]:
    """The differences that we mean to keep."""
    text = (cases.HERE / "differences.toml").read_text()
    found: list[dict[str, Any]] = tomllib.loads(text).get("difference", [])
    return found


def test_every_accepted_difference_is_about_a_case_and_has_a_reason() -> None:
    known = {case.name for case in CASES}
    rows = differences()
    assert [row for row in rows if row["case"] not in known] == []
    assert [row for row in rows if not {"lab", "labd"} >= {*row["by"]}] == []
    assert [row for row in rows if not row["reason"].strip() or not row["by"]] == []
