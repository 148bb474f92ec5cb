"""What a session reads by REST: beside a live socket, and instead of one that a proxy lets nowhere."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from helios_desktop.client import gateway as calls
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.gateway import Gateway
from helios_desktop.client.polling import APART_S
from helios_desktop.client.session import Session
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Kind, Observation, Phase, connection_change
from helios_desktop.protocol.rest import RestCall
from tests.integration.client.small_gateway import (
    PASSWORD,
    SmallGateway,
    Watcher,
    cut_off,
    served,
    swallow,
    watched,
)

STATUS_PATH: Final = RestCall.STATUS.value
BODY: Final = '{"node":{"id":"node-1","state":"Leader","term":3}}\n'
LATENCY: Final = frozenset({RestCall.LATENCY})


def gateway_with(*calls_there: RestCall, status: int = 200, text: str = BODY) -> SmallGateway:
    """A gateway that answers these calls."""
    gateway = SmallGateway()
    for call in calls_there:
        gateway.rest[call.value] = deque([(status, text)])
    return gateway


def behind_a_proxy(*, status: int = 200, text: str = BODY) -> SmallGateway:
    """A gateway whose socket a proxy refuses; the status over REST is answered so."""
    gateway = gateway_with(RestCall.STATUS, status=status, text=text)
    gateway.socket_answers.append((400, "Bad Request: no Upgrade here"))
    return gateway


async def until_answered(watcher: Watcher, session: Session, number: int) -> None:
    """Let the time jump on in steps that leave the pings time, until so many answers were told."""
    while len(watcher.answers) < number:
        seen = len(watcher.seen)
        watcher.jump(session, 1.2)
        await watcher.until(lambda: len(watcher.seen) > seen)  # noqa: B023 - awaited here


async def poll_until(watcher: Watcher, session: Session, holds: Callable[[], bool]) -> None:
    """Let five seconds pass at once, again and again, each with its poll of the status, until it holds."""
    await watcher.until(partial(has_answers_or, watcher, 1, holds))
    while not holds():
        answers = len(watcher.answers) + 1
        watcher.jump(session, 5)
        await watcher.until(partial(has_answers_or, watcher, answers, holds))


def has_answers_or(watcher: Watcher, number: int, holds: Callable[[], bool]) -> bool:
    return len(watcher.answers) >= number or holds()


async def test_each_call_that_is_wanted_is_made_and_told_as_it_was_answered() -> None:
    gateway = gateway_with(*RestCall)
    gateway.rest[RestCall.METRICS.value] = deque([(503, "Raft not enabled\n")])
    async with served(gateway) as address, watched(address, node="node 1") as (watcher, session):
        session.poll(frozenset(RestCall))
        await watcher.until_phase(Phase.LIVE)
        await until_answered(watcher, session, 6)
        assert watcher.changes[-1].phase is Phase.LIVE
    told = [(seen.source, seen.status, seen.text, seen.epoch) for seen in watcher.answers]
    assert told == [
        ("GET /admin/cluster/status", 200, BODY, 1),
        ("GET /admin/cluster/latency", 200, BODY, 1),
        ("GET /admin/cluster/uptime", 200, BODY, 1),
        ("GET /admin/cluster/uptime/history", 200, BODY, 1),
        ("GET /admin/cluster/snapshot", 200, BODY, 1),
        ("GET /admin/cluster/metrics", 503, "Raft not enabled\n", 1),
    ]
    reads = [call for call in gateway.calls if "/admin/" in call]
    assert reads == [f"{source}?node=node+1" for source, *_ in told]
    assert set(gateway.rest_tokens) == {"Bearer token-number-1"}
    assert "token-number" not in repr(watcher.seen)
    times_ns = [seen.received_ns for seen in watcher.seen]
    assert times_ns == sorted(times_ns)


async def test_calls_are_never_closer_than_the_limit_of_the_gateway() -> None:
    gateway = gateway_with(*RestCall)
    async with served(gateway) as address, watched(address) as (watcher, session):
        session.poll(frozenset(RestCall))
        await watcher.until(lambda: len(watcher.answers) == 3)
    first, second, third = (seen.received_ns for seen in watcher.answers)
    # Of the starts; an answer takes a moment on top.
    assert min(second - first, third - second) > (APART_S - 0.05) * NS


async def test_a_call_that_hangs_keeps_the_others_waiting_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "READ_S", 0.2)
    gateway = gateway_with(RestCall.SNAPSHOT)
    gateway.swallows.add(RestCall.UPTIME_HISTORY.value)
    async with served(gateway) as address, watched(address) as (watcher, session):
        session.poll(frozenset({RestCall.UPTIME_HISTORY, RestCall.SNAPSHOT}))
        await watcher.until(lambda: len(watcher.answers) == 1)
        assert watcher.changes[-1].phase is Phase.LIVE
    assert gateway.calls[-2:] == [RestCall.UPTIME_HISTORY.source, RestCall.SNAPSHOT.source]
    assert watcher.answers[0].source == RestCall.SNAPSHOT.source


async def test_a_read_that_is_refused_renews_the_token_and_leaves_the_socket_alone() -> None:
    gateway = gateway_with(RestCall.LATENCY)
    gateway.rest[RestCall.LATENCY.value] = deque([(401, "Invalid token\n"), (200, BODY)])
    async with served(gateway) as address, watched(address) as (watcher, session):
        session.poll(LATENCY)
        await until_answered(watcher, session, 2)
    assert [(seen.status, seen.text) for seen in watcher.answers] == [(401, "Invalid token\n"), (200, BODY)]
    assert gateway.rest_tokens == ["Bearer token-number-1", "Bearer token-number-2"]
    assert gateway.calls.count("POST /api/auth/refresh") == 1
    assert len(gateway.socket_tokens) == 1
    assert {change.phase for change in watcher.changes[3:]} == {Phase.LIVE}


async def test_a_read_follows_no_redirect() -> None:
    gateway = gateway_with(RestCall.LATENCY, status=307, text="over there")
    async with served(gateway) as address, watched(address) as (watcher, session):
        session.poll(LATENCY)
        await watcher.until(lambda: len(watcher.answers) == 1)
    assert (watcher.answers[0].status, watcher.answers[0].text) == (307, "over there")
    assert not [call for call in gateway.calls if "elsewhere" in call]


async def test_whoever_sees_may_say_what_to_poll() -> None:
    gateway = gateway_with(RestCall.LATENCY)
    watcher = Watcher()
    async with served(gateway) as address, watched(address, watcher=watcher) as (_, session):
        see = watcher.see

        def poll_when_live(observation: Observation) -> None:
            see(observation)
            if observation.kind is Kind.CONNECTION:
                is_live = connection_change(observation).phase is Phase.LIVE
                session.poll(LATENCY if is_live else frozenset())

        session._see = poll_when_live
        await watcher.until(lambda: len(watcher.answers) == 1)


async def test_whoever_sees_the_polling_begin_may_end_it_and_nothing_is_told_after_that() -> None:
    gateway = behind_a_proxy()
    watcher = Watcher()
    async with served(gateway) as address, watched(address, watcher=watcher) as (_, session):
        see = watcher.see

        def disconnect_when_polling(observation: Observation) -> None:
            see(observation)
            if observation.kind is Kind.CONNECTION and connection_change(observation).phase is Phase.POLLING:
                session.disconnect()

        session._see = disconnect_when_polling
        await watcher.until_phase(Phase.CLOSED)
        assert session._reading is not None
        await session._reading
    assert watcher.answers == []


async def test_an_answer_that_repeats_the_token_is_told_without_it() -> None:
    gateway = gateway_with(RestCall.LATENCY, text='{"for":"token-number-1-and-more"}')
    alone = Credentials(token="token-number-1-and-more")
    async with served(gateway) as address, watched(address, credentials=alone) as (watcher, session):
        session.poll(LATENCY)
        await watcher.until(lambda: len(watcher.answers) == 1)
    assert watcher.answers[0].text == '{"for":"…"}'


async def test_only_an_upgrade_that_is_on_its_way_may_have_opened_a_socket() -> None:
    async with served(gateway_with(RestCall.STATUS)) as address:
        gateway = Gateway(address, Credentials(token="t"), node=None, tls=None)
        await gateway.read(RestCall.STATUS, "t")
        after_read = gateway.has_sent_upgrade
        ws = await gateway.open_socket("t")
        assert (after_read, gateway.has_sent_upgrade) == (False, True)
        await ws.receive()
        await ws.close()
        await gateway.close()


async def test_a_read_under_way_is_let_go_when_the_user_goes_offline() -> None:
    gateway = gateway_with()
    gateway.swallows.add(RestCall.LATENCY.value)
    async with served(gateway) as address, watched(address) as (watcher, session):
        session.poll(LATENCY)
        await watcher.until_phase(Phase.LIVE)
        await gateway.until_asked(RestCall.LATENCY.source)
        session.disconnect()
        told = len(watcher.seen)
        async with asyncio.timeout(5):
            await gateway.left.wait()
        assert session._reading is not None
        assert session._reading.cancelled()
    assert len(watcher.seen) == told


async def test_a_session_that_is_cancelled_during_a_read_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    gateway = gateway_with()
    gateway.swallows.add(RestCall.LATENCY.value)
    async with served(gateway) as address:
        async with watched(address) as (watcher, session):
            session.poll(LATENCY)
            await watcher.until_phase(Phase.LIVE)
            await gateway.until_asked(RestCall.LATENCY.source)
        assert not [task for task in asyncio.all_tasks() - before if "Session" in repr(task)]
    assert watcher.answers == []


async def test_behind_a_proxy_that_refuses_the_socket_the_status_is_polled_until_the_socket_opens() -> None:
    gateway = behind_a_proxy()
    async with served(gateway) as address, watched(address) as (watcher, session):
        change = await watcher.until_phase(Phase.POLLING)
        assert (change.cause, change.detail) == (Cause.SOCKET_BLOCKED, "400 Bad Request: no Upgrade here")
        assert change.token_expires_at_ns is not None
        await poll_until(watcher, session, lambda: len(gateway.socket_tokens) == 2)
        assert watcher.changes[-1] == change
        assert len(watcher.answers) >= 12
        gateway.socket_answers.clear()
        await poll_until(watcher, session, lambda: watcher.changes[-1].phase is not Phase.POLLING)
        await watcher.until_phase(Phase.LIVE)
    assert [change.phase for change in watcher.changes] == [
        Phase.AUTHENTICATING, Phase.CONNECTING, Phase.POLLING, Phase.SYNCING, Phase.LIVE,
    ]  # fmt: skip
    assert {(seen.source, seen.status, seen.text) for seen in watcher.answers} == {(RestCall.STATUS.source, 200, BODY)}
    phases = [connection_change(seen).phase if seen.kind is Kind.CONNECTION else None for seen in watcher.seen]
    assert phases.index(Phase.POLLING) < watcher.seen.index(watcher.answers[0])


@pytest.mark.parametrize("before_upgrade", [swallow, cut_off])
async def test_a_proxy_that_says_nothing_to_an_upgrade_is_a_blocked_socket_too(
    before_upgrade: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CALL_S", 0.5)
    gateway = gateway_with(RestCall.STATUS)
    monkeypatch.setattr(gateway, "before_upgrade", before_upgrade)
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.POLLING)
    assert change.cause is Cause.SOCKET_BLOCKED
    assert change.detail.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("status", "text"), [(503, "Raft not enabled\n"), (500, "Failed to get cluster status: raft not enabled\n")]
)
async def test_a_gateway_without_raft_is_told_as_that_with_its_word_as_evidence(status: int, text: str) -> None:
    gateway = behind_a_proxy(status=status, text=text)
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert (change.cause, change.detail) == (Cause.RAFT_NOT_ENABLED, f"{status} {text.strip()}")
    answer, conclusion = watcher.seen[-2:]
    assert (answer.kind, answer.status, answer.text) == (Kind.REST, status, text)
    assert conclusion.kind is Kind.CONNECTION


async def test_a_node_that_neither_socket_nor_rest_knows_is_rejected() -> None:
    gateway = gateway_with(RestCall.STATUS, status=404, text="Node not found: node9\n")
    gateway.socket_answers.append((404, "Node not found: node9\n"))
    async with served(gateway) as address, watched(address, node="node9") as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.NOT_FOUND, "404 Node not found: node9")
    assert gateway.calls[-1] == f"{RestCall.STATUS.source}?node=node9"


async def test_a_server_that_answers_every_path_with_its_start_page_is_no_helios_gateway() -> None:
    gateway = gateway_with(RestCall.STATUS, text="<!DOCTYPE html><title>Welcome</title>")
    gateway.socket_answers.append((400, "<!DOCTYPE html>"))
    alone = Credentials(token="given-token-of-the-user")
    async with served(gateway) as address, watched(address, credentials=alone) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.NOT_HELIOS, "400 <!DOCTYPE html>")


async def test_a_token_that_expired_behind_the_proxy_is_fetched_anew_and_a_refusal_quotes_no_secret() -> None:
    gateway = behind_a_proxy()
    gateway.rest[STATUS_PATH] = deque([(401, f"Invalid token, {PASSWORD}"), (200, BODY)])
    given = Credentials("admin", PASSWORD, "token-that-is-much-too-old")
    async with served(gateway) as address, watched(address, credentials=given) as (watcher, _session):
        await watcher.until_phase(Phase.POLLING)
    assert gateway.rest_tokens == ["Bearer token-that-is-much-too-old", "Bearer token-number-1"]
    assert PASSWORD not in repr(watcher.changes)


async def test_polling_ends_after_three_polls_that_bring_nothing() -> None:
    gateway = behind_a_proxy()
    gateway.rest[STATUS_PATH] = deque([(200, BODY), (502, "Bad Gateway")])
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.POLLING)
        await poll_until(watcher, session, lambda: watcher.changes[-1].phase is not Phase.POLLING)
        change = watcher.changes[-1]
    assert [seen.status for seen in watcher.answers] == [200, 502, 502, 502]
    assert change.phase is Phase.BACKOFF
    assert (change.cause, change.detail) == (Cause.SERVER_ERROR, "502 Bad Gateway")
