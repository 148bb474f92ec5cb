"""A client of our own, written with `websockets` as anyone would, against the command `helios-gateway`."""

import asyncio
import json
import urllib.request
from typing import Any

import pytest
import websockets


@pytest.fixture(name="token")
def token_fixture(gateway_url: str) -> str:
    body = json.dumps({"username": "admin", "password": "admin123"}).encode()
    with urllib.request.urlopen(f"{gateway_url}/api/auth/login", body) as answer:  # noqa: S310  # our own http URL
        told: dict[str, str] = json.load(answer)
    return told["token"]


async def take(socket: websockets.ClientConnection, message_type: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == message_type:
                return message


async def test_it_connects_by_query_and_by_header_and_sees_the_cluster(gateway_url: str, token: str) -> None:
    url = gateway_url.replace("http", "ws") + "/ws/cluster"
    by_query = websockets.connect(f"{url}?token={token}")
    by_header = websockets.connect(f"{url}?node=node3", additional_headers={"Authorization": f"Bearer {token}"})
    async with by_query as first, by_header as second:
        assert (await take(first, "status"))["data"]["node_id"] == "node1"
        assert (await take(second, "status"))["data"]["node_id"] == "node3"
        await first.send('{"type":"ping"}')
        assert "data" not in await take(first, "pong")
        await take(second, "latency")
        # Compression was offered and declined; a native ping is answered.
        assert first.protocol.extensions == []
        await asyncio.wait_for(await first.ping(), 10)
        await first.close(4001)
        assert first.close_code == 4001


async def test_it_follows_a_leader_that_is_stopped(gateway_url: str, token: str) -> None:
    url = gateway_url.replace("http", "ws") + "/ws/cluster"
    headers = {"Authorization": f"Bearer {token}"}
    async with websockets.connect(url, additional_headers=headers) as socket:
        leader = (await take(socket, "status"))["data"]["leader"]
        others = [node for node in ("node1", "node2", "node3") if node != leader]
        async with websockets.connect(f"{url}?node={others[0]}", additional_headers=headers) as other:
            body = json.dumps({"fault": "stop", "node": leader}).encode()
            request = urllib.request.Request(f"{gateway_url}/api/demo/faults", body, headers)  # noqa: S310  # our own http URL
            answer = await asyncio.to_thread(urllib.request.urlopen, request)
            with answer:
                assert json.load(answer) == {"ok": True}
            async with asyncio.timeout(30):
                while (status := await take(other, "status"))["data"]["leader"] in {"", leader}:
                    pass
            assert status["data"]["leader"] in others
