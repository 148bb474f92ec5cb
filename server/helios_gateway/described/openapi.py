"""The OpenAPI 3.1 document of the calls over HTTP, made from the types of their bodies and answers."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from helios_gateway.described.calls import CALLS, Call
from helios_gateway.described.schemas import Schema, components_of, schema_of

_ABOUT: Final = """\
Log in, then open the socket at /ws/cluster, whose messages /asyncapi.json describes. An error is a sentence of plain
text; one with 429 has a Retry-After header, in seconds. Every call may also be refused with 403 where the Host or the
Origin is not one that the gateway is served to, and with 405 for another method."""


def openapi_document(version: str) -> dict[str, Any]:
    """The whole document; its server is the one that it was read from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Helios gateway", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": {path: {call.method: _operation(path, call)} for call in CALLS for path in call.paths},
        "components": {
            "schemas": components_of(_types()),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "query": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "token",
                    "description": "At the socket only, for browsers, which cannot set the header there.",
                },
            },
        },
    }


def _types() -> Iterable[Any]:
    for call in CALLS:
        yield from call.answers
        yield from call.shapes.values()
        if call.body is not None:
            yield call.body


def _operation(path: str, call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{call.method}{path.replace('/', '_').replace('.', '_')}",
        "summary": call.summary,
        "security": [{scheme: []} for scheme in call.schemes],
        "parameters": [
            {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
            for name, meaning in call.query.items()
        ],
        "responses": {str(call.status): _good(call)} | {str(code): _bad(call, code) for code in sorted(call.refused)},
    }
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(schema_of(call.body))}
    return operation


def _good(call: Call) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(call.status).phrase}
    if not call.answers:
        return answer
    if call.answers == (str,):
        return {**answer, "content": {"text/plain": {"schema": {"type": "string"}}}}
    schemas = [schema_of(kind) for kind in call.answers]
    return {**answer, "content": _json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas})}


def _bad(call: Call, code: int) -> dict[str, Any]:
    shape = call.shapes.get(code)
    content = {"text/plain": {"schema": {"type": "string"}}} if shape is None else _json(schema_of(shape))
    answer: dict[str, Any] = {"description": call.refused[code], "content": content}
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        answer["headers"] = {"Retry-After": {"description": "In seconds.", "schema": {"type": "integer"}}}
    return answer


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
