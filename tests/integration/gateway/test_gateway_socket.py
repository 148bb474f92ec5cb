"""The socket: what is sent when, what may be asked, how it ends."""

import asyncio
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from helios_desktop.protocol.messages import PeerChange
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.cluster import NodeRemoved, Told

GUIDE_DATA = {
    "status": {
        "node_id": str,
        "state": str,
        "term": int,
        "commit_index": int,
        "last_applied": int,
        "leader": str,
        "peers": list,
    },
    "state_change": {"old_state": str, "new_state": str, "term": int},
    "peer_change": {"event_type": str, "peer_id": str, "peer_address": str},
    "uptime": {"current_uptime": str, "total_sessions": int, "total_uptime": str},
    "snapshot": {"index": int, "term": int, "size_bytes": int, "duration_ms": int},
    "error": {"error": str},
}
GUIDE_DATA["status_update"] = GUIDE_DATA["status"]
QUICK = Limits(status_s=0.05, latency_s=0.05, uptime_s=0.05, sweep_s=0.02)
SLOW = Limits(status_s=3600, latency_s=3600, uptime_s=3600, sweep_s=0.02)
ALL = ("status", "latency", "uptime", "snapshot", "custom_metrics", "state_changes", "peer_changes")


def subscribe(**wanted: object) -> str:
    return json.dumps({"type": "subscribe", "data": wanted})


async def test_each_type_of_message_has_exactly_the_keys_and_types_of_the_guide(serve: Any, until: Any) -> None:
    async with serve(seed=3, is_calm=True, limits=QUICK, speed=50.0) as served:
        seen: dict[str, dict[str, Any]] = {}

        async def collect(ws: aiohttp.ClientWebSocketResponse[bool]) -> None:
            async for frame in ws:
                message = json.loads(frame.data)
                # A latency with samples tells more than one without.
                if message["type"] != "latency" or message["data"]["aggregated"]:
                    seen.setdefault(message["type"], message)

        sockets = [await served.open(node) for node in ("node1", "node2", "node3")]
        readers = [asyncio.create_task(collect(ws)) for ws in sockets]
        await sockets[0].send_str('{"type":"ping"}')
        await served.fault(fault="add")
        for node in ("node1", "node2", "node3"):
            await served.fault(fault="snapshot", node=node)
        await served.fault(fault="step", seconds=20)
        await served.fault(fault="transfer")
        await served.fault(fault="step", seconds=5)
        await served.fault(fault="stop", node="node3")
        wanted = {*GUIDE_DATA, "latency", "custom_metrics", "pong"}
        await until(lambda: seen.keys() == wanted)
        for reader in readers:
            reader.cancel()

    for message_type, message in seen.items():
        keys = {"type", "timestamp", "data", "boot", "seq", "prev"} - ({"data"} if message_type == "pong" else set())
        assert set(message) == keys
        if message_type in GUIDE_DATA:
            assert {key: type(value) for key, value in message["data"].items()} == GUIDE_DATA[message_type]
    latency = seen["latency"]["data"]
    assert set(latency) == {"aggregated", "peers"}
    guide_keys = {"count", "avg_value_ms", "min_value_ms", "max_value_ms"}
    for stats in latency["aggregated"].values():
        assert set(stats) == guide_keys | {"p50_value_ms", "p90_value_ms", "p99_value_ms"}
        assert stats["min_value_ms"] <= stats["p50_value_ms"] <= stats["p99_value_ms"] <= stats["max_value_ms"]
    for metric in seen["custom_metrics"]["data"].values():
        assert set(metric) == {"type", "help", "value"}


async def test_the_first_message_is_the_status_of_the_node_that_was_named(served: Any) -> None:
    for node in ("node1", "node2", "node3"):
        async with await served.open(node) as ws:
            message = await ws.receive_json(timeout=5)
            assert message["type"] == "status"
            assert message["data"]["node_id"] == node
            assert message["prev"] == 0
    async with await served.open() as ws:
        assert (await ws.receive_json(timeout=5))["data"]["node_id"] == "node1"


async def test_statuses_latency_and_uptime_keep_coming(serve: Any) -> None:
    async with serve(limits=QUICK) as served, await served.open() as ws:
        for _ in range(3):
            for message_type in ("status", "latency", "uptime"):
                await served.next_of(ws, message_type)


async def test_no_message_is_missing_in_the_chain(serve: Any) -> None:
    async with serve(limits=QUICK, speed=50.0) as served, await served.open() as ws:
        messages = [await ws.receive_json(timeout=5) for _ in range(20)]
        assert all(after["prev"] == before["seq"] for before, after in itertools.pairwise(messages))
        assert len({message["boot"] for message in messages}) == 1


