"""The page for people: what is in the registry, in a browser.

Plain HTML, and no script: the browser is told to run none, whatever is in it. All that
comes from outside, names of repositories and tags, is escaped besides.

Source: Content Security Policy Level 3
Try it: `curl http://127.0.0.1:5000/`, or open it in a browser
"""

import html
import itertools
from collections.abc import Iterable
from pathlib import Path

from engine.http.messages import Response
from engine.registry.server.summary import TaggedManifest, summarise

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_TOP = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Registry</title><style>
body { font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0 }
tr { border-top: 1px solid #ddd } code { font-size: .85rem; color: #555 }
.size { text-align: right; white-space: nowrap }
</style></head><body>
<h1>Registry</h1>
"""
_EMPTY = "<p>Nothing is here yet: <code>docker push</code> something.</p>\n"
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def answer(root: Path) -> Response:
    """The page."""
    groups = itertools.groupby(summarise(root), lambda one: one.repository)
    body = "".join(_repository(name, list(manifests)) for name, manifests in groups)
    text = f"{_TOP}{body or _EMPTY}</body></html>\n"
    return Response(200, _HEADERS, text.encode())


def _repository(name: str, manifests: Iterable[TaggedManifest]) -> str:
    rows = "".join(map(_row, manifests))
    return (
        f"<h2>{html.escape(name)}</h2>\n<table><tr><th>Tag</th><th>Digest</th>"
        f'<th>Layers</th><th class="size">Size</th></tr>\n{rows}</table>\n'
    )


def _row(one: TaggedManifest) -> str:
    layers = "<br>".join(
        f"{_code(layer.digest)} {_size(layer.size)}" for layer in one.layers
    )
    many = f"index of {one.manifests} manifests"
    tag = html.escape(one.tag) or "<i>none</i>"
    return (
        f"<tr><td>{tag}</td><td>{_code(one.digest)}</td>"
        f'<td>{many if one.manifests else layers}</td><td class="size">'
        f"{_size(one.size)}</td></tr>\n"
    )


def _code(digest: str) -> str:
    """The beginning of a digest; the whole of it when the mouse is there."""
    short = digest.partition(":")[2][:12]
    return f'<code title="{html.escape(digest)}">{html.escape(short)}</code>'


def _size(count: float) -> str:
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count /= 1000
        unit += 1
    return f"{count:.3g} {_UNITS[unit]}"
