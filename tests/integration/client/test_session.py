"""A session against a small gateway: what travels on its socket, and how that begins and ends."""

import asyncio

import pytest
from aiohttp import WSCloseCode, web

from helios_desktop.client import session as sessions
from helios_desktop.client.session import Session
from helios_desktop.observation import Cause, Kind, Observation, Phase, connection_change
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, Topic, subscribe_frame
from tests.integration.client.small_gateway import (
    PASSWORD,
    PONG,
    STATUS,
    SmallGateway,
    Watcher,
    hold_dumbly,
    hold_politely,
    served,
    text_frame,
    watched,
)


async def test_a_session_goes_live_and_tells_all_that_travelled() -> None:
    gateway = SmallGateway()
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until(lambda: PONG in watcher.texts(Kind.FRAME))
    assert [change.phase for change in watcher.changes] == [
        Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE,
    ]  # fmt: skip
    assert watcher.texts(Kind.SENT) == [subscribe_frame(ALL_TOPICS), PING_FRAME]
    assert watcher.texts(Kind.FRAME) == [STATUS, PONG]
    kinds = [seen.kind for seen in watcher.seen]
    assert kinds.index(Kind.FRAME) > max(i for i, kind in enumerate(kinds) if kind is Kind.CONNECTION)
    times_ns = [seen.received_ns for seen in watcher.seen]
    assert times_ns == sorted(times_ns)
    assert {seen.observer for seen in watcher.seen} == {"node1"}
    assert {seen.epoch for seen in watcher.seen if seen.kind is not Kind.CONNECTION} == {1}


async def test_no_secret_is_told_and_none_is_in_a_url() -> None:
    gateway = SmallGateway()
    async with served(gateway) as address, watched(address, node="node 1") as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)
    assert gateway.calls == ["POST /api/v1/auth/login", "GET /ws/cluster?node=node%201"]
    assert gateway.socket_tokens == ["Bearer token-number-1"]
    told = repr(watcher.seen)
    for secret in (PASSWORD, "token-number-1", "refresh-it"):
        assert secret not in told


async def test_a_socket_on_which_nothing_ever_comes_is_given_up_as_that_of_a_gateway_without_a_hub() -> None:
    gateway = SmallGateway()
    gateway.hold = hold_dumbly
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.SYNCING)
        watcher.jump(session, 12)
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.cause is Cause.HUB_NOT_RUNNING


async def test_a_gateway_that_falls_silent_is_given_up_as_silent() -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        await ws.send_str(STATUS)
        await hold_dumbly(ws, request)

    gateway = SmallGateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.LIVE)
        watcher.jump(session, 12)
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.cause is Cause.SILENT


async def test_a_socket_that_did_not_outlive_a_sleep_is_told_as_that_and_opened_again_soon() -> None:
    gateway = SmallGateway()
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until(lambda: PONG in watcher.texts(Kind.FRAME))
        watcher.jump(session, 3600)
        change = await watcher.until_phase(Phase.BACKOFF)
        assert (change.cause, change.attempt) == (Cause.SLEPT, 0)
        assert change.retry_at_ns is not None
        assert change.retry_at_ns - watcher.seen[-1].received_ns <= 2_000_000_000
        watcher.jump(session, 2)
        await watcher.until_phase(Phase.LIVE)
    assert "POST /api/auth/refresh" in gateway.calls


async def test_what_waited_in_the_socket_through_a_standstill_is_heard_before_silence_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nap_s = 0.1
    monkeypatch.setattr(sessions, "LONGEST_NAP_S", nap_s)
    transports: list[asyncio.WriteTransport] = []

    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        transports.append(request.transport)
        await hold_politely(ws, request)

    gateway = SmallGateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until(lambda: PONG in watcher.texts(Kind.FRAME))
        # In one turn of the loop: a frame is on its way, the clock goes on, and the nap of the session ends.
        transports[0].write(text_frame(b'{"type":"waited"}', opcode=1, is_final=True))
        watcher.jumped_ns += 60_000_000_000
        loop = asyncio.get_running_loop()
        until_s = loop.time() + 2 * nap_s
        while loop.time() < until_s:
            pass
        await watcher.until(lambda: watcher.texts(Kind.FRAME).count(PONG) == 2)
    assert watcher.texts(Kind.FRAME) == [STATUS, PONG, '{"type":"waited"}', PONG]
    assert watcher.changes[-1].phase is Phase.LIVE


async def test_a_ping_goes_out_every_few_seconds() -> None:
    async with served(SmallGateway()) as address, watched(address) as (watcher, session):
        await watcher.until(lambda: PONG in watcher.texts(Kind.FRAME))
        watcher.jump(session, 5)
        await watcher.until(lambda: watcher.texts(Kind.FRAME).count(PONG) == 2)
    assert watcher.changes[-1].phase is Phase.LIVE


