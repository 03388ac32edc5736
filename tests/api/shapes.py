"""Shapes: is what labd answers what Docker's own description of its API says?

    GET /containers/{id}/json  ──▶ responses: 200: schema ──▶ every field, every type

Docker's `swagger.yaml` is not ours to keep. It is read from the path in
LABSHELL_DOCKER_SWAGGER, or from ../shared/docker/ beside this project; without it, what
asks for it skips. The description says little about null, which Docker itself answers
for many an empty list: so null is of every type.

Source: swagger.yaml of moby v20.10, api/
Try it: `LABSHELL_DOCKER_SWAGGER=swagger.yaml ./lab test tests/api/test_shapes.py`
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

HOME = Path(__file__).parents[2]
PATH = Path(
    os.environ.get("LABSHELL_DOCKER_SWAGGER")
    or HOME.parent / "shared" / "docker" / "swagger.yaml"
)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class Shapes:
    """Docker's description of its API."""

    def __init__(self, path: Path = PATH) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._data = yaml.load(path.read_text(), loader)

    def faults(self, call: str, data: Any, status: int = 200) -> list[str]:
        """What is wrong with an answer to a call, such as "GET /containers/json"."""
        method, _, path = call.partition(" ")
        response = self._data["paths"][path][method.lower()]["responses"][status]
        return list(self._faults(response["schema"], data, ""))

    def _faults(
        self, schema: Mapping[str, Any], data: Any, place: str
    ) -> Iterator[str]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self._faults(self._data["definitions"][name], data, place)
            return
        if data is None:
            return
        if "allOf" in schema:
            schema = self._together(schema["allOf"])
        kind = _TYPES.get(schema.get("type", ""), object)
        if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
            yield f"{place}: {data!r} is no {schema['type']}"
        elif isinstance(data, list):
            for number, item in enumerate(data):
                yield from self._faults(
                    schema.get("items", {}), item, f"{place}[{number}]"
                )
        elif isinstance(data, dict):
            yield from self._faults_of_object(schema, data, place)
        elif "enum" in schema and data not in schema["enum"]:
            yield f"{place}: {data!r} is none of {schema['enum']}"

    def _faults_of_object(
        self, schema: Mapping[str, Any], data: dict[str, Any], place: str
    ) -> Iterator[str]:
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name in known:
            if name not in data:
                yield f"{place}.{name}: is missing"
        for name, value in data.items():
            if name in known:
                yield from self._faults(known[name], value, f"{place}.{name}")
            elif isinstance(others, dict):
                yield from self._faults(others, value, f"{place}.{name}")
            elif known and not others:
                yield f"{place}.{name}: nobody knows it"

    def _together(self, parts: list[Mapping[str, Any]]) -> dict[str, Any]:
        """One schema that says what several say."""
        known: dict[str, Any] = {}
        for part in parts:
            if "$ref" in part:
                part = self._data["definitions"][part["$ref"].rpartition("/")[2]]
            if "allOf" in part:
                part = self._together(part["allOf"])
            known |= part.get("properties", {})
        return {"type": "object", "properties": known}
