"""Asking: requests as Docker's description of its API allows them, and worse ones.

    paths: /containers/{id}/top: get: …  ──▶  GET /containers/box/top?ps_args=…

Each parameter is what its type says, or a text that it should not be; a body follows
its schema, or is bytes. Names are those of what is there, more often than not, since
what is not there is found missing at once.

Source: swagger.yaml of moby v20.10, api/
Try it: `./lab test tests/api/test_described_requests.py`
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

_METHODS = ("get", "head", "post", "put", "delete")
NAMES = ("box", "idle", "busybox", "data", "bridge", "none")
_DEEPEST = 4  # objects in each other
_TEXTS = st.one_of(
    st.sampled_from(["", "0", "-1", "true", "x", "../..", "/", "/etc", "a:b", "{}"]),
    st.text(max_size=20),
)
_NUMBERS = st.one_of(st.integers(-2, 5), st.integers(-(1 << 70), 1 << 70))
_FILTERS = st.sampled_from(
    [
        '{"name":["x"]}',
        '{"status":{"exited":true}}',
        '{"x":["y"]}',
        "[]",
        "{",
        '{"id":7}',
    ]
)


class Asked(NamedTuple):
    """A request: its line, and a body of JSON or of bytes; None for none."""

    method: str
    path: str
    body: Any


def operations(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All that can be asked: methods and paths."""
    for path, methods in described["paths"].items():
        yield from ((method, path) for method in _METHODS if method in methods)


def requests(
    described: Mapping[str, Any], method: str, path: str
) -> st.SearchStrategy[Asked]:
    """Requests of one kind."""
    said = described["paths"][path][method].get("parameters", [])
    names = {one["name"]: _name() for one in said if one["in"] == "path"}
    query = {one["name"]: _parameter(one) for one in said if one["in"] == "query"}
    schemas = [one["schema"] for one in said if one["in"] == "body"]
    body: st.SearchStrategy[Any] = st.none()
    if schemas:
        body = st.one_of(_value(described, schemas[0], 0), st.binary(max_size=40))
    return st.builds(
        lambda names, query, body: Asked(
            method.upper(),
            path.format_map(names) + (f"?{urlencode(query)}" if query else ""),
            body,
        ),
        st.fixed_dictionaries(names),
        st.fixed_dictionaries({}, optional=query),
        body,
    )


def _name() -> st.SearchStrategy[str]:
    texts = st.text(min_size=1, max_size=12).map(lambda text: quote(text, safe=""))
    return st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), texts)


def _parameter(said: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if said["name"] == "filters":
        return st.one_of(_FILTERS, _TEXTS)
    if said["name"] in ("name", "container", "fromImage", "repo"):
        return st.one_of(st.sampled_from(NAMES), _TEXTS)
    kinds = {"integer": _NUMBERS.map(str), "boolean": st.sampled_from(["true", "0"])}
    return st.one_of(kinds.get(said.get("type", ""), _TEXTS), _TEXTS)


def _value(
    described: Mapping[str, Any], schema: Mapping[str, Any], depth: int
) -> st.SearchStrategy[Any]:
    """What a schema describes, or null, or a text instead."""
    if "$ref" in schema:
        schema = described["definitions"][schema["$ref"].rpartition("/")[2]]
    right: st.SearchStrategy[Any] = _TEXTS
    kind = schema.get("type", "object" if "allOf" in schema else "")
    if kind == "integer":
        right = _NUMBERS
    elif kind == "boolean":
        right = st.booleans()
    elif kind == "array":
        items = _value(described, schema.get("items", {}), depth + 1)
        right = st.lists(items, max_size=2) if depth < _DEEPEST else st.just([])
    elif kind == "object":
        right = _object(described, schema, depth)
    return st.one_of(right, right, right, st.none(), _TEXTS)


def _object(
    described: Mapping[str, Any], schema: Mapping[str, Any], depth: int
) -> st.SearchStrategy[Any]:
    known: dict[str, Any] = {}
    for part in (schema, *schema.get("allOf", [])):
        if "$ref" in part:
            part = described["definitions"][part["$ref"].rpartition("/")[2]]
        known |= part.get("properties", {})
    if depth >= _DEEPEST or not known:
        return st.dictionaries(_TEXTS, _TEXTS, max_size=2)
    fields = {name: _value(described, known[name], depth + 1) for name in known}
    fields |= {"Image": st.just("busybox")} if "Image" in fields else {}
    return st.fixed_dictionaries({}, optional=fields)
