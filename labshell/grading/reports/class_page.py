"""class.html: how a class did, in one page to show to the class itself.

    Points     how many earned how much, a bar each
    Concepts   a heat map of what was missed: where most had no points comes first
    Items      the same for each thing that was asked for

Each picture is a table: what a colour or a bar says stands beside it in figures. Where
it is narrow, a line of it becomes two: so each part says its role, too. There
is no name and no pseudonym in it, and no count from which one student could be told:
see disclosure.py.

Source: page.py; https://www.w3.org/WAI/tutorials/tables/
Try it: `lab grade --assignment layers-1 -o OUT --report class`, and open OUT/class.html
"""

from collections.abc import Iterator, Sequence

from labshell.grading.reports.class_numbers import ALL, RANGES, Line, Numbers, numbers
from labshell.grading.reports.disclosure import Cell
from labshell.grading.reports.escaping import markup
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.page import page
from labshell.messages import marked, translate

LEVELS = 5
_STEPS = 20  # lengths that a bar may have
_RULES = """
thead td { border-top: 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem;
  margin: 0; padding: 0; }
nav a { display: inline-block; padding: .3rem 0; }
td.count, th.count { text-align: right; width: 5.5rem; white-space: nowrap; }
td.heat { color: var(--heat-ink); border-left: 3px solid var(--card); }
td.bar { width: 55%; }
.bar span { display: block; height: .9rem; margin-top: .35rem; border-radius: .2rem;
  background: var(--bar); min-width: 2px; }
.map th[scope=row] { hyphens: auto; }
.scores th { white-space: nowrap; overflow-wrap: normal; }
.key { display: flex; flex-wrap: wrap; gap: .35rem 1rem; font-size: .875rem;
  margin: .75rem 0 0; padding: 0; list-style: none; color: var(--quiet); }
.key span { display: inline-block; width: 1.1rem; height: 1.1rem; margin-right: .35rem;
  vertical-align: -.2rem; border: 1px solid var(--line); border-radius: .2rem; }
@media (max-width: 30rem) { td.bar { width: 40%; }
  .map tr { display: flex; flex-wrap: wrap; border-top: 1px solid var(--line); }
  .map th, .map td { border-top: 0; }
  .map th:first-child { flex: 1 0 100%; }
  .map .count { flex: 1; width: auto; } }
@media (forced-colors: active) { .bar span { background: CanvasText; } }
"""
_TOO_FEW = marked(
    "A class of fewer than five students has no page: it would be about one."
)
_ABOUT = marked(
    "{size} students. Who handed in nothing has no points. <5 is fewer than five, or "
    "nobody; · is not shown, because it would give another count away."
)
_SECTIONS = (
    ("points", marked("Points"), marked("How many students earned how much of all")),
    (
        "concepts",
        marked("Concepts"),
        marked("What the work is about; where most had no points comes first"),
    ),
    (
        "items",
        marked("Items"),
        marked("What was asked for; where most had no points comes first"),
    ),
)
_RESULTS = (marked("All points"), marked("Some"), marked("None"))
_KEY = marked("{low} to {high} percent of the class")


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    title = marks.assignment.title
    found = numbers(marks)
    if found is None:
        body = f"<h1>{markup(title)}</h1>\n<p>{markup(translate(_TOO_FEW))}</p>"
    else:
        body = "\n".join(_body(title, found))
    yield "class.html", page(title, body, _RULES + _colours())


def _colours() -> str:
    heat = [f".h{n} {{ background: var(--heat-{n}); }}" for n in range(LEVELS)]
    bars = [f".b{n} {{ width: {100 * n // _STEPS}%; }}" for n in range(_STEPS + 1)]
    return "\n".join([*heat, *bars, ""])


def _body(title: str, found: Numbers) -> Iterator[str]:
    sections = [one for one in _SECTIONS if one[0] != "concepts" or found.concepts]
    yield f"<h1>{markup(title)}</h1>"
    about = translate(_ABOUT).replace("{size}", str(found.size))
    yield f'<p class="quiet">{markup(about)}</p>'
    yield f'<nav aria-label="{markup(title)}"><ul>'
    for id, heading, _ in sections:
        yield f'<li><a href="#{id}">{markup(translate(heading))}</a></li>'
    yield "</ul></nav>"
    for id, heading, caption in sections:
        yield f'<section aria-labelledby="{id}">'
        yield f'<h2 id="{id}">{markup(translate(heading))}</h2>'
        kind = ' class="scores"' if id == "points" else ' class="map" role="table"'
        yield f"<table{kind}>\n<caption>{markup(translate(caption))}</caption>"
        if id == "points":
            yield from _scores(found)
        else:
            yield from _heat_map(getattr(found, id), heading, found.size)
        yield "</section>"


def _scores(found: Numbers) -> Iterator[str]:
    students = markup(translate(marked("Students")))
    yield f'<thead><tr><th scope="col">{markup(translate(marked("Percent")))}</th>'
    yield f'<th scope="col" class="count">{students}</th>'
    yield "<td></td></tr></thead>\n<tbody>"
    for (low, high), cell in zip(RANGES, found.scores, strict=True):
        step = round(_STEPS * cell.middle / found.size)
        yield f'<tr><th scope="row">{low}–{high}</th>'
        yield f'<td class="count">{_count(cell)}</td>'
        yield f'<td class="bar"><span class="b{step}" aria-hidden="true"></span></td>'
        yield "</tr>"
    yield "</tbody></table>"


def _heat_map(lines: Sequence[Line], heading: str, size: int) -> Iterator[str]:
    head = '<th scope="col" role="columnheader"'
    yield '<thead role="rowgroup"><tr role="row">'
    yield f"{head}>{markup(translate(heading))}</th>"
    for result in _RESULTS:
        yield f'{head} class="count">{markup(translate(result))}</th>'
    yield '</tr></thead>\n<tbody role="rowgroup">'
    for line in lines:
        spoken = f' lang="{line.language}"' if line.language else ""
        yield f'<tr role="row"><th scope="row" role="rowheader"{spoken}>'
        yield f"{markup(line.name)}</th>"
        for column, cell in enumerate(line.cells):
            level = min(LEVELS - 1, LEVELS * cell.middle // size)
            colour = "" if cell.is_covered or column == ALL else f" heat h{level}"
            yield f'<td role="cell" class="count{colour}">{_count(cell)}</td>'
        yield "</tr>"
    yield '</tbody></table>\n<ul class="key">'
    for level in range(LEVELS):
        low, high = 100 * level // LEVELS, 100 * (level + 1) // LEVELS
        text = markup(translate(_KEY).format(low=low, high=high))
        yield f'<li><span class="h{level}" aria-hidden="true"></span>{text}</li>'
    yield "</ul>"


def _count(cell: Cell) -> str:
    if not cell.is_covered:
        return markup(str(cell))
    label = markup(translate(marked("not shown")))
    return f'<span aria-hidden="true">·</span><span class="unseen">{label}</span>'
