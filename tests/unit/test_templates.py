"""Templates: the language of `--format`. What is expected was measured on Docker."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidArgument
from labshell.templates import render
from labshell.templates.listing import Listing
from labshell.templates.structures import structured

CONTAINER: dict[str, Any] = {
    "Name": "/box",
    "State": {"Status": "running", "Running": True, "Pid": 42, "ExitCode": 0},
    "Config": {
        "Cmd": ["sleep", "1d"],
        "Entrypoint": None,
        "Labels": {"c": "d", "a": "b"},
    },
    "HostConfig": {"Memory": 0, "PidsLimit": None, "Cpus": 1.5},
    "Mounts": [],
}

FILLED = {
    "{{.Name}} {{.State.Pid}} {{.State.Running}}": "/box 42 true",
    "{{ .Name }}x": "/boxx",
    "{{.Config.Cmd}} {{.Config.Labels}}": "[sleep 1d] map[a:b c:d]",
    "{{json .Config.Labels}}{{json .Config.Entrypoint}}": '{"c":"d","a":"b"}null',
    "{{.Config.Entrypoint}} {{.HostConfig.PidsLimit}}": "[] <nil>",
    "{{.Config.Labels.a}} {{.Config.Labels.nope}}": "b <no value>",
    '{{index .Config.Labels "a"}}{{index .Config.Labels "zz"}}': "b",
    "{{index .Config.Cmd 0}}": "sleep",
    "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}": "a=b;c=d;",
    "{{range $i, $e := .Config.Cmd}}{{if $i}},{{end}}{{$e}}{{end}}": "sleep,1d",
    "{{range .Mounts}}{{.X}}{{else}}none{{end}}": "none",
    "{{range .Config.Cmd}}{{println .}}{{end}}": "sleep\n1d\n",
    "{{if not .State.Running}}a{{else if eq .Name `/box`}}b{{else}}c{{end}}": "b",
    "{{with .State}}{{.Status}} {{$.Name}}{{end}}": "running /box",
    "{{with $x := .Config.Labels.a}}{{$x}}{{else}}nothing{{end}}": "b",
    "{{if .State.Health}}{{.State.Health.Status}}{{else}}unknown{{end}}": "unknown",
    "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}": "2",
    "a {{- ` b ` -}} c{{/* nothing */}}": "a b c",
    '{{"a\\tb"}}': "a\tb",
    "{{'a'}} {{0x10}} {{1.50}} {{.HostConfig.Cpus}}": "97 16 1.5 1.5",
    "{{.State.Status | upper | printf `%s!`}}": "RUNNING!",
    "{{join .Config.Cmd `,`}} {{index (split `a,b` `,`) 1}}": "sleep,1d b",
    "{{title `hello wor`}} {{lower `AB`}}{{pad `a` 1 2}}|": "Hello Wor ab a  |",
    "{{truncate `abcdef` 3}} {{slice `abcdef` 2}} {{len .Config.Cmd}}": "abc cdef 2",
    "{{and 1 0 2}} {{or 0 `` `z`}} {{not 1}}": "0 z false",
    "{{lt 1 2}} {{gt 1.5 2.0}} {{le `a` `b`}} {{eq 1 2 1}}": "true false true true",
    "{{print 1 2 `a` `b` 3}}": "1 2ab3",
    "{{printf `%s %d %v %q %3d|%-3s|` `a` 7 true `b` 3 `c`}}": 'a 7 true "b"   3|c  |',
    "{{printf `%d` `a`}} {{printf `%s`}} {{printf `a` 1}}": (
        "%!d(string=a) %!s(MISSING) a%!(EXTRA int=1)"
    ),
    "{{html `<a>`}} {{json `<a>&`}}": '&lt;a&gt; "<a>&"',
}


@pytest.mark.parametrize("template", FILLED)
def test_a_template_is_filled_as_docker_fills_it(template: str) -> None:
    assert render(template, structured(CONTAINER)) == FILLED[template]


REFUSED = {
    "{{.State.Nope}}": ':1:8: executing "" at <.State.Nope>: map has no entry for key',
    "a\n{{.Nope}}": ':2:2: executing "" at <.Nope>: map has no entry for key "Nope"',
    "{{.State.Pid.X}}": "can't evaluate field X in type int",
    "{{.State.Health.Status}}": "nil pointer evaluating Status",
    "{{index .Config.Cmd 9}}": "error calling index: index out of range: 9",
    "{{eq 1 `a`}}": "error calling eq: incompatible types for comparison",
    "{{upper}}": "wrong number of args for upper: want 1 got 0",
    "{{upper 1}}": ':1:8: executing "" at <1>: expected string; found 1',
    "{{nosuch 1}}": 'function "nosuch" not defined',
    "{{.State": "unclosed action",
    "{{if 1}}x": "unexpected EOF",
    "{{if}}x{{end}}": "missing value for if",
    "{{end}}": "unexpected {{end}}",
    "{{if 1}}{{else}}{{else}}{{end}}": "expected end; found {{else}}",
    "{{$y}}": 'undefined variable "$y"',
    "{{if 1}}{{$z := 1}}{{end}}{{$z}}": 'undefined variable "$z"',
    "{{nil}}": "nil is not a command",
    "{{.Config.Cmd 1}}": "Cmd is not a method but has arguments",
    "{{range .State.Pid}}{{end}}": "range can't iterate over 42",
    "{{(len .Name}}": "unclosed left paren",
    "{{" + "9" * 5000 + "}}": "bad literal",
    "{{`unclosed}}": "unterminated quoted string",
    "{{printf `%99999999d` 1}}": "wider than 10000 columns",
    "{{pad `a` 99999999 1}}": "wider than 10000 columns",
    "{{" + "(" * 1000 + "1" + ")" * 1000 + "}}": "nested deeper than",
    "{{if 1}}" * 1000 + "{{end}}" * 1000: "nested deeper than",
}


@pytest.mark.parametrize("template", REFUSED)
def test_a_wrong_template_is_refused_in_docker_s_words(template: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        render(template, structured(CONTAINER))
    assert refusal.value.message.startswith("template parsing error: template: :")
    assert REFUSED[template] in refusal.value.message
    assert refusal.value.hint


def test_a_template_cannot_reach_python_behind_the_data() -> None:
    for template in ("{{.__class__}}", "{{.Name.upper}}", "{{.Config.Cmd.__len__}}"):
        with pytest.raises(InvalidArgument):
            render(template, CONTAINER)


WORDS = (
    '{{ }} .A .B "x" ` if else end range with $x := = | ( ) 1 printf index len json - '
    "/* */ eq and ' \\ $ , . nil true split join slice"
).split()


@given(st.lists(st.sampled_from(WORDS), max_size=14), st.sampled_from(["", " "]))
def test_whatever_is_typed_is_filled_or_refused(words: list[str], gap: str) -> None:
    for template in (gap.join(words), "{{" + gap.join(words) + "}}"):
        with contextlib.suppress(InvalidArgument):
            render(template, {"A": {"B": [1, 2], "C": None}, "B": "text"})


def test_a_function_of_the_data_takes_texts() -> None:
    data = {"Label": lambda key: {"a": "b"}.get(key, "")}
    assert render('{{.Label "a"}}{{"a" | .Label}}{{eq (.Label "a") "b"}}', data) == (
        "bbtrue"
    )
    for wrong in ("{{.Label}}", '{{.Label "a" "b"}}', '{{printf "%v" .Label}}'):
        with pytest.raises(InvalidArgument, match=r"wrong number of args for \.Label"):
            render(wrong, data)


def test_a_misspelt_field_is_answered_with_the_right_one() -> None:
    with pytest.raises(InvalidArgument) as refusal:
        render("{{.state}}", CONTAINER)
    assert refusal.value.hint == "Did you mean .State?"


ROWS = [
    {"ID": "1", "Name": "one", "Label": {"a": "b"}.get},
    {"ID": "22", "Name": "two", "Label": {"a": "long enough"}.get},
]
LISTING = Listing(
    headings={"ID": "THE ID", "Name": "NAME"}, columns=("Name",), gives_way="Name"
)


def shown(form: str | None) -> list[str]:
    return list(LISTING.show(form, ROWS))


def test_a_listing_without_a_form_is_its_usual_table() -> None:
    assert shown(None) == shown("table") == ["NAME\none\ntwo"]


def test_a_listing_as_json_is_an_object_a_line() -> None:
    assert shown("json") == ['{"ID":"1","Name":"one"}', '{"ID":"22","Name":"two"}']


def test_a_table_has_the_headings_of_the_fields_that_were_asked_for() -> None:
    assert shown(r'table {{.ID}}\t{{upper .Name}}\t{{.Label "org.x-y"}}')[0].split(
        "\n"
    )[0] == ("THE ID    NAME      x y")


def test_a_table_is_as_wide_as_what_is_in_it() -> None:
    assert shown(r'table {{.Label "a"}}\t{{.ID}}') == [
        "a             THE ID\nb             1\nlong enough   22"
    ]


def test_a_form_is_filled_for_each_row_with_its_tabs() -> None:
    assert shown(r"{{.ID}}\t{{.Name}}") == ["1\tone", "22\ttwo"]


ENDLESS = {
    "loops in loops": "{{range $}}" * 12 + "x" + "{{end}}" * 12,
    "a text that doubles": '{{$a := "xxxx"}}' + "{{$a = print $a $a}}" * 40,
    "a long list with long gaps": '{{$a := "xxxxxxxxxxxxxxxx"}}'
    + "{{$a = print $a $a}}" * 14
    + '{{join (split $a "") $a}}',
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_would_take_for_ever_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="too long"):
        render(ENDLESS[name], [[1] * 50] * 50)
