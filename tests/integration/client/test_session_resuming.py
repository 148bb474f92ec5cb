"""A session that goes on where its socket ended, and the close codes that say how to: a scripted gateway, then ours."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from helios_desktop.client.address import Address, parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event
from helios_desktop.observation import Cause, Kind, Phase
from helios_desktop.protocol.codec import decode
from helios_desktop.protocol.messages import Metric, ServerError
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic, subscribe_frame
from helios_desktop.store.fold import fold
from helios_desktop.store.state import ClusterState
from helios_gateway.accounts.accounts import Account, FixedAccounts, Role
from helios_gateway.accounts.auth import Lives
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.cluster import Told
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.simulation.simulation import Simulation
from tests.integration.client.small_gateway import PASSWORD, SmallGateway, Watcher, hold_dumbly, served, watched

BOOT = "0123456789abcdef"
LOGIN = "POST /api/v1/auth/login"


def numbered(seq: int, prev: int, boot: str = BOOT) -> str:
    """A status with our gateway's numbers."""
    head = '{"type":"status","timestamp":"2026-11-23T08:21:37Z","data":{"node_id":"node1"}'
    return f'{head},"boot":"{boot}","seq":{seq},"prev":{prev}}}'


class Script:
    """What a socket sends, one after the other, and then how it is closed; the last stays open."""

    def __init__(self, *sockets: tuple[list[str], int]) -> None:
        self._sockets = list(sockets)

    async def __call__(self, ws: web.WebSocketResponse, request: web.Request) -> None:
        """Hold one."""
        texts, code = self._sockets.pop(0) if self._sockets else ([numbered(99, 0)], 0)
        for text in texts:
            await ws.send_str(text)
        if code:
            await ws.close(code=code, message=b"so it is")
        else:
            await hold_dumbly(ws, request)


def asked(gateway: SmallGateway) -> list[str]:
    """The paths by which sockets were asked for."""
    return [call.removeprefix("GET ") for call in gateway.calls if call.startswith("GET /ws/cluster")]


def folded(watcher: Watcher) -> tuple[ClusterState, list[Event]]:
    """What the window makes of what a session saw."""
    state, events = ClusterState(), list[Event]()
    for observation in watcher.seen:
        state, more = fold(state, observation)
        events += more
    return state, events


def is_in(watcher: Watcher, text: str) -> bool:
    return text in watcher.texts(Kind.FRAME)


async def test_the_next_socket_goes_on_from_the_last_message_that_was_seen() -> None:
    gateway = SmallGateway()
    gateway.hold = Script(([numbered(7, 0), numbered(9, 7)], 1001), ([numbered(12, 9)], 0))
    async with served(gateway) as address, watched(address, node="node 1") as (watcher, session):
        change = await watcher.until_phase(Phase.BACKOFF)
        assert (change.cause, change.detail) == (Cause.SERVER_CLOSED, "close code 1001 so it is")
        session.reconnect_now()
        await watcher.until(partial(is_in, watcher, numbered(12, 9)))
    assert asked(gateway) == ["/ws/cluster?node=node%201", f"/ws/cluster?node=node%201&since={BOOT}:9"]
    state, _ = folded(watcher)
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("disconnected", 0)]


async def test_what_cannot_be_gone_on_from_is_a_gap() -> None:
    gateway = SmallGateway()
    gateway.hold = Script(([numbered(7, 0)], 4408), ([numbered(3, 0, "fedcba9876543210")], 0))
    async with served(gateway) as address, watched(address) as (watcher, session):
        assert (await watcher.until_phase(Phase.BACKOFF)).cause is Cause.TOO_SLOW
        session.reconnect_now()
        await watcher.until(partial(is_in, watcher, numbered(3, 0, "fedcba9876543210")))
    assert asked(gateway) == ["/ws/cluster", f"/ws/cluster?since={BOOT}:7"]
    state, _ = folded(watcher)
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("disconnected", None)]


async def test_a_gateway_that_numbers_nothing_never_sees_the_question() -> None:
    gateway = SmallGateway()
    async with served(gateway) as address, watched(address) as (watcher, session):
        for times in (1, 2, 3):
            await watcher.until_phase(Phase.LIVE)
            session.disconnect()
            await watcher.until_phase(Phase.CLOSED)
            session.reconnect_now()
            await gateway.until_asked("GET /ws/cluster", times)
    assert set(asked(gateway)) == {"/ws/cluster"}