async def test_a_ping_gets_a_pong_without_data(served: Any) -> None:
    async with await served.open() as ws:
        first = await ws.receive_json(timeout=5)
        await ws.send_bytes(b'{"type":"ping","timestamp":"2024-01-15T10:30:00Z"}')
        pong = await ws.receive_json(timeout=5)
        assert pong["type"] == "pong"
        assert "data" not in pong
        assert pong["prev"] == first["seq"]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (subscribe(status="yes"), "data.status"),
        (subscribe(peer_changes=1), "data.peer_changes"),
        ('{"type":"subscribe"}', "data"),
        ('{"type":"subscribe","data":[true]}', "data"),
        ('{"type":"subscribe","data":null}', "data"),
        ("no json", "not a message"),
        ('{"type":5}', "type"),
    ],
)
async def test_a_wrong_request_is_answered_and_changes_nothing(served: Any, frame: str, says: str) -> None:
    async with await served.open() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_str(frame)
        error = await ws.receive_json(timeout=5)
        assert error["type"] == "error"
        assert says in error["data"]["error"]
        await served.fault(fault="heal")
        assert (await ws.receive_json(timeout=5))["type"] == "status_update"


async def test_a_subscription_selects_and_status_turned_on_comes_at_once(served: Any) -> None:
    async with await served.open() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_str(subscribe(peer_changes=True, colour=7))
        await ws.send_str('{"type":"ping"}')
        assert (await ws.receive_json(timeout=5))["type"] == "pong"
        await served.fault(fault="heal")
        await ws.send_str('{"type":"nonsense"}')
        await ws.send_str(subscribe(**dict.fromkeys(ALL, True)))
        update = await ws.receive_json(timeout=5)
        assert update["type"] == "status_update"
        # On already: nothing new to tell.
        await ws.send_str(subscribe(status=True))
        await ws.send_str('{"type":"ping"}')
        assert (await ws.receive_json(timeout=5))["type"] == "pong"
        await ws.send_str('{"type":"unsubscribe"}')
        await served.fault(fault="heal")
        await ws.send_str('{"type":"ping"}')
        assert (await ws.receive_json(timeout=5))["type"] == "pong"


async def test_a_stopped_node_says_that_it_has_no_status_until_it_is_back(serve: Any) -> None:
    async with serve(limits=replace(SLOW, status_s=0.05)) as served, await served.open("node2") as ws:
        await served.next_of(ws, "status")
        await served.fault(fault="stop", node="node2")
        error = await served.next_of(ws, "error")
        assert error["data"] == {"error": "Failed to retrieve cluster status"}
        # In place of each status, and of the first one of a newcomer.
        assert (await ws.receive_json(timeout=5))["type"] == "error"
        async with await served.open("node2") as other:
            assert (await other.receive_json(timeout=5))["type"] == "error"
        await served.fault(fault="start", node="node2")
        assert (await served.next_of(ws, "status_update"))["data"]["node_id"] == "node2"


async def test_a_fault_is_told_once_to_each_client(served: Any) -> None:
    async with await served.open("node1") as one, await served.open("node2") as two:
        for fault, types in (("stop", ["status_update", "error"]), ("start", ["status_update", "status_update"])):
            for ws in (one, two):
                await ws.receive_json(timeout=5)
                await ws.send_str(subscribe(status=True))
            await served.fault(fault=fault, node="node2")
            for ws, message_type in zip((one, two), types, strict=True):
                assert (await ws.receive_json(timeout=5))["type"] == message_type
                await ws.send_str('{"type":"ping"}')
                assert (await ws.receive_json(timeout=5))["type"] == "pong"
                await ws.send_str("{}")


async def test_a_removed_node_ends_its_sockets_and_is_not_found(serve: Any) -> None:
    async with serve(speed=50.0) as served, await served.open("node3") as ws:
        await served.fault(fault="remove", node="node3")
        async with asyncio.timeout(20):
            async for _ in ws:
                pass
        assert ws.close_code == 4404
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.open("node3")
        assert refused.value.status == 404


async def test_what_was_said_in_the_turn_of_an_end_comes_before_it(served: Any) -> None:
    hub = served.gateway.hub
    async with await served.open() as ws:
        await served.next_of(ws, "status")
        hub.see(Told("node1", PeerChange("node1", "removed", "localhost:8001")))
        hub.see(NodeRemoved("node1"))
        assert (await ws.receive_json(timeout=5))["type"] == "peer_change"
        frame = await ws.receive(timeout=5)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 4404)


async def test_no_pong_to_a_native_ping_closes(serve: Any) -> None:
    limits = replace(SLOW, ping_interval_s=0.05, pong_timeout_s=0.1)
    async with serve(limits=limits) as served, await served.open(autoping=False) as ws:
        kinds = []
        async with asyncio.timeout(10):
            while (frame := await ws.receive()).type is not aiohttp.WSMsgType.CLOSE:
                kinds.append(frame.type)
                await ws.send_str('{"type":"ping"}')  # does not count
        assert kinds.count(aiohttp.WSMsgType.PING) == 1
        assert (frame.data, frame.extra) == (4409, "no pong")


