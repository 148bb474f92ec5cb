"""A client that reads too slowly is told exactly what it lost, or closed; nobody else notices."""

import asyncio
import itertools
import ssl
from dataclasses import replace
from typing import Any

import pytest
import trustme

from helios_desktop.protocol.messages import PeerChange
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.cluster import NodeRemoved, Told
from tests.integration.gateway.raw_socket import RawSocket

LIMITS = Limits(status_s=3600, latency_s=3600, uptime_s=3600, sweep_s=0.02, unsent_bytes=50_000)
HASTY = replace(LIMITS, lag_s=0.05)


def tell(served: Any, text: str = "x" * 10_000) -> None:
    served.gateway.hub.see(Told("node1", PeerChange("node4", "added", text)))


async def stall(served: Any) -> int:
    """Tell things until nothing more is written to the only client, which does not read; say how many were told."""
    metrics = served.gateway.metrics
    async with asyncio.timeout(20):
        for told in itertools.count(1):
            before = metrics.delivered
            tell(served)
            await asyncio.sleep(0)
            if metrics.delivered == before:
                return told
    raise AssertionError


def changes(messages: list[dict[str, Any]]) -> int:
    return sum(message["type"] == "peer_change" for message in messages)


async def check_that_it_goes_on(serve: Any, trust: ssl.SSLContext | None = None, **options: Any) -> None:
    """What one that reads again must see."""
    async with serve(limits=LIMITS, is_logged_in=False, **options) as served:
        body = {"username": "admin", "password": "admin123"}
        async with served.http.post(f"{served.url}/api/auth/login", json=body, ssl=trust or True) as answer:
            served.headers = {"Authorization": (await answer.json())["token"]}
        with await RawSocket.open(served, receive_bytes=4096, trust=trust) as slow:
            told = await stall(served)
            for _ in range(100):
                tell(served)
            await asyncio.sleep(0)
            told += 100
            messages = [await slow.message()]
            while messages[-1]["type"] != "error":
                messages.append(await slow.message())
            *whole, error = messages
            assert all(after["prev"] == before["seq"] for before, after in itertools.pairwise(whole))
            lost = told - changes(whole)
            assert lost >= 100
            assert error["data"] == {"error": f"{lost} messages were lost: you read too slowly", "lost": lost}
            # Whoever looks at `prev` alone sees the hole as well.
            assert error["prev"] > whole[-1]["seq"]
            status = await slow.message()
            assert (status["type"], status["prev"]) == ("status", error["seq"])
            tell(served)
            after = await slow.message()
            assert (after["type"], after["prev"]) == ("peer_change", status["seq"])
            assert served.gateway.metrics.lost == lost
            assert served.gateway.hub.audience("node1") == 1


async def check_that_it_is_closed(serve: Any, until: Any) -> None:
    """What one that does not read again must find in the end."""
    async with serve(limits=HASTY) as served, await served.open() as good:
        await good.receive_json(timeout=5)
        with await RawSocket.open(served, receive_bytes=4096) as stuck:
            hub, told = served.gateway.hub, 0
            async with asyncio.timeout(20):
                while hub.audience("node1") > 1:
                    tell(served)
                    told += 1
                    assert (await good.receive_json(timeout=5))["type"] == "peer_change"
            messages, code, reason = await stuck.rest()
            assert (code, reason) == (4408, "too slow")
            *whole, error = messages
            assert error["data"]["lost"] == told - changes(whole) > 0
            assert served.gateway.metrics.closed == {4408: 1}
        await until(lambda: hub.audience("node1") == 1)
        tell(served)
        assert (await good.receive_json(timeout=5))["type"] == "peer_change"


async def test_one_that_reads_again_is_told_how_many_were_lost_and_goes_on(serve: Any) -> None:
    await check_that_it_goes_on(serve)


async def test_what_waits_behind_tls_counts_too(serve: Any) -> None:
    tls, trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority = trustme.CA()
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    authority.configure_trust(trust)
    await check_that_it_goes_on(serve, trust, tls=tls)


async def test_one_that_does_not_read_is_told_closed_and_harms_nobody(serve: Any, until: Any) -> None:
    await check_that_it_is_closed(serve, until)


async def test_it_is_closed_in_time_though_nothing_more_is_said(serve: Any, until: Any) -> None:
    async with serve(limits=HASTY) as served:
        with await RawSocket.open(served, receive_bytes=4096) as stuck:
            told = await stall(served)
            await until(lambda: served.gateway.hub.audience("node1") == 0)
            messages, code, _ = await stuck.rest()
            assert (code, changes(messages) + messages[-1]["data"]["lost"]) == (4408, told)


async def test_what_was_lost_is_told_before_any_other_end(serve: Any) -> None:
    async with serve(limits=LIMITS) as served:
        with await RawSocket.open(served, receive_bytes=4096) as slow:
            told = await stall(served)
            served.gateway.hub.see(NodeRemoved("node1"))
            messages, code, _ = await slow.rest()
            assert (code, changes(messages) + messages[-1]["data"]["lost"]) == (4404, told)


def test_all_this_holds_on_uvloop_too(serve: Any, until: Any) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check_that_it_goes_on(serve))
        runner.run(check_that_it_is_closed(serve, until))
