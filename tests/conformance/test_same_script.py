"""The same script, run by docker and by labshell at once: the same answers.

    docker ─▶ dockerd     the same lines     lab               our own command
                                             docker ─▶ labd    theirs, and ours

Each file of script/ is a scene, and a test of each. What the two answer is recorded
nowhere: docker is asked again in every run. A disagreement fails the test, and shows
both answers; so does an accepted difference that is none any more.

Try it: ./lab test tests/conformance/test_same_script.py -k exit_codes
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conformance import lines
from tests.conformance.plain import Plain
from tests.conformance.sides import Answer, Side

pytestmark = pytest.mark.require("root", "overlay", "docker", "dockerd", "skopeo")
SCENES = lines.scenes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What docker and labshell have answered differently."""

    line: lines.Line
    part: str
    docker: str
    labshell: str

    def __str__(self) -> str:
        both = _indented("docker  ", self.docker) + _indented("labshell", self.labshell)
        return f"\n{self.line.number}: $ {self.line.text}\n   {self.part}\n{both}"


def _indented(who: str, said: str) -> str:
    return "".join(f"   {who} | {line}\n" for line in said.splitlines() or [""])


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_both_answer_alike(
    scene: lines.Scene, docker_side: Side, lab_side: Side
) -> None:
    compare(scene, (docker_side, lab_side), "differences.toml")


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_dockers_client_hears_the_same_of_both_daemons(
    scene: lines.Scene, docker_side: Side, labd_side: Side
) -> None:
    compare(scene, (docker_side, labd_side), "differences_of_labd.toml")


def compare(scene: lines.Scene, sides: tuple[Side, Side], known: str) -> None:
    """Play a scene on both sides; fail for what differs and is not `known`."""
    for side in sides:
        side.clear()
    accepted = {
        (row.line, row.part)
        for row in lines.differences(known)
        if row.scene == scene.name
    }
    found = list(play(scene, sides))
    seen = {(row.line.text, row.part) for row in found}
    report = [str(row) for row in found if (row.line.text, row.part) not in accepted]
    report += [
        f"\nno difference any more: {part} of $ {line}"
        for line, part in sorted(accepted - seen)
    ]
    if report:
        pytest.fail("".join(report), pytrace=False)


def play(scene: lines.Scene, sides: tuple[Side, Side]) -> Iterator[Disagreement]:
    """Run a scene on both sides, line by line; where they disagree."""
    docker, labshell = sides
    plain = [Plain(str(side.work)) for side in sides]
    for line in scene.lines:
        begun = [side.begin(line.text) for side in (docker, labshell)]
        theirs, ours = (running.end() for running in begun)
        if theirs.code != ours.code:
            yield Disagreement(
                line=line,
                part="exit code",
                docker=f"{theirs.code}  {theirs.stderr}",
                labshell=f"{ours.code}  {ours.stderr}",
            )
        yield from _compared(line, "stdout", theirs.stdout, ours.stdout, plain)
        if line.complaints:
            yield from _complaints(line, theirs, ours)
        else:
            yield from _compared(line, "stderr", theirs.stderr, ours.stderr, plain)


def _compared(
    line: lines.Line, part: str, theirs: str, ours: str, plain: list[Plain]
) -> Iterator[Disagreement]:
    texts = plain[0].text(theirs), plain[1].text(ours)
    if line.exact:
        texts = theirs, ours
    if texts[0] != texts[1]:
        yield Disagreement(line=line, part=part, docker=texts[0], labshell=texts[1])


def _complaints(
    line: lines.Line, theirs: Answer, ours: Answer
) -> Iterator[Disagreement]:
    for words in line.complaints:
        said = [" ".join(answer.stderr.split()) for answer in (theirs, ours)]
        if not all(words in text for text in said):
            yield Disagreement(
                line=line, part="stderr", docker=said[0], labshell=said[1]
            )


@pytest.mark.parametrize("known", ["differences.toml", "differences_of_labd.toml"])
def test_every_accepted_difference_is_about_a_line_of_the_script(known: str) -> None:
    script = {(scene.name, line.text) for scene in SCENES for line in scene.lines}
    rows = lines.differences(known)
    assert [row for row in rows if (row.scene, row.line) not in script] == []
    assert [row for row in rows if row.part not in lines.PARTS or not row.reason] == []