async def test_a_session_logs_in_again_where_its_token_ran_out_and_goes_on() -> None:
    gateway = SmallGateway()
    gateway.hold = Script(([numbered(7, 0)], 4401), ([numbered(8, 7)], 0))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until(partial(is_in, watcher, numbered(8, 7)))
    assert gateway.calls == [LOGIN, "GET /ws/cluster", LOGIN, f"GET /ws/cluster?since={BOOT}:7"]
    assert gateway.socket_tokens == ["Bearer token-number-1", "Bearer token-number-2"]
    assert Phase.BACKOFF not in [change.phase for change in watcher.changes]


async def test_a_token_that_runs_out_again_at_once_makes_a_session_wait() -> None:
    gateway = SmallGateway()
    gateway.hold = Script(([numbered(7, 0)], 4401), ([numbered(8, 7)], 4401))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert (change.cause, change.detail) == (Cause.LOGIN_EXPIRED, "close code 4401 so it is")
    assert gateway.calls.count(LOGIN) == 2


@pytest.mark.parametrize(
    ("code", "phase", "cause"),
    [
        (4403, Phase.REJECTED, Cause.REVOKED),
        (4408, Phase.BACKOFF, Cause.TOO_SLOW),
        (4429, Phase.BACKOFF, Cause.TOO_MANY),
        (4404, Phase.BACKOFF, Cause.SERVER_CLOSED),
        (4409, Phase.BACKOFF, Cause.SERVER_CLOSED),
        (1001, Phase.BACKOFF, Cause.SERVER_CLOSED),
    ],
)
async def test_each_close_code_is_told_as_what_it_means(code: int, phase: Phase, cause: Cause) -> None:
    gateway = SmallGateway()
    gateway.hold = Script(([numbered(7, 0)], code))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(phase)
    assert (change.cause, change.detail) == (cause, f"close code {code} so it is")
    assert gateway.calls.count(LOGIN) == 1


async def test_a_session_that_was_revoked_logs_in_only_once_the_user_wants_it() -> None:
    gateway = SmallGateway()
    gateway.hold = Script(([numbered(7, 0)], 4403), ([numbered(8, 7)], 0))
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.REJECTED)
        assert gateway.calls == [LOGIN, "GET /ws/cluster"]
        session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)
    assert gateway.calls[2:] == [LOGIN, f"GET /ws/cluster?since={BOOT}:7"]


# Our own gateway


EXPIRED_NS = (Lives().token_s + 10) * 1_000_000_000
QUICK = Limits(status_s=3600, latency_s=3600, uptime_s=3600, sweep_s=0.02)


class Clock:
    """The gateway's wall clock, which stands still."""

    def __init__(self) -> None:
        self.now_ns = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        """Nanoseconds since the epoch."""
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ours(clock: Clock) -> AsyncIterator[Gateway]:
    """It tells only what happens, so that a test knows what comes."""
    cluster = SimulatedCluster(Simulation(seed=7, nodes=3, is_calm=True), now_ns=clock)
    accounts = FixedAccounts({Account("admin", Role.ADMIN): PASSWORD})
    gateway = Gateway(cluster, Options(accounts, port=0, limits=QUICK, now_ns=clock))
    async with gateway.serving():
        yield gateway


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(10):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


def place(gateway: Gateway) -> Address:
    return parse_address(gateway.ports["node1"].url)


def has(watcher: Watcher, message_type: str, times: int = 1) -> bool:
    return [decode(text).type for text in watcher.texts(Kind.FRAME)].count(message_type) >= times


async def log_in(gateway: Gateway) -> tuple[str, str]:
    """A token, and the login that it is of."""
    async with aiohttp.ClientSession() as http:
        body = {"username": "admin", "password": PASSWORD}
        async with http.post(place(gateway).http_url("/api/auth/login"), json=body) as answer:
            token: str = (await answer.json())["token"]
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return token, claims["sid"]


async def test_our_gateway_tells_afterwards_what_happened_while_there_was_no_connection(ours: Gateway) -> None:
    async with watched(place(ours)) as (watcher, session):
        await watcher.until(lambda: has(watcher, "pong"))
        session.disconnect()
        await until(lambda: not ours.hub.audience("node1"))
        for value in (1.0, 2.0):
            ours.hub.see(Told("node1", {"load": Metric("gauge", value)}))
        session.reconnect_now()
        await watcher.until(lambda: has(watcher, "pong", 2))
    state, events = folded(watcher)
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("disconnected", 0)]
    told = [event.type for event in events if event.type in {"custom_metrics", "gap"}]
    assert told == ["custom_metrics", "gap", "custom_metrics"]
    assert (state.observers["node1"].lost, ours.metrics.resumed) == (0, {"whole": 1})


