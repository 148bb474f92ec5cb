"""Both documents against a running gateway: its routes, its answers, and every message that it sends."""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from helios_desktop.protocol.messages import SERVER_MESSAGE_TYPES
from helios_desktop.protocol.subscription import PING_FRAME, UNSUBSCRIBE_FRAME, Topic, subscribe_frame
from helios_gateway.accounts.accounts import DEMO_ACCOUNTS
from helios_gateway.admission.limits import Limits
from helios_gateway.app import create_app
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.described.calls import ASYNCAPI_PATH, CALLS, OPENAPI_PATH
from helios_gateway.gateway import Gateway, Options
from helios_gateway.simulation.faults import Add, Fault, Step, TakeSnapshot, Transfer
from helios_gateway.simulation.simulation import Simulation
from tests.integration.gateway.conftest import Served, until

Message = dict[str, Any]
NOT_ANSWERED_WELL: Final = {"/ws/cluster", "/api/auth/login", "/api/v1/auth/logout"}
"""The socket, and the second paths of calls that were made well by their first."""
WRONG: Final = (None, True, 1.5, "text", [None], {"other": None})


class Answer(NamedTuple):
    """What one call gave; a JSON answer is decoded."""

    method: str
    path: str
    status: int
    content_type: str
    body: Any


@dataclass
class Seen:
    """What one run of a gateway gave: its paths, its documents, its messages by type, its answers."""

    paths: set[str] = field(default_factory=set)
    openapi: dict[str, Any] = field(default_factory=dict)
    asyncapi: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    host: str = ""

    async def call(self, http: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> Any:
        """Make a call, and remember what it gave."""
        async with http.request(method, url, json=body) as answer:
            is_json = answer.content_type == "application/json"
            told = await (answer.json() if is_json else answer.text())
            self.answers.append(Answer(method, url.partition("?")[0], answer.status, answer.content_type, told))
            return told


@pytest.fixture(scope="module")
def seen() -> Seen:
    """One run for all of these tests: a cluster in which everything happens, watched on loopback."""
    seen = Seen()

    def recording(**parts: Any) -> web.Application:
        app = create_app(**parts)
        seen.paths = {resource.canonical for resource in app.router.resources()}
        return app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helios_gateway.gateway.create_app", recording)
        asyncio.run(_look(seen))
    return seen


async def _look(seen: Seen) -> None:
    cluster = SimulatedCluster(Simulation(seed=3, is_calm=True), now_ns=lambda: 1_800_000_000_000_000_000)
    limits = Limits(status_s=0.05, latency_s=0.05, uptime_s=0.05)
    gateway = Gateway(cluster, Options(DEMO_ACCOUNTS, port=0, limits=limits))
    async with gateway.serving(), aiohttp.ClientSession(gateway.ports["node1"].url) as http, asyncio.timeout(60):
        seen.host = gateway.ports["node1"].url.removeprefix("http://")
        seen.openapi = await seen.call(http, "get", OPENAPI_PATH)
        seen.asyncapi = await seen.call(http, "get", ASYNCAPI_PATH)
        login = {"username": "admin", "password": "admin123"}
        first = await seen.call(http, "post", "/api/v1/auth/login", login)
        token = (await seen.call(http, "post", "/api/auth/refresh", {"refresh_token": first["refresh_token"]}))["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        await cluster.apply(Step(20))
        async with (
            _reading(http, seen, "node1") as socket,
            _reading(http, seen, "node2"),
            _reading(http, seen, "node3"),
        ):
            await socket.send_str(UNSUBSCRIBE_FRAME)
            await socket.send_str(subscribe_frame(frozenset(Topic)))
            await socket.send_str(PING_FRAME)
            faults: tuple[Fault, ...] = (TakeSnapshot("node2"), Step(5), Transfer(), Step(5), Add(), Step(10))
            for fault in faults:
                await cluster.apply(fault)
            await _read_all(http, seen, cluster)
            await seen.call(http, "post", "/api/demo/faults", {"fault": "stop", "node": "node3"})
            await until(lambda: set(seen.messages) == set(SERVER_MESSAGE_TYPES))
        await _be_refused(http, seen)


@asynccontextmanager
async def _reading(
    http: aiohttp.ClientSession, seen: Seen, node: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]:
    async def read() -> None:
        async for frame in socket:
            message = frame.json()
            seen.messages.setdefault(message["type"], []).append(message)

    async with http.ws_connect("/ws/cluster", params={"node": node}) as socket:
        reader = asyncio.create_task(read())
        yield socket
        reader.cancel()


async def _read_all(http: aiohttp.ClientSession, seen: Seen, cluster: SimulatedCluster) -> None:
    peer = next(node for node in cluster.members() if cluster.status(node).state == "Leader")
    metric = next(iter(cluster.admin.metrics("node1").metrics))
    reads = [path for call in CALLS if call.method == "get" and call.status == 200 for path in call.paths]
    for url in [*reads, f"/admin/cluster/latency?node={peer}", f"/admin/cluster/metrics?name={metric}"]:
        await seen.call(http, "get", url)


async def _be_refused(http: aiohttp.ClientSession, seen: Seen) -> None:
    await seen.call(http, "post", "/api/auth/login", {"username": "admin", "password": "admin"})
    await seen.call(http, "post", "/api/auth/login", {"username": "admin"})
    await seen.call(http, "post", "/api/auth/refresh", {"refresh_token": "none"})
    await seen.call(http, "post", "/api/demo/faults", {"fault": "stop", "node": "node77"})
    await seen.call(http, "get", "/admin/cluster/status?node=node77")
    await seen.call(http, "get", "/admin/cluster/status?node=node3")
    await seen.call(http, "get", "/ws/cluster")
    await seen.call(http, "get", "/ws/cluster?since=then")
    await seen.call(http, "post", "/api/admin/revoke", {})
    await seen.call(http, "post", "/api/admin/revoke", {"username": "nobody"})
    await seen.call(http, "post", "/api/auth/logout")
    await seen.call(http, "post", "/api/v1/auth/logout")
    await seen.call(http, "get", "/admin/cluster/peers")


def test_every_route_is_in_the_openapi_document_and_every_path_of_it_is_a_route(seen: Seen) -> None:
    assert seen.paths == set(seen.openapi["paths"])


def test_every_call_is_answered_as_the_openapi_document_says(seen: Seen) -> None:
    assert {answer.path for answer in seen.answers if answer.status == 200} == seen.paths - NOT_ANSWERED_WELL
    for answer in seen.answers:
        content = seen.openapi["paths"][answer.path][answer.method]["responses"][str(answer.status)]["content"]
        assert list(content) == [answer.content_type], answer
        errors = _openapi_validator(seen, content[answer.content_type]["schema"]).iter_errors(answer.body)
        assert [f"{answer.path}: {error.json_path}: {error.message}" for error in errors] == []


def test_refusals_were_among_the_answers(seen: Seen) -> None:
    assert {answer.status for answer in seen.answers} == {200, 400, 401, 404, 503}


def test_the_asyncapi_document_names_the_gateway_as_it_was_asked(seen: Seen) -> None:
    server = seen.asyncapi["servers"]["gateway"]
    assert (server["host"], server["protocol"]) == (seen.host, "ws")


@pytest.mark.parametrize("kind", SERVER_MESSAGE_TYPES)
def test_every_message_that_was_sent_is_as_described(kind: str, seen: Seen) -> None:
    validators = {other: _message_validator(seen, other) for other in SERVER_MESSAGE_TYPES}
    for message in seen.messages[kind]:
        errors = validators[kind].iter_errors(message)
        assert [f"{error.json_path}: {error.message}" for error in errors] == []
        assert [other for other, validator in validators.items() if validator.is_valid(message)] == [kind]


@pytest.mark.parametrize("kind", SERVER_MESSAGE_TYPES)
def test_a_message_with_one_value_of_another_type_is_not_as_described(kind: str, seen: Seen) -> None:
    validator = _message_validator(seen, kind)

    @given(st.data())
    def check(data: st.DataObject) -> None:
        message = copy.deepcopy(data.draw(st.sampled_from(seen.messages[kind][:20])))
        place, key = data.draw(st.sampled_from(list(_places(message))))
        place[key] = data.draw(st.sampled_from([value for value in WRONG if not _is_alike(value, place[key])]))
        assert not validator.is_valid(message)

    check()


@pytest.mark.parametrize("kind", SERVER_MESSAGE_TYPES)
def test_a_message_that_lacks_a_field_of_its_head_or_its_body_is_not_as_described(kind: str, seen: Seen) -> None:
    validator = _message_validator(seen, kind)
    for message in seen.messages[kind][:3]:
        body = message.get("data", {}) if kind != "custom_metrics" else {}
        for part, key in [("", key) for key in message] + [("data", key) for key in body]:
            lacking = copy.deepcopy(message)
            del (lacking[part] if part else lacking)[key]
            assert not validator.is_valid(lacking), f"{part}.{key}"


@pytest.mark.parametrize("path", [OPENAPI_PATH, ASYNCAPI_PATH])
async def test_a_document_is_read_without_a_token_by_a_page_too(path: str, served: Served) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(served.url + path, headers={"Origin": "http://localhost:3000"}) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
            assert answer.content_type == "application/json"
        async with http.post(served.url + path) as answer:
            assert (answer.status, await answer.text()) == (405, "Method not allowed\n")


async def test_behind_a_proxy_the_socket_is_described_as_the_proxy_serves_it(served: Served) -> None:
    headers = {"Host": "localhost:8443", "X-Forwarded-Proto": "https"}
    async with served.http.get(served.url + ASYNCAPI_PATH, headers=headers) as answer:
        server = (await answer.json())["servers"]["gateway"]
    assert (server["host"], server["protocol"]) == ("localhost:8443", "wss")


def _openapi_validator(seen: Seen, schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": seen.openapi["components"]})


def _message_validator(seen: Seen, kind: str) -> Draft7Validator:
    payload = seen.asyncapi["components"]["messages"][kind]["payload"]
    return Draft7Validator({**payload, "components": seen.asyncapi["components"]})


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a message, by what holds it and its key there."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield part, key
        yield from _places(value)


def _is_alike(one: Any, other: Any) -> bool:
    """Whether both are of one type, as JSON Schema sees it; a whole number is no other type than a broken one here."""
    kinds = [
        bool if isinstance(value, bool) else float if isinstance(value, int | float) else type(value)
        for value in (one, other)
    ]
    return kinds[0] is kinds[1]
