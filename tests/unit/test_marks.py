"""Marks: what is known beforehand of each kind of act."""

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine import wording
from engine.notes import Mark, in_c, line
from labshell.views.concepts import HEADINGS
from tests.marks import all_marks

MARKS = sorted(all_marks().values(), key=lambda mark: mark.name)
SAMPLES = {"int": 3, "bool": True, "str": "it's", "Path": Path("/a b"), "bytes": b"x"}
SAMPLES |= {"int | Path": 7, "tuple[int, ...]": (4, 5), "list[str]": ["a"]}
SAMPLES |= {"tuple[str, ...]": ("CAP_CHOWN",), "dict[str, str]": {}}


def marked(mark: Mark) -> inspect.Signature:
    """How the function is called that the mark belongs to."""
    module, _, name = mark.name.partition(":")
    function: Any = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    return inspect.signature(function)


def given(mark: Mark) -> list[Any]:
    """A value for each parameter that has no default."""
    parameters = marked(mark).parameters.values()
    if mark.name == "engine.kernel.namespaces:unshare":
        return [("mount", "pid")]
    if mark.name == "engine.kernel.namespaces:join":
        return [3, 4, ("network",)]
    if mark.name == "engine.kernel.links:add_pair":
        return [3, ("lv0", "lb0", 7), ("eth0", "02:42:0a:00:00:02", 5, "/run/x")]
    if mark.name == "engine.kernel.firewall:_tell":
        return ['{"nftables": [{"add": {"table": {"family": "inet", "name": "x"}}}]}']
    if mark.name.startswith("engine.kernel.addresses:"):
        known = {"address": "10.0.0.2", "gateway": "10.0.0.1", "prefix": 24}
        return [known.get(name, SAMPLES["int"]) for name in marked(mark).parameters]
    return [
        SAMPLES.get(inspect.formatannotation(p.annotation).rpartition(".")[2], object())
        if isinstance(p.annotation, type)
        else SAMPLES.get(str(p.annotation), object())
        for p in parameters
        if p.default is p.empty
    ]


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.name)
def test_an_act_can_be_put_into_words(mark: Mark) -> None:
    note = (mark, "engine.a", "b", tuple(given(mark)), {}, 0, 1000, "0")
    act = wording.in_words(json.loads(line(note, 1)))
    assert act["shell"].strip()
    assert act["call"] == mark.call


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.name)
def test_the_words_take_what_the_function_takes(mark: Mark) -> None:
    everything = [object() for _ in marked(mark).parameters]
    inspect.signature(mark.shell).bind(*everything)
    inspect.signature(mark.arguments).bind(*everything)


def test_every_call_has_a_page_in_the_manual() -> None:
    odd = {mark.call for mark in MARKS if not re.fullmatch(r"\w+\([12]\)", mark.call)}
    # systemd, nft and runc are asked, not the kernel.
    assert odd == {"org.freedesktop.systemd1(5)", "nft(8)", "runc(8)"}


def test_every_concept_has_a_heading() -> None:
    assert {mark.concept for mark in MARKS} <= HEADINGS.keys()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", '""'),
        ("plain /path", '"plain /path"'),
        ('"\\', '"\\"\\\\"'),
        ("a\tb\nc", '"a\\tb\\nc"'),
        ("ä", '"\\303\\244"'),
        ("\x01" + "7", '"\\0017"'),
        ("\x01" + "8", '"\\18"'),
        ("\udcff", '"\\377"'),
    ],
)
def test_a_text_is_written_as_strace_writes_it(text: str, written: str) -> None:
    assert in_c(text) == written


def test_a_value_that_json_has_no_form_for_is_told_by_its_kind() -> None:
    text = line((MARKS[0], "m", "f", (b"raw", {"a": b"b"}), {}, 0, 0, "0"), 1)
    assert json.loads(text)["given"] == ["(bytes)", {"a": "(bytes)"}]
