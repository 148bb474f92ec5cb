"""Each limit over real sockets: what is answered, counted and logged, and that the others notice nothing."""

import asyncio
import json
import logging
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from helios_gateway.accounts.accounts import Denied
from helios_gateway.admission.bounds import Bounds
from helios_gateway.admission.limits import Limits
from helios_gateway.metrics import Metrics
from tests.integration.gateway.raw_socket import RawSocket

QUIET = Limits(status_s=3600, latency_s=3600, uptime_s=3600, sweep_s=0.02)
SELDOM_PER_S = 1e-6
"""A rate at which nothing comes back while a test runs."""
TOPICS = ("status", "latency", "uptime", "snapshot", "custom_metrics", "state_changes", "peer_changes")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


def told(caplog: pytest.LogCaptureFixture, part: str) -> int:
    """How many lines say this; none of any kind may hold a secret."""
    for secret in ("geheim", "admin123", "Bearer", "token="):
        assert secret not in caplog.text
    return sum(part in line for line in caplog.messages)


async def log_in(served: Any, username: str, password: str, address: str = "") -> tuple[int, str, str | None]:
    """Status, body, Retry-After."""
    headers = {"X-Forwarded-For": address} if address else {}
    body = {"username": username, "password": password}
    async with served.http.post(f"{served.url}/api/auth/login", json=body, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers.get("Retry-After")


async def upgrade(served: Any, address: str = "") -> tuple[int, str, str | None]:
    """The same of a socket that is asked for; one that opens is closed."""
    headers = {**served.headers, **UPGRADE} | ({"X-Forwarded-For": address} if address else {})
    async with served.http.get(f"{served.url}/ws/cluster", headers=headers) as answer:
        text = "" if answer.status == 101 else await answer.text()
        answer.close()
        return answer.status, text, answer.headers.get("Retry-After")


@asynccontextmanager
async def witness(served: Any) -> AsyncIterator[None]:
    """A client that must be served before and after as if nothing happened, in a chain without a gap."""
    async with await served.open() as ws:
        last = await ws.receive_json(timeout=5)
        yield
        await ws.send_str('{"type":"ping"}')
        pong = await ws.receive_json(timeout=5)
        assert (pong["type"], pong["prev"]) == ("pong", last["seq"])


async def closed(ws: aiohttp.ClientWebSocketResponse[bool]) -> tuple[int | None, list[str]]:
    """Read until the close frame: its code, and what the errors before it said."""
    errors = []
    async with asyncio.timeout(10):
        while (frame := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            message = json.loads(frame.data)
            if message["type"] == "error":
                errors.append(message["data"]["error"])
    return ws.close_code, errors


async def test_wrong_passwords_cost_a_wait_that_is_told(
    serve: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(limits=replace(QUIET, login_free=2, login_wait_s=1000.0), is_proxied=True) as served:
        async with witness(served):
            for _ in range(3):
                assert (await log_in(served, "nobody", "geheim", "192.0.2.1"))[0] == 401
            for _ in range(20):
                status, body, wait_s = await log_in(served, "admin", "admin123", "192.0.2.1")
                assert (status, body) == (429, "Too many wrong passwords: try again in 300 s\n")
                assert wait_s == "300"
            # By address, and by user whatever the address.
            assert (await log_in(served, "nobody", "geheim", "192.0.2.2"))[0] == 429
            assert (await log_in(served, "admin", "admin123", "192.0.2.2"))[0] == 200
        assert served.gateway.metrics.logins["limited"] == 21
        assert served.gateway.metrics.logins["wrong"] == 3
    assert 1 <= told(caplog, "192.0.2.1: a login is held back after wrong passwords") <= 3


async def test_after_the_wait_the_right_password_lets_in_and_forgets(serve: Any, until: Any) -> None:
    async with serve(limits=replace(QUIET, login_free=1, login_wait_s=0.05)) as served:
        for _ in range(2):
            assert (await log_in(served, "admin", "geheim"))[0] == 401
        assert (await log_in(served, "admin", "admin123"))[0] == 429

        async def is_let_in() -> bool:
            return (await log_in(served, "admin", "admin123"))[0] == 200

        await until(is_let_in)
        assert (await log_in(served, "admin", "geheim"))[0] == 401
        assert (await log_in(served, "admin", "admin123"))[0] == 200


async def test_guesses_from_elsewhere_do_not_lock_a_user_out_where_it_logged_in_before(serve: Any) -> None:
    limits = replace(QUIET, login_free=1, login_wait_s=1000.0)
    async with serve(limits=limits, is_proxied=True) as served:
        assert (await log_in(served, "admin", "admin123", "198.51.100.7"))[0] == 200
        for last in range(2):
            assert (await log_in(served, "admin", "geheim", f"192.0.2.{last}"))[0] == 401
        assert (await log_in(served, "admin", "admin123", "192.0.2.9"))[0] == 429
        assert (await log_in(served, "admin", "admin123", "198.51.100.7"))[0] == 200


async def test_an_address_that_logs_in_too_often_must_wait_though_its_password_is_right(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(limits=replace(QUIET, logins_per_s=0.01, logins_burst=2), is_proxied=True) as served:
        answers = [await log_in(served, "admin", "admin123", "192.0.2.1") for _ in range(3)]
        assert [status for status, _, _ in answers] == [200, 200, 429]
        assert answers[-1][1:] == ("Too many logins in a short time: try again in 100 s\n", "100")
        assert (await log_in(served, "admin", "admin123", "192.0.2.2"))[0] == 200
        assert served.gateway.metrics.logins["limited"] == 1
    assert told(caplog, "192.0.2.1: it logs in too often") == 1


async def test_guesses_that_come_all_at_once_are_no_more_than_those_that_come_in_turn(serve: Any) -> None:
    async with serve(limits=replace(QUIET, login_free=3, login_wait_s=1000.0)) as served:
        answers = await asyncio.gather(*(log_in(served, "admin", "geheim") for _ in range(60)))
        statuses = Counter(status for status, _, _ in answers)
        assert set(statuses) == {401, 429}
        # The fourth one costs the wait, and one more may be looked at meanwhile.
        assert statuses[401] <= 4 + 1


async def test_a_login_that_finds_too_many_waiting_is_told_when_to_come_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    guesses = Bounds(replace(QUIET, logins_waiting=1), metrics).guesses
    is_looked_at = asyncio.Event()

    async def look() -> Denied:
        await is_looked_at.wait()
        return Denied.WRONG

    attempts = [asyncio.create_task(guesses.attempt(f"geheim{number}", "192.0.2.1", look)) for number in range(3)]
    await asyncio.sleep(0)
    refused = await guesses.attempt("geheim4", "192.0.2.1", look)
    assert isinstance(refused, web.Response)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert refused.text == "Too many log in at once: try again in 1 s\n"
    is_looked_at.set()
    assert await asyncio.gather(*attempts) == [Denied.WRONG] * 3
    assert metrics.logins["busy"] == 1
    assert told(caplog, "192.0.2.1: 1 logins wait for their turn") == 1


async def test_a_user_has_so_many_sockets_and_another_still_gets_one(
    serve: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    limits = replace(QUIET, sockets_per_user=2)
    async with serve(limits=limits, readonly_may_watch=True) as served:
        async with await served.open() as first:
            async with witness(served):
                status, body, wait_s = await upgrade(served)
                assert (status, wait_s) == (429, "5")
                assert "admin has 2 sockets open, which is the most" in body
                admin = dict(served.headers)
                await served.log_in("viewer", "viewer123")
                async with await served.open() as other:
                    assert (await other.receive_json(timeout=5))["type"] == "status"
                served.headers = admin
            await first.close()

        async def is_let_in() -> bool:
            return (await upgrade(served))[0] == 101

        await until(is_let_in)
        assert served.gateway.metrics.refused["sockets_user"] >= 1
    assert told(caplog, "admin at 127.0.0.1: 2 sockets of one user are open") >= 1


async def test_there_are_so_many_sockets_in_all_and_the_rest_is_served_on(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(limits=replace(QUIET, sockets=1)) as served:
        async with witness(served):
            assert await upgrade(served) == (503, "All 1 sockets are taken: try again in 5 s\n", "5")
            url = f"{served.url}/admin/cluster/status"
            async with served.http.get(url, headers=served.headers) as answer:
                assert answer.status == 200
        assert served.gateway.metrics.refused["sockets_all"] == 1
    assert told(caplog, "all 1 sockets are taken") == 1


async def test_sockets_are_opened_so_often_by_one_user_and_from_one_address(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    limits = replace(QUIET, upgrades_per_s=0.01, upgrades_burst=3)
    async with serve(limits=limits, is_proxied=True, readonly_may_watch=True) as served:
        async with witness(served):
            for last in range(2):
                assert (await upgrade(served, f"192.0.2.{last}"))[0] == 101
            status, body, wait_s = await upgrade(served, "192.0.2.9")
            assert (status, wait_s) == (429, "100")
            assert body == "Too many sockets were opened in a short time: try again in 100 s\n"
            admin = dict(served.headers)
            await served.log_in("viewer", "viewer123")
            for _ in range(3):
                assert (await upgrade(served, "192.0.2.10"))[0] == 101
            served.headers = admin
        assert served.gateway.metrics.refused["upgrade_rate"] == 1
    assert told(caplog, "admin at 192.0.2.9: it opens sockets too often") == 1


async def test_the_sockets_of_one_address_are_counted_whoever_opens_them(serve: Any) -> None:
    limits = replace(QUIET, upgrades_per_s=0.01, upgrades_burst=2)
    async with serve(limits=limits, readonly_may_watch=True) as served:
        assert (await upgrade(served))[0] == 101
        await served.log_in("viewer", "viewer123")
        assert [(await upgrade(served))[0] for _ in range(2)] == [101, 429]


async def raw(port: int, sent: bytes = b"") -> bytes:
    """What a connection gets until its end; `sent` asks for one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def test_who_connects_too_often_is_answered_before_it_asks(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(limits=replace(QUIET, connects_per_s=0.01, connects_burst=5)) as served:
        port = served.gateway.ports["node1"].number
        async with witness(served):
            # The session has one: that of its login became the socket.
            answers = [await raw(port, ASK) for _ in range(4 + 10)]
            assert [b" 404 " in answer for answer in answers] == [True] * 4 + [False] * 10
            head, _, body = answers[-1].partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
            assert b"\r\nRetry-After: 100" in head
            assert body == b"Too many connections in a short time: try again in 100 s\n"
        assert served.gateway.metrics.refused["connect_rate"] == 10
    assert told(caplog, "127.0.0.1: it connects too often") == 1


@pytest.mark.parametrize("is_reset", [True, False])
@pytest.mark.parametrize("limits", [replace(QUIET, connects_per_s=SELDOM_PER_S, connects_burst=2), QUIET])
async def test_who_is_gone_before_it_is_accepted_leaves_nothing(
    serve: Any, until: Any, caplog: pytest.LogCaptureFixture, limits: Limits, *, is_reset: bool
) -> None:
    async with serve(limits=limits) as served:
        async with witness(served):
            for _ in range(50):
                with socket.create_connection(("127.0.0.1", served.gateway.ports["node1"].number)) as gone:
                    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", is_reset, 0))
        await until(lambda: len(served.gateway.bounds.connections) <= 1)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_the_connections_of_a_proxy_are_not_counted_as_one_address(serve: Any) -> None:
    limits = replace(QUIET, connects_per_s=0.01, connects_burst=2)
    async with serve(limits=limits, is_proxied=True) as served:
        port = served.gateway.ports["node1"].number
        for _ in range(10):
            assert b" 404 " in await raw(port, ASK)


async def test_who_finds_all_places_taken_is_told_when_to_come_again(serve: Any, until: Any) -> None:
    async with serve(limits=replace(QUIET, connections=1)) as served:
        port = served.gateway.ports["node1"].number
        answers = await asyncio.gather(*(raw(port, ASK) for _ in range(200)), return_exceptions=True)
        whole = [answer for answer in answers if isinstance(answer, bytes) and answer]
        # Only so many are given the time to read it.
        assert len(whole) >= 64
        assert all(answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 5\r\n" in answer for answer in whole)
        assert served.gateway.metrics.refused["connections"] == 200
        assert len(served.gateway.bounds.connections) == 1


async def test_one_address_does_not_take_all_places(serve: Any, until: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(limits=replace(QUIET, connections_per_address=3)) as served:
        connections, port = served.gateway.bounds.connections, served.gateway.ports["node1"].number
        await until(lambda: len(connections) == 1)
        idle = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(2)]
        await until(lambda: len(connections) == 3)
        answer = await raw(port, ASK)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"\r\nRetry-After: 5\r\n" in answer
        assert b"Too many connections are open from your address: try again in 5 s" in answer
        assert served.gateway.metrics.refused["connections"] == 1
        # Another address, of this machine too.
        reader, other = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        other.write(ASK)
        assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
        other.close()
        for writer in idle:
            writer.transport.abort()
        await until(lambda: len(connections) == 1)
        assert (await raw(port, ASK)).startswith(b"HTTP/1.1 404 ")
    assert told(caplog, "127.0.0.1: 3 connections from there are open") == 1


async def test_a_client_that_sends_too_much_is_told_then_closed(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    limits = replace(QUIET, messages_per_s=SELDOM_PER_S, messages_burst=10)
    async with serve(limits=limits) as served:
        async with await served.open() as ws:
            async with witness(served):
                await ws.receive_json(timeout=5)
                for _ in range(11):
                    await ws.send_str('{"type":"ping"}')
                types = [(await ws.receive_json(timeout=5))["type"] for _ in range(11)]
                assert types == ["pong"] * 10 + ["error"]
                for _ in range(10):
                    await ws.send_str('{"type":"ping"}')
                code, errors = await closed(ws)
            assert code == 4429
            assert "a second are followed, and this one is not" in errors[-1]
            assert errors[-1].endswith("the connection is closed")
        assert served.gateway.metrics.abused["message_rate"] == 11
        assert served.gateway.metrics.closed[4429] == 1
    assert told(caplog, "admin at 127.0.0.1: it sends more than") == 1


@pytest.mark.parametrize("kind", ["ping", "pong"])
async def test_native_pings_and_pongs_count_as_messages(serve: Any, kind: str) -> None:
    limits = replace(QUIET, messages_per_s=SELDOM_PER_S, messages_burst=3)
    async with serve(limits=limits) as served, await served.open(autoping=False) as ws:
        for _ in range(7):
            await (ws.ping() if kind == "ping" else ws.pong())
        pongs = 0
        async with asyncio.timeout(10):
            while (frame := await ws.receive()).type is not aiohttp.WSMsgType.CLOSE:
                pongs += frame.type is aiohttp.WSMsgType.PONG
        assert pongs == (3 if kind == "ping" else 0)
        assert ws.close_code == 4429


async def test_parts_of_messages_count_as_messages(serve: Any) -> None:
    limits = replace(QUIET, messages_per_s=SELDOM_PER_S, messages_burst=3)
    async with serve(limits=limits) as served:
        with await RawSocket.open(served) as ws:
            await ws.send(0x01, b"")
            for _ in range(6):
                await ws.send(0x00, b"")
            messages, code, _ = await ws.rest()
            assert code == 4429
            assert messages[-1]["data"]["error"].endswith("the connection is closed")


async def test_nothing_is_read_of_a_client_that_was_closed_for_its_flood(serve: Any) -> None:
    limits = replace(QUIET, messages_per_s=SELDOM_PER_S, messages_burst=3, grace_s=3600)
    async with serve(limits=limits) as served:
        with await RawSocket.open(served) as ws:
            # The last of them breaks the protocol, which nobody sees any more.
            for first in (*[0x89] * 7, 0x8F):
                await ws.send(first, b"")
            while (frame := await ws.frame())[0] != 0x88:
                pass
            assert int.from_bytes(frame[1][:2], "big") == 4429
            assert served.gateway.metrics.abused["message_rate"] == 4
            async with asyncio.timeout(10):
                # Not after the grace: the gateway has ended its side.
                assert await ws.reader.read() == b""


async def test_nothing_is_read_of_a_flood_from_one_that_was_told_to_close(serve: Any, until: Any) -> None:
    limits = replace(QUIET, messages_per_s=SELDOM_PER_S, messages_burst=3, grace_s=3600)
    async with serve(limits=limits) as served:
        with await RawSocket.open(served) as ws:
            async with served.http.post(f"{served.url}/api/auth/logout", headers=served.headers) as answer:
                assert answer.status == 200
            assert (await ws.rest())[1] == 4403
            for _ in range(20):
                await ws.send(0x89, b"")
            abused = served.gateway.metrics.abused
            await until(lambda: abused["message_rate"] >= 4)
            # What is behind them is not read, not even a close frame that would be answered.
            await ws.send(0x88, b"\x03\xe8")
            await served.log_in("admin", "admin123")
            async with await served.open() as other:
                await other.receive_json(timeout=5)
            assert abused["message_rate"] == 4
            assert served.gateway.metrics.closed == {4403: 1}


async def test_a_client_that_sends_steadily_within_its_rate_is_never_told(serve: Any) -> None:
    limits = replace(QUIET, messages_per_s=1e6, messages_burst=1)
    async with serve(limits=limits) as served, await served.open() as ws:
        await ws.receive_json(timeout=5)
        for _ in range(200):
            await ws.send_str('{"type":"ping"}')
            assert (await ws.receive_json(timeout=5))["type"] == "pong"


async def test_a_client_that_subscribes_too_often_keeps_its_last_subscription_then_is_closed(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    limits = replace(QUIET, subscribes_per_s=SELDOM_PER_S, subscribes_burst=2)
    async with serve(limits=limits) as served:
        async with await served.open() as ws:
            async with witness(served):
                await ws.receive_json(timeout=5)
                for frame in ('{"type":"unsubscribe"}', '{"type":"subscribe","data":{"latency":true}}'):
                    await ws.send_str(frame)
                await ws.send_str('{"type":"subscribe","data":{"status":true}}')
                # It would get a `status_update` were it followed.
                error = await ws.receive_json(timeout=5)
                assert "too many subscriptions" in error["data"]["error"]
                for _ in range(2):
                    await ws.send_str('{"type":"unsubscribe"}')
                code, errors = await closed(ws)
            assert (code, len(errors)) == (4429, 1)
        assert served.gateway.metrics.abused["subscribe_rate"] == 3
    assert told(caplog, "subscriptions a second") == 1


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("value", ["yes", 1, 1.5, None, [], {}, [True]])
async def test_a_wrong_type_in_any_field_of_a_subscription_is_refused_by_name_and_counted(
    served: Any, topic: str, value: Any
) -> None:
    async with await served.open() as ws:
        first = await ws.receive_json(timeout=5)
        await ws.send_str(json.dumps({"type": "subscribe", "data": {topic: value}}))
        error = await ws.receive_json(timeout=5)
        assert (error["type"], error["prev"]) == ("error", first["seq"])
        assert f"data.{topic}" in error["data"]["error"]
        # The old subscription holds.
        await served.fault(fault="add")
        assert served.gateway.metrics.abused["malformed"] == 1


@pytest.mark.parametrize(
    "frame",
    [
        *(f'{{"type":{value}}}' for value in ("1", "null", "true", "[]", "{}")),
        *(
            f'{{"type":"subscribe","data":{value}}}'
            for value in ("1", "null", "true", "[]", '"x"', '[{"status":true}]')
        ),
        "{}",
        "[]",
        "null",
        "",
        "{",
        '{"type":"subscribe","data":{"status":true}',
        '{"type":"subscribe"}',
        "[" * 60_000,
        '{"type":"subscribe","data":' + '{"a":' * 10_000,
        "\x00",
    ],
    ids=lambda frame: frame[:40],
)
async def test_what_is_no_message_of_the_guide_is_refused_and_counted(served: Any, frame: str) -> None:
    async with await served.open() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_str(frame)
        error = await ws.receive_json(timeout=5)
        assert error["type"] == "error"
        assert error["data"]["error"]
        assert served.gateway.metrics.abused["malformed"] == 1
        await ws.send_str('{"type":"ping"}')
        assert (await ws.receive_json(timeout=5))["type"] == "pong"


async def test_a_client_that_goes_on_with_malformed_messages_is_closed(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(limits=replace(QUIET, malformed_per_s=SELDOM_PER_S, malformed_burst=3)) as served:
        async with await served.open() as ws:
            async with witness(served):
                for _ in range(4):
                    await ws.send_str('{"type":"subscribe","data":"geheim"}')
                code, errors = await closed(ws)
            assert (code, len(errors)) == (4429, 4)
            assert errors[-1].endswith("too many such messages")
        assert served.gateway.metrics.abused["malformed"] == 4
    assert told(caplog, "it sends messages that cannot be read") == 1


async def test_a_message_that_is_too_large_is_told_counted_and_nothing_follows_the_close(
    served: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with await served.open() as ws, witness(served):
        await ws.send_str("geheim" + "x" * (64 << 10))
        code, errors = await closed(ws)
        assert (code, errors) == (1009, ["a message may have at most 65536 bytes"])
        await until(lambda: served.gateway.hub.audience("node1") == 1)
        assert served.gateway.metrics.abused["message_size"] == 1
        assert served.gateway.metrics.closed[1009] == 1
    assert told(caplog, "a message has more than 65536 bytes") == 1


async def test_slow_heads_and_bodies_and_large_bodies_are_answered_counted_and_logged(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(limits=replace(QUIET, header_s=0.1, body_s=0.1, body_bytes=100)) as served:
        port = served.gateway.ports["node1"].number
        head = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        async with witness(served):
            assert b" 408 " in await raw(port, b"GET /ws/cluster?token=geheim HTTP/1.1\r\nHost: loc")
            assert b" 408 " in await raw(port, head % 50 + b'{"password":"geheim"')
            assert b" 413 " in await raw(port, head % 600 + b"geheim" * 100)
        refused = served.gateway.metrics.refused
        assert (refused["header_time"], refused["body_time"], refused["body_size"]) == (1, 1, 1)
    assert told(caplog, "no request came within 0.1 s") == 1
    assert told(caplog, "body did not come in time") == 1
    assert told(caplog, "body is too large") == 1


@pytest.mark.parametrize("path", ["/api/auth/login", "/nowhere"])
async def test_a_body_that_cannot_be_unpacked_is_no_error_of_the_gateway(
    served: Any, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n"
    async with witness(served):
        answer = await raw(served.gateway.ports["node1"].number, head.encode() + b"geheim")
    assert answer.startswith(b"HTTP/1.1 404 " if path == "/nowhere" else b"HTTP/1.1 400 ")
    assert told(caplog, "geheim") == 0
    assert not [record for record in caplog.records if record.exc_info]


async def test_who_goes_in_the_middle_of_a_body_is_no_error_of_the_gateway(
    served: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = served.gateway
    port, before = gateway.ports["node1"].number, len(gateway.bounds.connections)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"pass')
    await until(lambda: len(gateway.bounds.connections) == before + 1)
    writer.transport.abort()
    await until(lambda: len(gateway.bounds.connections) == before)
    async with witness(served):
        pass
    assert not [record for record in caplog.records if record.exc_info]


async def test_who_may_not_is_counted_by_why(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    admin = dict(served.headers)
    url = f"{served.url}/ws/cluster"

    async def status_of(**headers: str) -> int:
        async with served.http.get(url, headers=headers) as answer:
            assert "geheim" not in await answer.text()
            status: int = answer.status
            return status

    async with witness(served):
        assert await status_of(Authorization="geheim") == 401
        assert await status_of() == 401
        assert await status_of(**admin, Host="geheim.example") == 403
        assert await status_of(**admin, Origin="https://geheim.example") == 403
        await served.log_in("viewer", "viewer123")
        assert await status_of(**served.headers) == 403
        served.headers = admin
    refused = served.gateway.metrics.refused
    assert dict(refused) == {"token": 2, "host": 1, "origin": 1, "role": 1}
    for part in (
        "no valid token",
        "a host that is not allowed",
        "an origin that is not allowed",
        "role does not allow",
    ):
        assert told(caplog, part) == 1


@pytest.mark.parametrize(
    ("chain", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("203.0.113.5, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 127.0.0.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, geheim", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
async def test_behind_a_proxy_the_last_foreign_address_is_the_askers(
    serve: Any, caplog: pytest.LogCaptureFixture, chain: str, counted: str
) -> None:
    async with serve(limits=replace(QUIET, upgrades_burst=1, upgrades_per_s=SELDOM_PER_S), is_proxied=True) as served:
        assert [(await upgrade(served, chain))[0] for _ in range(2)] == [101, 429]
    assert told(caplog, f"admin at {counted}: it opens sockets too often") == 1


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.1", "geheim", ""])
async def test_a_fault_that_a_proxy_passes_on_is_not_made(serve: Any, address: str) -> None:
    async with serve(limits=QUIET, is_proxied=True) as served:
        served.headers["X-Forwarded-For"] = address
        async with served.http.post(
            f"{served.url}/api/demo/faults", json={"fault": "stop", "node": "node1"}, headers=served.headers
        ) as answer:
            assert answer.status == 403
        assert served.gateway.cluster.is_running("node1")
        del served.headers["X-Forwarded-For"]
        await served.fault(fault="stop", node="node1")
        assert not served.gateway.cluster.is_running("node1")


async def test_without_a_proxy_nobody_chooses_the_own_address(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(limits=replace(QUIET, login_free=0, login_wait_s=1000.0)) as served:
        assert (await log_in(served, "x", "geheim", "192.0.2.1"))[0] == 401
        assert (await log_in(served, "y", "geheim", "192.0.2.2"))[0] == 429
    assert told(caplog, "127.0.0.1: a login is held back") == 1


async def test_a_host_that_was_named_is_answered(serve: Any) -> None:
    async with serve(allowed_hosts=["Gateway.example"]) as served:
        headers = served.headers | {"Host": "gateway.example:8080"}
        async with served.http.get(f"{served.url}/admin/cluster/status", headers=headers) as answer:
            assert answer.status == 200


async def test_those_who_may_watch_see_all_and_make_no_fault(serve: Any) -> None:
    async with serve(readonly_may_watch=True) as served:
        await served.log_in("viewer", "viewer123")
        async with await served.open() as ws:
            assert (await ws.receive_json(timeout=5))["type"] == "status"
        async with served.http.get(f"{served.url}/admin/cluster/status", headers=served.headers) as answer:
            assert answer.status == 200
        body = {"fault": "pause"}
        async with served.http.post(f"{served.url}/api/demo/faults", json=body, headers=served.headers) as answer:
            assert answer.status == 403


async def test_five_hundred_clients_of_one_user_are_let_in_at_once(serve: Any) -> None:
    async with serve(limits=QUIET) as served:
        url = f"{served.url}/ws/cluster"
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            sockets = await asyncio.gather(*(http.ws_connect(url, headers=served.headers) for _ in range(500)))
            assert len(served.gateway.bounds.places) == 500
            await asyncio.gather(*(ws.close() for ws in sockets))
        assert not served.gateway.metrics.refused
