"""`?since=BOOT:SEQ`: a client that comes back goes on where it was, or is told that it cannot."""

import itertools
import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from helios_desktop.protocol.messages import PeerChange
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.cluster import NodeRemoved, Told

SLOW = Limits(status_s=3600, latency_s=3600, uptime_s=3600, sweep_s=0.02)


def tell(served: Any, *names: str, node: str = "node1") -> None:
    for name in names:
        served.gateway.hub.see(Told(node, PeerChange(name, "added", "localhost:8004")))


async def came_back(served: Any, since: str, node: str = "node1") -> aiohttp.ClientWebSocketResponse[bool]:
    url = f"{served.url}/ws/cluster"
    opened: aiohttp.ClientWebSocketResponse[bool] = await served.http.ws_connect(
        url, params={"node": node, "since": since}, headers=served.headers
    )
    return opened


async def last_seen(served: Any, node: str = "node1") -> dict[str, Any]:
    """The last message of a client that goes away then."""
    async with await served.open(node) as ws:
        status: dict[str, Any] = await ws.receive_json(timeout=5)
        return status


def where(message: dict[str, Any]) -> str:
    return f"{message['boot']}:{message['seq']}"


async def test_what_was_missed_comes_first_then_the_status_in_one_chain(served: Any) -> None:
    before = await last_seen(served)
    tell(served, "node4", "node5")
    tell(served, "node6", node="node2")
    tell(served, "node7")
    async with await came_back(served, where(before)) as ws:
        tell(served, "node8")
        messages = [before, *[await ws.receive_json(timeout=5) for _ in range(5)]]
    assert [message["type"] for message in messages[1:]] == [*["peer_change"] * 3, "status", "peer_change"]
    names = [message["data"]["peer_id"] for message in messages if message["type"] == "peer_change"]
    assert names == ["node4", "node5", "node7", "node8"]
    assert all(after["prev"] == message["seq"] for message, after in itertools.pairwise(messages))
    assert served.gateway.metrics.resumed == {"whole": 1}


async def test_nothing_missed_is_a_status_that_follows_on(served: Any) -> None:
    before = await last_seen(served)
    async with await came_back(served, where(before)) as ws:
        status = await ws.receive_json(timeout=5)
    assert (status["type"], status["prev"]) == ("status", before["seq"])


async def test_what_was_missed_is_the_same_bytes_but_for_prev(served: Any) -> None:
    async with await served.open() as ws:
        before = await ws.receive_json(timeout=5)
        tell(served, "node4")
        seen = await ws.receive_json(timeout=5)
    async with await came_back(served, where(before)) as ws:
        assert json.loads(await ws.receive_str(timeout=5)) == seen


async def test_an_answer_that_only_one_client_got_may_be_where_it_was(served: Any) -> None:
    async with await served.open() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_str('{"type":"ping"}')
        pong = await ws.receive_json(timeout=5)
    tell(served, "node4")
    async with await came_back(served, where(pong)) as ws:
        missed = await ws.receive_json(timeout=5)
    assert (missed["data"]["peer_id"], missed["prev"]) == ("node4", pong["seq"])


async def test_a_client_subscribes_again_and_gets_what_it_wants_from_then_on(served: Any) -> None:
    before = await last_seen(served)
    tell(served, "node4")
    async with await came_back(served, where(before)) as ws:
        await ws.send_str('{"type":"subscribe","data":{"status":true}}')
        await ws.send_str('{"type":"ping"}')
        assert [(await ws.receive_json(timeout=5))["type"] for _ in range(3)] == ["peer_change", "status", "pong"]
        tell(served, "node5")
        await served.fault(fault="heal")
        assert (await ws.receive_json(timeout=5))["type"] == "status_update"


@pytest.mark.parametrize(
    ("limits", "since", "says", "outcome"),
    [
        (replace(SLOW, ring_messages=1), "{boot}:{seq}", "what came after it is not kept any more", "gone"),
        (replace(SLOW, ring_bytes=100), "{boot}:{seq}", "what came after it is not kept any more", "gone"),
        (SLOW, "another:{seq}", "the gateway was started anew since", "other_boot"),
        (SLOW, "{boot}:999999", "there is no such message yet", "gone"),
    ],
)
async def test_a_client_is_told_first_that_it_cannot_resume(
    serve: Any, limits: Limits, since: str, says: str, outcome: str
) -> None:
    async with serve(limits=limits) as served:
        before = await last_seen(served)
        tell(served, "node4", "node5")
        asked = since.format(**before)
        async with await came_back(served, asked) as ws:
            error, status = [await ws.receive_json(timeout=5) for _ in range(2)]
        assert error["data"] == {"error": f"cannot resume after {asked.partition(':')[2]}: {says}"}
        assert (error["type"], error["prev"]) == ("error", 0)
        assert (status["type"], status["prev"]) == ("status", error["seq"])
        assert served.gateway.metrics.resumed == {outcome: 1}


async def test_a_node_that_was_removed_and_added_again_begins_anew(served: Any) -> None:
    before = await last_seen(served, "node2")
    served.gateway.hub.see(NodeRemoved("node2"))
    async with await came_back(served, where(before), "node2") as ws:
        assert (await ws.receive_json(timeout=5))["type"] == "status"
    tell(served, "node4", node="node2")
    async with await came_back(served, f"{before['boot']}:{before['seq'] - 1}", "node2") as ws:
        assert "cannot resume" in (await ws.receive_json(timeout=5))["data"]["error"]


@pytest.mark.parametrize("since", ["", "5", "boot:", ":5", "boot:-5", "boot:x", "boot:5:6"])
async def test_what_is_no_place_is_refused_with_a_sentence(served: Any, since: str) -> None:
    url = f"{served.url}/ws/cluster"
    async with served.http.get(url, params={"since": since}, headers=served.headers) as answer:
        assert answer.status == 400
        assert (await answer.text()).startswith("since must be BOOT:SEQ")
