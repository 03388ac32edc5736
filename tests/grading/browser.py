"""A page as a real browser lays it out: Debian's chromium, without a window or network.

    pages ── each in a frame so wide ──▶ chromium ── a script looks ──▶ facts

The script is in the page around the frames, so that the pages stay what they are.

Try it: `./lab test tests/grading/test_in_a_browser.py`
"""

import html
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SECONDS = 60
CHROMIUM = [
    *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-sync"),
    *("--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=5000"),
    *("--window-size=1400,900", "--dump-dom"),
]
DARK, STILL = (
    "--blink-settings=preferredColorScheme=0",
    "--force-prefers-reduced-motion",
)
_SCRIPT = """
function channels(text) { return text.match(/[\\d.]+/g).map(Number); }
function light(text) {
  const [r, g, b] = channels(text).slice(0, 3).map(c => c / 255)
    .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
}
function ground(view, element) {
  for (let one = element; one; one = one.parentElement) {
    const colour = view.getComputedStyle(one).backgroundColor;
    const parts = channels(colour);
    if (parts.length < 4 || parts[3] === 1) return colour;
  }
  return "rgb(255, 255, 255)";
}
function contrast(view, element) {
  const [a, b] = [view.getComputedStyle(element).color, ground(view, element)]
    .map(light).sort((x, y) => y - x);
  return (a + .05) / (b + .05);
}
function look(frame) {
  const view = frame.contentWindow, page = view.document, width = view.innerWidth;
  const all = [...page.body.querySelectorAll("*")];
  const told = all.filter(one => [...one.childNodes].some(
    node => node.nodeType === 3 && node.data.trim()));
  const link = page.querySelector("a");
  if (link) link.focus();
  return {
    width: width,
    scrolls: page.documentElement.scrollWidth,
    beyond: all.filter(one => one.getBoundingClientRect().right > width + .5).length,
    contrast: Math.min(...told.map(one => contrast(view, one))),
    ground: view.getComputedStyle(page.body).backgroundColor,
    fetched: view.performance.getEntriesByType("resource").length,
    tags: [...new Set([...page.querySelectorAll("*")].map(one => one.localName))],
    outline: link ? view.getComputedStyle(link).outlineStyle : "",
    motion: link ? view.getComputedStyle(link).transitionDuration : "",
    headings: [...page.querySelectorAll("h1,h2,h3")].map(one => one.localName),
    lang: page.documentElement.lang,
    title: page.title,
    text: page.body.innerText,
  };
}
window.alarms = 0;
window.alert = () => { window.alarms += 1; };
addEventListener("load", () => {
  const seen = [...document.querySelectorAll("iframe")].map(look);
  document.body.textContent = JSON.stringify(seen);
});
"""


def seen(
    place: Path, pages: Sequence[tuple[str, int]], *options: str
) -> list[dict[str, Any]]:
    """What a browser says of each page: its text, and how wide it is shown."""
    frames = "".join(
        f'<iframe style="border:0;width:{wide}px;height:800px" '
        f'srcdoc="{html.escape(text)}"></iframe>'
        for text, wide in pages
    )
    path = place / "frames.html"
    path.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><script>{_SCRIPT}</script>{frames}'
    )
    command = [*CHROMIUM, f"--user-data-dir={place / 'profile'}", *options]
    done = subprocess.run(
        [*command, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    body = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    assert body, done.stderr
    found = json.loads(html.unescape(body[1]))
    assert isinstance(found, list)
    return found
