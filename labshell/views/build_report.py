"""The page of `lab build --report FILE.html`: a build as a picture.

Each step is a bar, as wide as it took time; each layer a block, as high as it is large
(by its logarithm: a layer of a byte is still to be seen). It is one file, without
scripts, and loads nothing from anywhere.

Try it: `lab build --report build.html .`, and open it in a browser
"""

import html
import math
from collections.abc import Sequence
from pathlib import Path

from engine.engine import StepReport
from labshell.views.amounts import size

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .2em .6em; text-align: left; vertical-align: top; }
tr:nth-child(even) { background: #f4f6f8; }
code { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; }
.bar { background: #4a90d9; height: .8em; display: inline-block; }
.cached .bar { background: #9bbf65; }
.layer { background: #dbe8f6; border: 1px solid #4a90d9; padding: .2em .6em; }
.failed, .failure { color: #b00020; } .failed .bar { background: #b00020; }
.empty { border: 1px dashed #999; background: none; color: #666; padding: 0 .6em; }
"""
_WIDEST, _HIGHEST = 16.0, 9.0  # em


def write(
    path: str, title: str, steps: Sequence[StepReport], failure: str = ""
) -> None:
    """Write the page about a build to `path`: of the image `title`, or of a failure."""
    Path(path).write_text(page(title, steps, failure), encoding="utf-8")


def page(title: str, steps: Sequence[StepReport], failure: str = "") -> str:
    """The page, as text."""
    longest = max((step.seconds for step in steps), default=0.0) or 1.0
    rows = "\n".join(_row(step, longest) for step in steps)
    largest = max((step.size for step in steps), default=0)
    made = [step for step in steps if not step.failure]
    layers = "\n".join(_layer(step, largest) for step in reversed(made))
    why = f'<p class="failure">{html.escape(failure)}</p>' if failure else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title[:19])}</title>
<style>{_STYLE}</style></head><body>
<h1>{html.escape(title)}</h1>
{why}
<h2>Steps</h2>
<table><tr><th>Step</th><th>Instruction</th><th>Time</th><th>Layer</th></tr>
{rows}
</table>
<h2>Layers, topmost first</h2>
{layers}
</body></html>
"""


def _row(step: StepReport, longest: float) -> str:
    width = max(0.1, _WIDEST * step.seconds / longest)
    why = f"{'cached' if step.cached else 'not cached'}: {step.why}" if step.why else ""
    kind = "failed" if step.failure else "cached" if step.cached else "made"
    return (
        f'<tr class="{kind}">'
        f"<td>{step.number}/{step.total}</td>"
        f"<td><code>{html.escape(step.text)}</code><br><small>"
        f"{html.escape(step.failure or why)}</small>"
        f'</td><td><span class="bar" style="width:{width:.2f}em"></span> '
        f"{step.seconds:.2f} s</td><td>{size(step.size) if step.size else ''}</td></tr>"
    )


def _layer(step: StepReport, largest: int) -> str:
    text = html.escape(step.text)
    if not step.layer:
        return f'<div class="empty"><code>{text}</code> no layer</div>'
    share = math.log1p(step.size) / (math.log1p(largest) or 1.0)
    height = 1.5 + _HIGHEST * share
    return (
        f'<div class="layer" style="min-height:{height:.1f}em"><code>{text}</code> '
        f"{size(step.size)}<br><small>{html.escape(step.layer)}</small></div>"
    )
