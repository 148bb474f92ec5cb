"""How a session comes to its token, and renews it."""

from functools import partial

import pytest

from helios_desktop.client.credentials import Credentials
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Kind, Phase
from tests.integration.client.small_gateway import (
    PONG,
    SmallGateway,
    Watcher,
    served,
    watched,
)


async def test_a_token_refused_twice_is_rejected_after_one_fresh_login() -> None:
    gateway = SmallGateway()
    gateway.socket_answers.append((401, "Invalid token\n"))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.BAD_CREDENTIALS, "401 Invalid token")
    assert gateway.socket_tokens == ["Bearer token-number-1", "Bearer token-number-2"]


async def test_a_wrong_password_is_rejected_and_can_be_tried_again() -> None:
    gateway = SmallGateway()
    gateway.login_answers.extend([(401, "Invalid credentials\n"), (200, "")])
    async with served(gateway) as address, watched(address) as (watcher, session):
        change = await watcher.until_phase(Phase.REJECTED)
        assert (change.cause, change.detail) == (Cause.BAD_CREDENTIALS, "401 Invalid credentials")
        session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)


async def test_the_guides_login_path_is_found_too() -> None:
    gateway = SmallGateway()
    gateway.login_path = "/api/auth/login"
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)
    assert gateway.calls[:2] == ["POST /api/v1/auth/login", "POST /api/auth/login"]
    assert [change.login_path for change in watcher.changes] == ["", *["/api/auth/login"] * 3]


async def test_a_server_without_a_login_is_a_wrong_address() -> None:
    gateway = SmallGateway()
    gateway.login_path = "/nowhere"
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.NOT_FOUND, "404 page not found")


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", '{"token":5}', '{"token":""}', '{"token":"a\\nb"}'])
async def test_an_answer_that_is_no_login_is_not_a_helios_gateway(body: str) -> None:
    gateway = SmallGateway()
    gateway.login_answers.append((200, body))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.NOT_HELIOS
    assert body not in change.detail


async def test_a_secret_follows_no_redirect() -> None:
    gateway = SmallGateway()
    gateway.login_answers.append((307, ""))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.NOT_HELIOS, "307 redirects to another address")
    assert gateway.calls == ["POST /api/v1/auth/login"]


def has_pongs(watcher: Watcher, number: int) -> bool:
    return watcher.texts(Kind.FRAME).count(PONG) >= number


async def test_a_token_is_renewed_while_the_socket_stays() -> None:
    gateway = SmallGateway()
    gateway.expires_in = 100
    async with served(gateway) as address, watched(address) as (watcher, session):
        first = await watcher.until_phase(Phase.LIVE)
        for pongs in range(1, 18):
            await watcher.until(partial(has_pongs, watcher, pongs))
            watcher.jump(session, 5)
        await watcher.until(lambda: watcher.changes[-1].token_expires_at_ns != first.token_expires_at_ns)
    assert gateway.calls[-1] == "POST /api/auth/refresh"
    assert [change.phase for change in watcher.changes][-2:] == [Phase.LIVE, Phase.LIVE]
    assert len(gateway.socket_tokens) == 1


@pytest.mark.parametrize("path", ["/api/auth/login", "/sso/login"])
async def test_the_path_that_worked_before_is_asked_first(path: str) -> None:
    gateway = SmallGateway()
    gateway.login_path = path
    async with served(gateway) as address, watched(address, login_path=path) as (watcher, _session):
        change = await watcher.until_phase(Phase.LIVE)
    assert gateway.calls == [f"POST {path}", "GET /ws/cluster"]
    assert change.login_path == path


async def test_a_path_that_works_no_more_is_followed_by_the_known_ones() -> None:
    gateway = SmallGateway()
    async with served(gateway) as address, watched(address, login_path="/sso/login") as (watcher, _session):
        change = await watcher.until_phase(Phase.LIVE)
    assert gateway.calls[:2] == ["POST /sso/login", "POST /api/v1/auth/login"]
    assert change.login_path == "/api/v1/auth/login"


@pytest.mark.parametrize(
    ("has_refresh", "renewal"),
    [
        (True, ["POST /api/auth/refresh"]),
        (False, ["POST /api/auth/refresh", "POST /api/v1/auth/login"]),
    ],
)
async def test_a_token_is_renewed_before_a_reconnect(has_refresh: bool, renewal: list[str]) -> None:
    gateway = SmallGateway()
    gateway.has_refresh = has_refresh
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.LIVE)
        watcher.jumped_ns += 31 * NS
        session.disconnect()
        session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)
    assert gateway.calls == ["POST /api/v1/auth/login", "GET /ws/cluster", *renewal, "GET /ws/cluster"]
    assert gateway.socket_tokens == ["Bearer token-number-1", "Bearer token-number-2"]


async def test_a_token_alone_is_used_as_it_is_for_every_socket() -> None:
    gateway = SmallGateway()
    alone = Credentials(token="given-token-of-the-user")
    async with served(gateway) as address, watched(address, credentials=alone) as (watcher, session):
        await watcher.until_phase(Phase.LIVE)
        watcher.jumped_ns += 3600 * NS
        session.disconnect()
        session.reconnect_now()
        await watcher.until(lambda: [change.phase for change in watcher.changes].count(Phase.LIVE) == 2)
    assert gateway.calls == ["GET /ws/cluster"] * 2
    assert set(gateway.socket_tokens) == {"Bearer given-token-of-the-user"}