async def test_pongs_keep_a_socket(serve: Any) -> None:
    limits = replace(SLOW, ping_interval_s=0.02, pong_timeout_s=0.5)
    async with serve(limits=limits) as served, await served.open(autoping=False) as ws:
        for _ in range(5):
            async with asyncio.timeout(5):
                while (frame := await ws.receive()).type is not aiohttp.WSMsgType.PING:
                    assert frame.type is aiohttp.WSMsgType.TEXT
            await ws.pong(frame.data)


async def test_a_native_ping_is_answered_with_its_payload(served: Any) -> None:
    async with await served.open(autoping=False) as ws:
        await ws.receive_json(timeout=5)
        await ws.ping(b"hello")
        frame = await ws.receive(timeout=5)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.PONG, b"hello")


@pytest.mark.parametrize("code", [1000, 4001])
async def test_a_close_is_answered_with_its_code(served: Any, until: Any, code: int) -> None:
    ws = await served.open()
    await ws.close(code=code)
    assert ws.close_code == code
    await until(lambda: served.gateway.hub.audience("node1") == 0)


async def test_a_socket_ends_with_the_last_token_of_its_login(served: Any) -> None:
    async with await served.open() as ws:
        await ws.receive_json(timeout=5)
        served.clock.now_ns += 800 * 10**9
        body = {"refresh_token": served.refresh_token}
        async with served.http.post(f"{served.url}/api/auth/refresh", json=body) as answer:
            assert answer.status == 200
        # The first token is over, the login is not.
        served.clock.now_ns += 200 * 10**9
        await ws.send_str('{"type":"ping"}')
        assert (await ws.receive_json(timeout=5))["type"] == "pong"
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.1)
        served.clock.now_ns += 700 * 10**9
        frame = await ws.receive(timeout=5)
        assert frame.type is aiohttp.WSMsgType.CLOSE
        assert (frame.data, frame.extra) == (4401, "token expired")


async def test_a_message_that_is_too_large_closes_that_socket_only(served: Any) -> None:
    async with await served.open() as other, await served.open() as ws:
        await ws.receive_json(timeout=5)
        await other.receive_json(timeout=5)
        await ws.send_str('{"type":"' + "x" * 70_000 + '"}')
        assert "at most 65536 bytes" in (await ws.receive_json(timeout=5))["data"]["error"]
        assert (await ws.receive(timeout=5)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
        assert ws.close_code == 1009
        await other.send_str('{"type":"ping"}')
        assert (await other.receive_json(timeout=5))["type"] == "pong"


async def test_handshakes_fail_as_the_real_gateway_says(served: Any, captures: Path) -> None:
    cases = {case["case"]: case for case in json.loads((captures / "handshake_failures.json").read_text())}
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    good = served.headers["Authorization"]
    token = good.removeprefix("Bearer ")
    await served.log_in("viewer", "viewer123")
    viewer = served.headers["Authorization"]
    asked: dict[str, tuple[str, str, dict[str, str]]] = {
        "no_token": ("GET", "", upgrade),
        "empty_token_query": ("GET", "?token=", upgrade),
        "bad_token_query": ("GET", "?token=bad", upgrade),
        "bad_token_header": ("GET", "", upgrade | {"Authorization": "Bearer bad"}),
        "readonly_role": ("GET", "", upgrade | {"Authorization": viewer}),
        "bad_query_good_header": ("GET", "?token=bad", upgrade | {"Authorization": good}),
        "lowercase_bearer": ("GET", "", upgrade | {"Authorization": f"bearer {token}"}),
        "raw_header_no_bearer": ("GET", "", upgrade | {"Authorization": token}),
        "basic_scheme": ("GET", "", upgrade | {"Authorization": "Basic YTpi"}),
        "ok_query": ("GET", f"?token={token}", upgrade),
        "plain_http_get_good_token": ("GET", f"?token={token}", {}),
        "post_good_token": ("POST", f"?token={token}", upgrade),
        "wrong_ws_version": ("GET", f"?token={token}", upgrade | {"Sec-WebSocket-Version": "12"}),
        "trailing_slash": ("GET", f"/?token={token}", upgrade),
    }
    for name, (method, rest, headers) in asked.items():
        status_line, body, fields = await _raw_request(served, method, f"/ws/cluster{rest}", headers)
        case = cases[name]
        assert status_line == case["status_line"], name
        if " 101 " in status_line:
            continue
        assert body == case["body"], name
        told = {field.split(":")[0].lower() for field in case["headers"]}
        assert told <= {field.lower() for field in fields}, name


async def _raw_request(served: Any, method: str, path: str, headers: dict[str, str]) -> tuple[str, str, list[str]]:
    port = served.gateway.ports["node1"].number
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{key}: {value}" for key, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
    fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
    body = (await reader.readexactly(int(fields.get("content-length", "0")))).decode()
    writer.close()
    return head[0], body, list(fields)
