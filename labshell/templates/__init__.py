"""Templates: the language of `--format`, as much of Go's as is used with Docker.

    {{range $k, $v := .Config.Labels}}{{$k}}={{$v | upper}} {{else}}none{{end}}
      └─ text becomes tokens (lexer), tokens a tree (parser), the tree text (evaluator)

A template is text with actions between double braces. The dot is the data; `.A.B` is a
field of a field; `{{if}}`, `{{with}}` and `{{range}}` hold others until `{{end}}`.
What can be called is in functions.py; nothing else can be: a template reads what it is
given, and reaches no file, no program and no attribute of a Python object.

    lexer.py       where the actions are, and the words in them
    nodes.py       the tree
    parser.py      pieces to tree;  pipes.py  the words in one action
    evaluator.py   tree and data to text
    functions.py   len, index, join, eq, json, printf …
    printing.py    values as Go prints them
    structures.py  what Docker's client knows beyond the JSON
    failure.py     the errors, and where they point
    listing.py     one template for many rows: `table`, `json`

Source: https://pkg.go.dev/text/template, and docs.docker.com, "Format command output"
Try it: `lab inspect -f '{{range .Config.Env}}{{println .}}{{end}}' CONTAINER`
"""

from typing import Any

from labshell.templates.evaluator import Evaluator
from labshell.templates.failure import inside
from labshell.templates.functions import FUNCTIONS, Functions
from labshell.templates.parser import parse


def render(template: str, data: Any, functions: Functions = FUNCTIONS) -> str:
    """The template, filled with `data`: dicts, lists, texts, numbers, true and None.

    A value of a dict may be a function of texts: `{{.Label "owner"}}` calls it. A field
    that is not there is an error; InvalidArgument says where the template is wrong.
    """
    with inside(template):
        return Evaluator(data, functions).run(parse(template))
