"""A session against the gateway that the application embeds."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.session import Session
from helios_desktop.monitor.clock import make_clock
from helios_desktop.observation import Cause, Kind, Observation, Phase, connection_change
from helios_desktop.protocol.codec import decode
from helios_desktop.protocol.messages import Pong, Status
from helios_desktop.protocol.subscription import ALL_TOPICS
from helios_gateway.embedded import Embedded, embedded_gateway


@pytest.fixture
async def gateway() -> AsyncIterator[Embedded]:
    async with embedded_gateway(seed=7, is_calm=True) as embedded:
        yield embedded


@asynccontextmanager
async def seen_by_a_session(
    gateway: Embedded, *, password: str | None = None, node: str | None = None
) -> AsyncIterator[Callable[[Callable[[list[Observation]], bool]], "asyncio.Task[list[Observation]]"]]:
    """Run a session; gives a call that waits until the observations so far satisfy a condition."""
    seen: list[Observation] = []
    news = asyncio.Event()

    def see(observation: Observation) -> None:
        seen.append(observation)
        news.set()

    async def until(holds: Callable[[list[Observation]], bool]) -> list[Observation]:
        async with asyncio.timeout(20):
            while not holds(seen):
                news.clear()
                await news.wait()
        return seen

    session = Session(
        node or "gateway",
        parse_address(gateway.url),
        Credentials(gateway.username, gateway.password if password is None else password),
        see=see,
        now_ns=make_clock(),
        rng=random.Random(1),
        node=node,
        topics=ALL_TOPICS,
        tls=None,
        allows_plain_text=False,
        opaque_token_life_s=900,
    )
    task = asyncio.create_task(session.run())
    try:
        yield lambda holds: asyncio.create_task(until(holds))
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def bodies(seen: list[Observation]) -> list[object]:
    return [decode(observation.text).body for observation in seen if observation.kind is Kind.FRAME]


def has_ended(seen: list[Observation]) -> bool:
    changes = [connection_change(observation) for observation in seen if observation.kind is Kind.CONNECTION]
    return bool(changes) and changes[-1].phase is Phase.REJECTED


async def test_a_session_gets_a_status_and_a_pong_of_the_node_that_it_asks_for(gateway: Embedded) -> None:
    async with seen_by_a_session(gateway, node="node2") as until:
        seen = await until(lambda seen: any(isinstance(body, Pong) for body in bodies(seen)))
        seen = await until(lambda seen: any(isinstance(body, Status) for body in bodies(seen)))
    status = next(body for body in bodies(seen) if isinstance(body, Status))
    assert status.node_id == "node2"
    live = [connection_change(observation) for observation in seen if observation.kind is Kind.CONNECTION][-1]
    assert live.phase is Phase.LIVE
    assert live.token_expires_at_ns is not None
    assert gateway.password not in repr(seen)


@pytest.mark.parametrize(
    ("password", "node", "cause"),
    [("wrong", None, Cause.BAD_CREDENTIALS), (None, "node77", Cause.NOT_FOUND)],
)
async def test_a_session_that_the_gateway_refuses_says_why(
    gateway: Embedded, password: str | None, node: str | None, cause: Cause
) -> None:
    async with seen_by_a_session(gateway, password=password, node=node) as until:
        seen = await until(has_ended)
    assert connection_change(seen[-1]).cause is cause
