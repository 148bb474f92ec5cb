"""The two documents: valid by the validators of others, complete, and of one mind with what reads a client's frames."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from helios_desktop.protocol.messages import SERVER_MESSAGE_TYPES
from helios_desktop.protocol.subscription import (
    PING_FRAME,
    UNSUBSCRIBE_FRAME,
    Ping,
    Subscribe,
    Topic,
    Unsubscribe,
    decode_request,
    subscribe_frame,
)
from helios_gateway.described.asyncapi import CLOSE_CODES, asyncapi_document, server
from helios_gateway.described.openapi import openapi_document
from helios_gateway.sockets import frames

ASYNCAPI: Final = {**asyncapi_document("1.0.0"), "servers": server("127.0.0.1:8080", is_secure=False)}
REQUESTS: Final = ("ping", "subscribe", "unsubscribe")


@pytest.fixture(scope="session")
def asyncapi_schema() -> Draft7Validator:
    """The official schema of AsyncAPI 3.0.0; its README says whence it is."""
    path = Path(__file__).parents[2] / "fixtures" / "asyncapi" / "3.0.0.json"
    return Draft7Validator(json.loads(path.read_text(encoding="utf-8")))


def test_the_openapi_document_is_valid_by_its_own_validator() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(openapi_document("1.0.0")).iter_errors()] == []


def test_the_openapi_validator_sees_a_reference_to_nothing() -> None:
    document = openapi_document("1.0.0")
    del document["info"]["title"]
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == [
        "'title' is a required property"
    ]


def test_the_asyncapi_document_is_valid_by_the_official_schema(asyncapi_schema: Draft7Validator) -> None:
    assert [error.message for error in asyncapi_schema.iter_errors(ASYNCAPI)] == []


@pytest.mark.parametrize(
    "path",
    [
        ("info", "title"),
        ("servers", "gateway", "host"),
        ("operations", "tell", "action"),
        ("components", "securitySchemes", "query", "in"),
    ],
)
def test_the_official_schema_misses_what_a_document_needs(
    path: tuple[str, ...], asyncapi_schema: Draft7Validator
) -> None:
    document = copy.deepcopy(ASYNCAPI)
    part = document
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    assert not asyncapi_schema.is_valid(document)


@pytest.mark.parametrize("document", [openapi_document("1.0.0"), ASYNCAPI], ids=["openapi", "asyncapi"])
def test_every_reference_leads_to_something_and_every_schema_is_referred_to(document: dict[str, Any]) -> None:
    referred = set(_references(document))
    for reference in referred:
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert schemas <= referred


@pytest.mark.parametrize("document", [openapi_document("1.0.0"), ASYNCAPI], ids=["openapi", "asyncapi"])
def test_a_document_speaks_of_nothing_that_only_the_project_has(document: dict[str, Any]) -> None:
    assert "wire.md" not in json.dumps(document)


def test_every_message_that_the_guide_names_is_in_the_document() -> None:
    assert set(ASYNCAPI["components"]["messages"]) == {*SERVER_MESSAGE_TYPES, *REQUESTS}
    told = [message["$ref"].rpartition("/")[2] for message in ASYNCAPI["operations"]["tell"]["messages"]]
    assert told == list(SERVER_MESSAGE_TYPES)


def test_every_close_code_of_the_gateway_is_in_the_document() -> None:
    ours = {code for name, code in vars(frames).items() if name.isupper() and name[0] != "_" and isinstance(code, int)}
    assert ours
    assert set(ASYNCAPI["channels"]["cluster"]["x-close-codes"]) == {str(code) for code in ours | {1002, 1007, 1009}}
    assert ours <= set(CLOSE_CODES)


@pytest.mark.parametrize(
    ("is_secure", "protocol"), [(False, "ws"), (True, "wss")], ids=["in the clear", "inside of TLS"]
)
def test_the_server_is_the_one_that_was_asked(is_secure: bool, protocol: str) -> None:
    told = server("gateway.example:8443", is_secure)["gateway"]
    assert (told["host"], told["protocol"]) == ("gateway.example:8443", protocol)


def request_kinds(frame: str) -> list[str]:
    """Which of the client's messages this is, by the document."""
    told = json.loads(frame)
    return [kind for kind in REQUESTS if _validator(kind).is_valid(told)]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (PING_FRAME, "ping"),
        (UNSUBSCRIBE_FRAME, "unsubscribe"),
        (subscribe_frame(frozenset({Topic.STATUS})), "subscribe"),
        (subscribe_frame(frozenset()), "subscribe"),
    ],
)
def test_what_our_own_client_sends_is_described(frame: str, kind: str) -> None:
    assert request_kinds(frame) == [kind]


_any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_flags = st.dictionaries(st.sampled_from([*Topic, "other"]), st.booleans() | _any_json, max_size=4)
_requests = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from([*REQUESTS, "status", ""]) | _any_json, "data": _flags | _any_json}
)


@given(_requests | _any_json)
@example({"type": "subscribe"})
@example({"type": "subscribe", "data": {"status": 1}})
@example({"type": "subscribe", "data": {"status": True, "more": 7}})
@example({"type": "ping", "data": None})
def test_the_document_and_the_gateway_take_the_same_requests(told: Any) -> None:
    frame = json.dumps(told)
    match decode_request(frame):
        case Ping():
            expected = ["ping"]
        case Subscribe():
            expected = ["subscribe"]
        case Unsubscribe():
            expected = ["unsubscribe"]
        case _:
            expected = []
    assert request_kinds(frame) == expected


def _validator(kind: str) -> Draft7Validator:
    payload = ASYNCAPI["components"]["messages"][kind]["payload"]
    return Draft7Validator({**payload, "components": ASYNCAPI["components"]})


def _references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [reference for inner in part for reference in _references(inner)]
    if not isinstance(part, dict):
        return []
    told = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    mapped = list(part["discriminator"]["mapping"].values()) if "discriminator" in part else []
    return told + mapped + [reference for inner in part.values() for reference in _references(inner)]