async def test_our_gateway_has_nothing_to_tell_where_nothing_happened(ours: Gateway) -> None:
    async with watched(place(ours)) as (watcher, _session):
        await watcher.until(lambda: has(watcher, "pong"))
        ours.hub.end_all_at("node1", "node1 is stopped")
        change = await watcher.until_phase(Phase.BACKOFF)
        assert (change.cause, change.detail) == (Cause.SERVER_CLOSED, "close code 1001 node1 is stopped")
        await watcher.until(lambda: has(watcher, "pong", 2))
    state, _ = folded(watcher)
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("disconnected", 0)]


async def test_our_gateway_says_so_where_it_cannot_go_on(ours: Gateway) -> None:
    async with watched(place(ours)) as (watcher, session):
        await watcher.until(lambda: has(watcher, "pong"))
        session.disconnect()
        await until(lambda: not ours.hub.audience("node1"))
        for value in range(QUICK.ring_messages + 1):
            ours.hub.see(Told("node1", {"load": Metric("gauge", value)}))
        session.reconnect_now()
        await watcher.until(lambda: has(watcher, "pong", 2))
    state, events = folded(watcher)
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("disconnected", None)]
    assert [event.body.error for event in events if isinstance(event.body, ServerError)] == [
        "cannot resume after 2: what came after it is not kept any more"
    ]


async def test_our_gateway_tells_a_topic_that_was_off_again_and_it_stays_off(ours: Gateway) -> None:
    wanted = ALL_TOPICS - {Topic.CUSTOM_METRICS}
    async with watched(place(ours)) as (watcher, session):
        await watcher.until(lambda: has(watcher, "pong"))
        session.subscribe(wanted)
        await watcher.until(lambda: subscribe_frame(wanted) in watcher.texts(Kind.SENT))
        session.disconnect()
        await until(lambda: not ours.hub.audience("node1"))
        ours.hub.see(Told("node1", {"load": Metric("gauge", 1.0)}))
        session.reconnect_now()
        await watcher.until(lambda: has(watcher, "pong", 2))
        assert has(watcher, "custom_metrics")
    state, _ = folded(watcher)
    assert not state.observers["node1"].topics[Topic.CUSTOM_METRICS].requested
    assert state.gaps[0].topic is Topic.CUSTOM_METRICS
    assert state.gaps[0].until_ns is None


async def test_a_token_alone_that_runs_out_at_our_gateway_needs_the_user(ours: Gateway, clock: Clock) -> None:
    token, _ = await log_in(ours)
    async with watched(place(ours), credentials=Credentials(token=token)) as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)
        clock.now_ns += EXPIRED_NS
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.LOGIN_EXPIRED, "close code 4401 token expired")


async def test_a_login_whose_token_runs_out_at_our_gateway_is_made_again(ours: Gateway, clock: Clock) -> None:
    async with watched(place(ours)) as (watcher, _session):
        await watcher.until(lambda: has(watcher, "pong"))
        clock.now_ns += EXPIRED_NS
        await watcher.until(lambda: has(watcher, "pong", 2))
    assert [change.phase for change in watcher.changes[-4:]] == [
        Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE,
    ]  # fmt: skip
    state, _ = folded(watcher)
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("disconnected", 0)]


async def test_a_login_that_our_gateway_ends_needs_the_user(ours: Gateway) -> None:
    token, sid = await log_in(ours)
    async with watched(place(ours), credentials=Credentials(token=token)) as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)
        ours.hub.end_logins([sid])
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.REVOKED, "close code 4403 token revoked")


async def test_what_our_gateway_left_out_is_a_gap_of_exactly_so_many_messages(ours: Gateway) -> None:
    published, help_text = 5_000, "x" * 4_000
    async with watched(place(ours)) as (watcher, _session):
        await watcher.until(lambda: has(watcher, "pong"))
        # In one turn of the loop, in which nobody reads.
        for value in range(published):
            ours.hub.see(Told("node1", {"load": Metric("gauge", value, help_text)}))
        await watcher.until(lambda: has(watcher, "error"))
        await watcher.until(lambda: has(watcher, "status", 2))
    state, events = folded(watcher)
    came = [event.type for event in events].count("custom_metrics")
    lost = published - came
    assert lost > 0
    assert [(gap.cause, gap.lost) for gap in state.gaps] == [("lost", lost)]
    assert state.observers["node1"].lost == 1
