"""feedback/s001.md: what one student earned, and why, in Markdown.

    # Small and clean: s001
    7 of 10 points (graded)

    ## An image mine:clean … (4/7)
    - ✓ 4/4: It shows the word.
    - ✗ 0/3: A layer holds the token.

In the language of whoever makes it: `lab --lang zh grade …`. A pseudonym is in it, and
no name.

Source: https://spec.commonmark.org/0.31.2/
Try it: `lab grade --assignment layers-1 -o OUT --report feedback; less OUT/feedback/*`
"""

from collections.abc import Iterator

from labshell.grading.reports.escaping import markdown
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.wording import by_hand, points, remarks, said, sign
from labshell.grading.rows import Row


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """A file for each student, and its text."""
    for row in marks.rows:
        yield f"feedback/{row.student}.md", "\n".join(_lines(marks, row)) + "\n"


def _lines(marks: Marks, row: Row) -> Iterator[str]:
    yield f"# {markdown(marks.assignment.title)}: {markdown(row.student)}"
    yield ""
    yield f"**{markdown(points(row))}**"
    for text in remarks(row):
        yield from ("", markdown(text))
    titles = {
        item.id: marks.title(item, row.student) for item in marks.assignment.items
    }
    for item in row.items:
        heading = f"{titles.get(item.item, item.item)} ({item.earned}/{item.maximum})"
        yield from ("", f"## {markdown(heading)}", "")
        if given := by_hand(item):
            yield f"- {markdown(given)}"
        for check in item.checks:
            yield f"- {sign(check)} {markdown(said(check))}"
        if item.log:
            lines = map(markdown, item.log.split("\n"))
            yield from ("", "> " + "\\\n> ".join(lines))  # each on a line of its own
