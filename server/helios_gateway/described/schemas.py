"""JSON Schemas of the protocol's types, as both described documents hold them."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

Schema = dict[str, Any]
REFERENCE: Final = "#/components/schemas/{name}"
_NOTE: Final = re.compile(r" ?\(wire\.md[^)]*\)|; wire\.md[^)]*")
_NULL: Final[Schema] = {"type": "null"}


def components_of(kinds: Iterable[Any]) -> dict[str, Schema]:
    """The schemas of these types, and of all that they hold, by name."""
    _, components = msgspec.json.schema_components(tuple(kinds), ref_template=REFERENCE)
    return {name: _as_sent(schema) for name, schema in components.items()}


def schema_of(kind: Any) -> Schema:
    """The schema of one type where it is used; `components_of` must have been given the type too."""
    (schema,), _ = msgspec.json.schema_components((kind,), ref_template=REFERENCE)
    return schema


def reference(name: str) -> Schema:
    """A reference to a schema by its name."""
    return {"$ref": REFERENCE.format(name=name)}


def _as_sent(schema: Schema) -> Schema:
    properties = {name: _told(told) for name, told in schema.get("properties", {}).items()}
    described = {"description": _plain(schema["description"])} if "description" in schema else {}
    return {**schema, **described, "properties": properties} if properties else {**schema, **described}


def _told(schema: Schema) -> Schema:
    """None means "not told" in the protocol's types and is left out, so null never travels."""
    if schema.get("default", "") is not None:
        # msgspec leaves a tuple as it is, which no validator takes for an array.
        return {**schema, "default": []} if schema.get("default") == () else schema
    told = [kind for kind in schema["anyOf"] if kind != _NULL]
    return told[0] if len(told) == 1 else {"anyOf": told}


def _plain(docstring: str) -> str:
    """Without the references to notes that only the project has."""
    return " ".join(_NOTE.sub("", docstring).split())