async def test_a_fragmented_message_is_one_frame_and_a_binary_one_is_text() -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        payload = (STATUS + "\n").encode()
        request.transport.write(text_frame(payload[:50], opcode=1, is_final=False))
        request.transport.write(text_frame(payload[50:], opcode=0, is_final=False))
        request.transport.write(text_frame(b"", opcode=0, is_final=True))
        await ws.send_bytes(b"caf\xc3\xa9 \xff")
        await hold_dumbly(ws, request)

    gateway = SmallGateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until(lambda: len(watcher.texts(Kind.FRAME)) == 2)
    assert watcher.texts(Kind.FRAME) == [STATUS + "\n", "café �"]


async def test_a_gateway_that_says_goodbye_is_quoted() -> None:
    async def hold(ws: web.WebSocketResponse, _request: web.Request) -> None:
        await ws.send_str(STATUS)
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too slow")

    gateway = SmallGateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert (change.cause, change.detail) == (Cause.SERVER_CLOSED, "close code 1008 too slow")


@pytest.mark.parametrize("farewell", [b"", text_frame(b"\xff\xfe", opcode=1, is_final=True), b"\xff\xff\xff\xff"])
async def test_a_socket_that_breaks_is_opened_again(farewell: bytes) -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        await ws.send_str(STATUS)
        request.transport.write(farewell)
        request.transport.close()

    gateway = SmallGateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, session):
        assert (await watcher.until_phase(Phase.BACKOFF)).cause is Cause.SERVER_CLOSED
        gateway.hold = hold_politely
        session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)
    assert watcher.seen[-1].epoch == 2
    assert len(gateway.socket_tokens) == 2
    assert "POST /api/v1/auth/login" not in gateway.calls[1:]


async def test_a_socket_is_never_closed_before_its_first_message_or_half_a_second() -> None:
    gateway = SmallGateway()
    gateway.hold = hold_dumbly
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.SYNCING)
        session.disconnect()
        assert watcher.changes[-1].phase is Phase.CLOSED
        session.reconnect_now()
        await watcher.until_phase(Phase.SYNCING)
        # This second one is cut off by the end of the whole session, which the gateway outlives.
    assert len(gateway.lived_s) == 2
    assert min(gateway.lived_s) >= 0.45


async def test_disconnect_closes_at_once_and_stays_offline() -> None:
    gateway = SmallGateway()
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.LIVE)
        session.disconnect()
        change = await watcher.until_phase(Phase.CLOSED)
        assert change.cause is Cause.ASKED
        told = len(watcher.seen)
        session.subscribe(frozenset({Topic.STATUS}))
        async with asyncio.timeout(5):
            await gateway.left.wait()
    assert len(watcher.seen) == told


async def test_whoever_sees_may_call_the_session() -> None:
    watcher = Watcher()
    async with served(SmallGateway()) as address, watched(address, watcher=watcher) as (_, session):
        see = watcher.see

        def disconnect_when_live(observation: Observation) -> None:
            see(observation)
            if observation.kind is Kind.CONNECTION and connection_change(observation).phase is Phase.LIVE:
                session.disconnect()

        session._see = disconnect_when_live
        await watcher.until_phase(Phase.CLOSED)
    assert [change.phase for change in watcher.changes][-2:] == [Phase.LIVE, Phase.CLOSED]
    assert watcher.texts(Kind.FRAME) == []


async def test_a_burst_leaves_others_their_turn() -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.write(text_frame(b'{"type":"x"}', opcode=1, is_final=True) * 20_000)
        await hold_dumbly(ws, request)

    gateway = SmallGateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        longest = seen = 0
        async with asyncio.timeout(20):
            while len(watcher.texts(Kind.FRAME)) < 20_000:
                longest = max(longest, len(watcher.seen) - seen)
                seen = len(watcher.seen)
                await asyncio.sleep(0)
    assert longest <= 300


async def test_a_session_that_ends_takes_further_calls_without_harm() -> None:
    async def pester(session: Session) -> None:
        while True:
            session.disconnect()
            session.reconnect_now()
            await asyncio.sleep(0)

    async with served(SmallGateway()) as address:
        async with watched(address) as (watcher, session):
            await watcher.until_phase(Phase.LIVE)
            pestering = asyncio.create_task(pester(session))
            await watcher.until_phase(Phase.CONNECTING)
        told = len(watcher.seen)
        await asyncio.sleep(0)
        assert not pestering.done()
        pestering.cancel()
    assert len(watcher.seen) == told


async def test_a_cancelled_session_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    async with served(SmallGateway()) as address:
        async with watched(address) as (watcher, _session):
            await watcher.until_phase(Phase.LIVE)
            during = asyncio.all_tasks() - before
        assert not [task for task in asyncio.all_tasks() - before if "Session" in repr(task) or "_Socket" in repr(task)]
    assert during
