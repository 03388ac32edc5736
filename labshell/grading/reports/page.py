"""A page of HTML that needs nothing else: no network, no script, no font.

    Content-Security-Policy   nothing may be fetched or run, whatever is in the text
    palette                   light and dark, by prefers-color-scheme; every pair of
                              colours has a contrast of 4.5 : 1 or more (a test reckons)
    one column                from 320 pixels on nothing need be scrolled sideways

Sources: https://www.w3.org/TR/WCAG22/ (1.4.1, 1.4.3, 1.4.10, 2.4.7);
https://www.w3.org/TR/CSP3/#meta-element
Try it: `lab grade --assignment layers-1 -o OUT --report feedback`, and open one
"""

from labshell.grading.reports.escaping import markup
from labshell.messages import language

CSP = "default-src 'none'; style-src 'unsafe-inline'"
LANGUAGES = {"zh": "zh-CN"}
# Name -> colour in the light, in the dark. `heat-0` to `heat-4`: from few to most.
PALETTE = {
    "paper": ("#fbfaf7", "#16191d"),
    "card": ("#ffffff", "#1e2227"),
    "ink": ("#1f2933", "#e6e8ea"),
    "quiet": ("#56616d", "#a9b2bc"),
    "line": ("#dcdad3", "#363d45"),
    "accent": ("#0b5c6b", "#7fd0dd"),
    "bar": ("#8fbfc6", "#2f6f7a"),
    "good": ("#1b6b3a", "#86d6a3"),
    "bad": ("#a1331f", "#f3a290"),
    "heat-0": ("#f4f1e8", "#262b31"),
    "heat-1": ("#f6dfc0", "#43362a"),
    "heat-2": ("#f2c193", "#5c3f26"),
    "heat-3": ("#e99d6b", "#7a4522"),
    "heat-4": ("#dd7c4f", "#8f4a1f"),
    "heat-ink": ("#231a12", "#f7f1ea"),
}
# Text colour on its ground: each is held to the contrast that WCAG asks for.
PAIRS = [
    *((text, ground) for ground in ("paper", "card") for text in ("ink", "quiet")),
    *((text, "card") for text in ("accent", "good", "bad")),
    ("accent", "paper"),
    *(("heat-ink", f"heat-{level}") for level in range(5)),
]
_RULES = """
:root { color-scheme: light dark; %(light)s }
@media (prefers-color-scheme: dark) { :root { %(dark)s } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; font-weight: 650;
  letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 0 0 .25rem; font-weight: 620; }
p { margin: 0 0 1rem; max-width: 42rem; }
h1, h2, p, th, td, li, dd { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem 1.25rem 1rem; margin: 1.25rem 0; }
table { width: 100%%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .75rem; }
th, td { text-align: left; padding: .45rem .6rem; vertical-align: top;
  border-top: 1px solid var(--line); }
thead th { border-top: 0; font-weight: 600; color: var(--quiet); font-size: .875rem; }
tbody th { font-weight: 500; }
a, summary { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px;
  border-radius: .25rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%%); white-space: nowrap; }
@media (max-width: 30rem) { main { padding: 1.5rem .75rem 2rem; }
  section { padding: 1rem .75rem .75rem; } th, td { padding: .4rem .35rem; }
  table { font-size: .9rem; } h1 { font-size: 1.5rem; } }
@media (prefers-reduced-motion: no-preference) {
  a { transition: outline-offset .15s; } }
@media print { section { break-inside: avoid; } }
"""


def page(title: str, body: str, more_rules: str = "") -> str:
    """A whole page; `body` is HTML already, `title` is text."""
    spoken = language()
    light, dark = (
        " ".join(f"--{name}: {pair[side]};" for name, pair in PALETTE.items())
        for side in (0, 1)
    )
    rules = _RULES % {"light": light, "dark": dark} + more_rules
    return f"""<!DOCTYPE html>
<html lang="{LANGUAGES.get(spoken, spoken)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{CSP}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{markup(title)}</title>
<style>{rules}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
