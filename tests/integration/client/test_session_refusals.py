"""A session that does not come in: each way in which it is refused, or finds nothing there."""

import asyncio
import socket
import ssl
from contextlib import AsyncExitStack
from functools import partial

import pytest
import trustme

from helios_desktop.client.address import Address
from helios_desktop.observation import Cause, Phase
from tests.integration.client.small_gateway import (
    SmallGateway,
    Watcher,
    served,
    watched,
)


async def test_a_user_who_is_no_admin_is_rejected_in_the_gateways_words() -> None:
    gateway = SmallGateway()
    gateway.socket_answers.append((403, "Admin permission\x1b[31m required\n" + "x" * 5000))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.NOT_ADMIN
    assert change.detail.startswith("403 Admin permission [31m required xxx")
    assert len(change.detail) == 200


async def test_what_the_gateway_says_is_told_without_the_token_that_it_repeats() -> None:
    gateway = SmallGateway()
    gateway.socket_answers.append((403, "no rights for token-number-1"))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.detail == "403 no rights for …"


async def test_a_node_that_the_gateway_does_not_know_is_rejected() -> None:
    gateway = SmallGateway()
    gateway.socket_answers.append((404, "unknown node"))
    async with served(gateway) as address, watched(address, node="node9") as (watcher, _session):
        assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.NOT_FOUND


async def test_a_page_where_the_socket_should_be_is_not_a_helios_gateway() -> None:
    gateway = SmallGateway()
    gateway.socket_answers.append((400, "Bad Request"))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.NOT_HELIOS


def has_failed(watcher: Watcher, times: int) -> bool:
    return any(change.phase is Phase.BACKOFF and change.attempt == times for change in watcher.changes)


async def test_a_busy_gateway_is_tried_again() -> None:
    gateway = SmallGateway()
    gateway.login_answers.extend([(429, "Rate limit exceeded"), (503, "no raft"), (200, "")])
    async with served(gateway) as address, watched(address) as (watcher, session):
        for attempt, detail in ((1, "429 Rate limit exceeded"), (2, "503 no raft")):
            await watcher.until(partial(has_failed, watcher, attempt))
            assert (watcher.changes[-1].cause, watcher.changes[-1].detail) == (Cause.SERVER_ERROR, detail)
            session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)


async def test_a_port_where_nothing_listens_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with watched(Address("http", "127.0.0.1", port)) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert (change.cause, change.detail) == (Cause.REFUSED, f"127.0.0.1:{port}: Connection refused")
    assert change.retry_at_ns is not None
    assert change.retry_at_ns > watcher.seen[-1].received_ns


async def test_a_host_that_no_resolver_knows_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_args: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with watched(Address("https", "nowhere.invalid", 8443)) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.cause is Cause.UNKNOWN_HOST
    assert change.detail == "nowhere.invalid:8443: Name or service not known"


async def test_a_host_name_that_cannot_be_one_is_an_unknown_host() -> None:
    async with watched(Address("https", "a" * 70 + ".invalid", 8443)) as (watcher, _session):
        assert (await watcher.until_phase(Phase.BACKOFF)).cause is Cause.UNKNOWN_HOST


async def test_a_server_that_speaks_something_else_is_not_a_helios_gateway() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with watched(Address("http", "127.0.0.1", port)) as (watcher, _session):
            assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.NOT_HELIOS


async def test_tls_to_a_plain_port_is_told_as_that() -> None:
    async with (
        served(SmallGateway()) as address,
        watched(Address("https", "127.0.0.1", address.port)) as (watcher, _session),
    ):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.TLS
    assert change.detail == f"127.0.0.1:{address.port}: no TLS is spoken there (plain http?)"


def serving_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_rejected_before_anything_is_sent() -> None:
    gateway = SmallGateway()
    async with served(gateway, serving_context(trustme.CA())) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.TLS
    assert "certificate not trusted" in change.detail
    assert gateway.calls == []


async def test_a_certificate_of_the_named_authority_is_trusted() -> None:
    authority = trustme.CA()
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    gateway = SmallGateway()
    async with served(gateway, serving_context(authority)) as address, watched(address, tls=tls) as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)


async def test_no_secret_goes_unencrypted_to_another_machine() -> None:
    async with watched(Address("http", "192.0.2.1", 8080)) as (watcher, session):
        assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.PLAIN_TEXT
        session.reconnect_now()
        assert [change.phase for change in watcher.changes] == [Phase.REJECTED, Phase.REJECTED]


async def test_plain_http_to_a_tls_port_is_told_with_a_hint() -> None:
    gateway = SmallGateway()
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served(gateway, serving_context(trustme.CA())))
        plain = Address("http", "127.0.0.1", address.port)
        watcher, _session = await stack.enter_async_context(watched(plain))
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.detail == f"127.0.0.1:{address.port}: closed without an answer; it may speak https only"
    assert gateway.calls == []
