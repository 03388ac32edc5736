"""Whatever a student wrote, it is text in every report, and no more."""

import csv
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from labshell.grading import reports
from labshell.grading.reports.escaping import cell
from labshell.grading.reports.page import CSP
from labshell.grading.reports.table import as_table
from labshell.grading.rows import ERROR, Row
from tests.grading.courses import Course
from tests.grading.marks import HOSTILE, every_format, marks_of, row

FORMULA = tuple("=+-@\t\r＝＋－＠")
VOID = {"meta", "br", "hr"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All reports of a class in which everybody writes what is hostile."""
    place = tmp_path_factory.mktemp("hostile")
    asked = Course(place / "course").assignment
    rows = []
    for number, text in enumerate(HOSTILE.values()):
        rows.append(row(asked, f"a{number:03}", 0, message=text))
        rows.append(row(asked, f"b{number:03}", status=ERROR, note=text, limit=text))
    reports.write(marks_of(asked, *rows), place / "out", every_format())
    (place / "out/table.txt").write_text(as_table(rows))
    return place / "out"


def found(out: Path, suffix: str) -> list[Path]:
    paths = sorted(out.rglob(f"*{suffix}"))
    assert paths
    return paths


def test_no_file_holds_what_acts_on_a_terminal(out: Path) -> None:
    for path in found(out, "*"):
        if path.is_file() and path.suffix != ".json":
            text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
            assert {c for c in text if not c.isprintable()} <= {"\n"}, path


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_cell_is_never_a_formula(name: str) -> None:
    text = cell(HOSTILE[name])
    assert not text.lstrip().startswith(FORMULA)


def test_sheets_have_the_same_columns_in_each_line_and_no_formula(out: Path) -> None:
    for path in found(out, ".csv"):
        text = path.read_text(encoding="utf-8")
        lines = list(csv.reader(io.StringIO(text, newline="")))
        assert len({len(line) for line in lines}) == 1, path
        cells = [value for line in lines for value in line]
        assert not [one for one in cells if one.lstrip().startswith(FORMULA)], path


def test_json_is_json_and_gradescope_is_told_that_all_is_text(out: Path) -> None:
    for path in found(out, ".json"):
        data = json.loads(path.read_bytes())
        if path.parent.name == "gradescope":
            forms = [name for name in data if name.endswith("_format")]
            assert {data[name] for name in forms} == {"text"}
            assert len(forms) == 3


def test_junit_is_xml_with_nothing_but_its_own_elements(out: Path) -> None:
    text = (out / "junit.xml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert {one.tag for one in root.iter()} == {
        *("testsuites", "testsuite", "properties", "property", "testcase"),
        *("failure", "error"),
    }
    assert "<!" not in text
    assert "<script>alert(1)</script>" in {one.text or "" for one in root.iter("error")}


def test_no_command_reaches_githubs_runner(out: Path) -> None:
    import base64

    for path in found(out, ".base64"):
        data = json.loads(base64.b64decode(path.read_text()))
        messages = [test["message"] for test in data["tests"]]
        assert not [one for one in messages if "::" in one or "##[" in one]


class Page(HTMLParser):
    """What a browser would see of a page: its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2"),
    *("p", "strong", "ul", "li", "span", "nav", "a", "table", "caption", "thead"),
    *("tbody", "tr", "th", "td"),
}


def test_pages_have_their_own_elements_only_and_can_fetch_nothing(out: Path) -> None:
    for path in found(out, ".html"):
        page = Page(path.read_text(encoding="utf-8"))
        assert page.open == []
        assert {tag for tag, _ in page.tags} <= ALLOWED
        links = {attrs["href"] for tag, attrs in page.tags if tag == "a"}
        assert links <= {"#points", "#concepts", "#items"}
        attributes = {name for _, attrs in page.tags for name in attrs}
        assert attributes <= {
            *("lang", "charset", "http-equiv", "content", "name", "class", "href"),
            *("aria-hidden", "aria-label", "aria-labelledby", "id", "role", "scope"),
        }
        policy = {"http-equiv": "Content-Security-Policy", "content": CSP}
        assert ("meta", policy) in page.tags
        assert [tag for tag, _ in page.tags].count("style") == 1


def kinds(text: str) -> Iterator[str]:
    """What Markdown's parser makes of a text; HTML in it would count."""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        yield token.type
        yield from (child.type for child in token.children or ())


def test_feedback_in_markdown_has_no_link_image_or_html(out: Path) -> None:
    for path in found(out, ".md"):
        allowed = {
            f"{name}_{side}"
            for name in ("heading", "paragraph", "strong", "bullet_list", "list_item")
            for side in ("open", "close")
        }
        text = path.read_text(encoding="utf-8")
        assert set(kinds(text)) <= allowed | {"inline", "text", "text_special"}, path


def test_feedback_in_markdown_shows_what_was_written(out: Path) -> None:
    text = (out / "feedback/a000.md").read_text()
    shown = MarkdownIt("commonmark", {"html": True}).render(text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_message_has_an_end() -> None:
    asked_for = Row(student="s001", status=ERROR, maximum=1, note=HOSTILE["long"])
    assert len(Row.from_json(asked_for.to_json()).note) < 5000
