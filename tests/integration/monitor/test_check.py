"""A check against the stub of the real gateway in each of its modes, against our own gateway, and against nothing."""

import asyncio
import base64
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from helios_desktop.client import gateway as client
from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.check import Outcome, Result, Step, check
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause
from helios_gateway.embedded import embedded_gateway
from tests.real_gateway.answers import Answer, failure, success
from tests.real_gateway.gateway import RealGateway
from tests.real_gateway.mode import Mode

ADMIN = Credentials("admin", "admin123")
STATUS_PATH = "/admin/cluster/status"
OF_NO_STEP = {Step.DIALECT, Step.LIMIT}
"""They need no other step, and have reasons of their own."""


async def checked(
    url: str,
    credentials: Credentials = ADMIN,
    *,
    watch_s: float = 0.3,
    tls: ssl.SSLContext | None = None,
    login_path: str = "",
    allows_plain_text: bool = False,
) -> dict[Step, Result]:
    """The results by step, all of which must be there, in order, of this gateway and without a secret."""
    address = parse_address(url)
    target = Target(
        "Test", (address,), credentials, tls=tls, login_path=login_path, allows_plain_text=allows_plain_text
    )
    results = [
        result async for result in check(target, address, now_ns=time.time_ns, watch_s=watch_s, status_within_s=1.0)
    ]
    assert [result.step for result in results] == list(Step)
    assert {result.gateway for result in results} == {address.host_and_port}
    for result in results:
        assert result.text.endswith(".")
        for secret in {credentials.password, credentials.token} - {""}:
            assert secret not in result.text + result.advice
        assert result.outcome is not Outcome.SKIPPED or result.took_s == 0
        assert result.outcome is not Outcome.FAILED or (result.advice and result.cause is not Cause.NONE)
    return {result.step: result for result in results}


def outcomes(results: dict[Step, Result]) -> str:
    """A sign a step: `.` ok, `F` failed, `s` skipped, `n` note."""
    signs = {Outcome.OK: ".", Outcome.FAILED: "F", Outcome.SKIPPED: "s", Outcome.NOTE: "n"}
    return "".join(signs[result.outcome] for result in results.values())


async def checking(
    gateway: RealGateway, *, watch_s: float = 0.3, status_within_s: float = 1.0
) -> AsyncGenerator[Result, None]:
    """The results as they come."""
    address = parse_address(gateway.url)
    target = Target("Test", (address,), ADMIN)
    results = check(target, address, now_ns=time.time_ns, watch_s=watch_s, status_within_s=status_within_s)
    async with aclosing(results):
        async for result in results:
            yield result


@pytest.fixture
async def gateway() -> AsyncIterator[RealGateway]:
    async with RealGateway(cadence_s=0.05) as running:
        yield running


async def test_a_real_gateway_that_is_well_passes_every_step(gateway: RealGateway) -> None:
    results = await checked(gateway.url)
    assert outcomes(results) == ".s.........."
    assert "127.0.0.1 answers" in results[Step.ADDRESS].text
    assert "/api/v1/auth/login" in results[Step.LOGIN].text
    assert "does not say how long it is good; 15m is assumed" in results[Step.CREDENTIALS].text
    assert "node-1 came, Leader in term 1" in results[Step.STATUS].text
    assert "real Go gateway" in results[Step.DIALECT].text
    assert "status 1, status_update" in results[Step.KINDS].text
    assert results[Step.KINDS].took_s > 0
    assert results[Step.LIMIT].text == "No call was limited."
    assert gateway.calls == [
        f"GET {STATUS_PATH} 401",
        "POST /api/v1/auth/login 200",
        f"GET {STATUS_PATH} 200",
        "GET /ws/cluster 101",
    ]


async def test_our_own_gateway_passes_every_step_and_is_known_by_its_numbers() -> None:
    async with embedded_gateway(seed=7, is_calm=True) as own:
        results = await checked(own.url, Credentials(own.username, own.password))
    assert outcomes(results) == ".s.........."
    assert "a JWT, good for" in results[Step.CREDENTIALS].text
    assert "Helios Desktop's own" in results[Step.DIALECT].text


async def test_a_wrong_password_is_told_and_nothing_is_tried_with_it(gateway: RealGateway) -> None:
    results = await checked(gateway.url, Credentials("admin", "not-the-password"))
    assert outcomes(results) == ".s..Fssssss."
    assert results[Step.CREDENTIALS].cause is Cause.BAD_CREDENTIALS
    assert "Invalid credentials" in results[Step.CREDENTIALS].text
    assert "“Credentials” failed" in results[Step.SOCKET].text
    assert gateway.calls[-1] == "POST /api/v1/auth/login 401"


async def test_a_user_who_is_no_administrator_is_told_so(gateway: RealGateway) -> None:
    results = await checked(gateway.url, Credentials("viewer", "viewer123"))
    assert outcomes(results) == ".s...Fsssss."
    assert results[Step.ADMIN].cause is Cause.NOT_ADMIN


async def test_a_login_path_that_worked_before_is_tried_first_and_the_others_after_it(gateway: RealGateway) -> None:
    results = await checked(gateway.url, login_path="/api/auth/login")
    assert results[Step.LOGIN].text.startswith("/api/v1/auth/login ")
    assert [call for call in gateway.calls if "login" in call] == [
        "POST /api/auth/login 404",
        "POST /api/v1/auth/login 200",
    ]


async def test_a_hub_that_does_not_run_is_told_after_a_silence(gateway: RealGateway) -> None:
    gateway.mode = Mode.HUB_OFF
    results = await checked(gateway.url)
    assert outcomes(results) == ".s.....F.nn."
    assert results[Step.STATUS].cause is Cause.HUB_NOT_RUNNING
    assert results[Step.STATUS].took_s >= 1.0
    assert "real Go gateway" in results[Step.DIALECT].text, "the status by REST tells the dialect"


@pytest.mark.parametrize("mode", [Mode.RAFT_OFF, Mode.RAFT_DISABLED])
async def test_raft_that_is_not_enabled_is_told_by_rest_and_believed_with_the_first_pong(mode: Mode) -> None:
    async with RealGateway(mode=mode) as gateway:
        results = await checked(gateway.url)
    assert outcomes(results) == ".s...n.Fs..."
    assert "Raft is not enabled" in results[Step.ADMIN].text
    assert results[Step.STATUS].cause is Cause.RAFT_NOT_ENABLED
    assert results[Step.STATUS].took_s < 1.0
    assert "pong" in results[Step.KINDS].text


@pytest.mark.parametrize(
    ("status", "signs", "cause"),
    [
        (success({"node_id": "node1"}), ".s.....F....", Cause.STATUS_BY_REST),
        (failure(500, "something else"), ".s...n.Fs...", Cause.NO_STATUS),
    ],
)
async def test_without_a_status_over_the_socket_rest_decides_what_is_said(
    status: Answer, signs: str, cause: Cause
) -> None:
    async with RealGateway(mode=Mode.RAFT_DISABLED) as gateway:
        gateway.rest[STATUS_PATH] = status
        results = await checked(gateway.url)
    assert outcomes(results) == signs
    assert results[Step.STATUS].cause is cause


async def test_a_plugin_that_blocks_the_socket_is_named_with_the_way_out(gateway: RealGateway) -> None:
    gateway.mode = Mode.PLUGIN
    results = await checked(gateway.url)
    assert outcomes(results) == ".s....Fs.ss."
    assert results[Step.SOCKET].cause is Cause.SOCKET_BLOCKED
    assert "http.Hijacker" in results[Step.SOCKET].text
    assert "skip_paths" in results[Step.SOCKET].advice


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (Mode.PROXY, "'upgrade' token not found"),
        (Mode.PROXY_502, "502 Bad Gateway"),
        (Mode.PROXY_HANGS, "no answer in time"),
    ],
)
async def test_a_proxy_that_blocks_the_socket_is_suspected_since_rest_works(
    gateway: RealGateway, mode: Mode, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_S", 1.0)
    gateway.mode = mode
    results = await checked(gateway.url)
    assert outcomes(results) == ".s....Fs.ss."
    assert results[Step.SOCKET].cause is Cause.SOCKET_BLOCKED
    assert "something on the way" in results[Step.SOCKET].text
    assert said in results[Step.SOCKET].text
    assert "proxy" in results[Step.SOCKET].advice


async def test_a_call_that_was_limited_is_told_and_the_socket_tried_all_the_same(gateway: RealGateway) -> None:
    gateway.rest[STATUS_PATH] = failure(429, "Rate limit exceeded")
    results = await checked(gateway.url)
    assert outcomes(results) == ".s...n.....n"
    assert "429" in results[Step.LIMIT].text
    assert gateway.calls.count(f"GET {STATUS_PATH} 429") == 1, "it is never probed"


async def test_a_token_is_used_as_it_is_given(gateway: RealGateway) -> None:
    token = gateway.accounts.make_token("admin")
    results = await checked(gateway.url, Credentials(token=token))
    assert outcomes(results) == ".s.s........"
    assert "used as it was given" in results[Step.CREDENTIALS].text
    assert not any("login" in call for call in gateway.calls)
    gateway.accounts.revoke(token)
    results = await checked(gateway.url, Credentials(token=token))
    assert outcomes(results) == ".s.s.Fsssss."
    assert results[Step.ADMIN].cause is Cause.BAD_CREDENTIALS


async def test_a_jwt_that_ran_out_by_our_clock_is_a_note(gateway: RealGateway) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() - 3600}).encode()).rstrip(b"=").decode()
    results = await checked(gateway.url, Credentials(token=f"header.{claims}.signature"))
    assert results[Step.CREDENTIALS].outcome is Outcome.NOTE
    assert "ran out 1h" in results[Step.CREDENTIALS].text
    assert results[Step.ADMIN].cause is Cause.BAD_CREDENTIALS


async def test_neither_a_user_nor_a_token_is_told_before_anything_is_sent(gateway: RealGateway) -> None:
    results = await checked(gateway.url, Credentials())
    assert outcomes(results) == ".s.sFssssss."
    assert "neither a user name nor a token" in results[Step.CREDENTIALS].advice


async def test_a_clock_that_is_off_is_a_note(gateway: RealGateway) -> None:
    address = parse_address(gateway.url)
    target = Target("Test", (address,), ADMIN)
    late_ns = 90 * 1_000_000_000
    results = {
        result.step: result
        async for result in check(target, address, now_ns=lambda: time.time_ns() + late_ns, watch_s=0.0)
    }
    assert results[Step.CLOCK].outcome is Outcome.NOTE
    assert results[Step.CLOCK].text.startswith("The gateway's clock is -9")
    assert results[Step.KINDS].outcome is Outcome.SKIPPED


async def test_a_gateway_that_stops_meanwhile_is_told_and_raises_nothing(gateway: RealGateway) -> None:
    told = {}
    async for result in checking(gateway, watch_s=20.0):
        told[result.step] = result
        if result.step is Step.CLOCK:
            stopping = asyncio.create_task(gateway.stop())
    assert (told[Step.KINDS].outcome, told[Step.KINDS].cause) == (Outcome.NOTE, Cause.SERVER_CLOSED)
    assert "status 1" in told[Step.KINDS].text
    await stopping


async def test_a_socket_that_ends_before_its_first_status_is_told() -> None:
    async with RealGateway(first_status_s=20.0) as gateway:
        told = {}
        async for result in checking(gateway, status_within_s=20.0):
            told[result.step] = result
            if result.step is Step.SOCKET:
                asyncio.get_running_loop().call_soon(gateway.drop)
    assert (told[Step.STATUS].outcome, told[Step.STATUS].cause) == (Outcome.FAILED, Cause.SERVER_CLOSED)


async def test_a_check_that_is_left_closes_its_socket_and_never_too_early() -> None:
    """The stub crashes of a socket that is closed before its first message, which fails this test."""
    async with RealGateway(first_status_s=20.0) as gateway:
        async with aclosing(checking(gateway)) as results:
            async for result in results:
                if result.step is Step.SOCKET:
                    break
        await gateway.until(lambda: not gateway.sockets)
        assert gateway.calls[-1] == "GET /ws/cluster 101"


@pytest.mark.parametrize("mode", [Mode.WELL, Mode.HUB_OFF])
async def test_a_check_that_is_cancelled_at_any_step_leaves_nothing_open(mode: Mode) -> None:
    async with RealGateway(mode=mode, first_status_s=0.3) as gateway:
        await checked(gateway.url)
        for calls in range(1, 5):
            gateway.calls.clear()
            running = asyncio.create_task(checked(gateway.url, watch_s=20.0))
            await gateway.until(lambda: len(gateway.calls) == calls)  # noqa: B023 - awaited at once
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await gateway.until(lambda: not gateway.sockets)


async def test_a_port_where_nobody_listens_ends_the_check_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        results = await checked(f"127.0.0.1:{unused.getsockname()[1]}")
    assert outcomes(results) == "Fsssssssssss"
    assert results[Step.ADDRESS].cause is Cause.REFUSED
    assert all("“Address” failed" in results[step].text for step in Step if step not in {Step.ADDRESS, *OF_NO_STEP})


async def test_a_name_that_nobody_knows_is_told() -> None:
    results = await checked("http://no-such-host.invalid:80", allows_plain_text=True)
    assert results[Step.ADDRESS].cause is Cause.UNKNOWN_HOST


async def test_no_secret_goes_out_in_plain_text(monkeypatch: pytest.MonkeyPatch, gateway: RealGateway) -> None:
    monkeypatch.setattr("helios_desktop.client.address.Address.is_loopback", False)
    results = await checked(gateway.url)
    assert outcomes(results) == ".s.Fsssssss."
    assert results[Step.LOGIN].cause is Cause.PLAIN_TEXT
    assert gateway.calls == [f"GET {STATUS_PATH} 401"]


@asynccontextmanager
async def encrypted(*, days: int = 365) -> AsyncIterator[tuple[RealGateway, ssl.SSLContext]]:
    """A gateway behind TLS, and what trusts it."""
    authority = trustme.CA()
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    expires = datetime.now(UTC) + timedelta(days=days, hours=1)
    authority.issue_cert("127.0.0.1", common_name="gw-7", not_after=expires).configure_cert(serving)
    authority.configure_trust(trusting)
    async with RealGateway(tls=serving, cadence_s=0.05) as gateway:
        yield gateway, trusting


async def test_tls_is_told_with_its_certificate() -> None:
    async with encrypted() as (gateway, trusting):
        results = await checked(gateway.url, tls=trusting)
    assert outcomes(results) == "............"
    told = results[Step.TLS].text
    assert "TLSv1.3 with a trusted certificate: gw-7, issued by " in told
    assert "good for 365 days" in told


async def test_a_certificate_that_runs_out_soon_is_a_note() -> None:
    async with encrypted(days=3) as (gateway, trusting):
        results = await checked(gateway.url, tls=trusting)
    assert outcomes(results) == ".n.........."
    assert "good for 3 days" in results[Step.TLS].text
    assert "Renew" in results[Step.TLS].advice


async def test_a_certificate_of_another_authority_is_not_trusted() -> None:
    async with encrypted() as (gateway, _trusting), encrypted() as (_other, trusting_another):
        results = await checked(gateway.url, tls=trusting_another)
        assert outcomes(results) == ".Fssssssssss"
        assert results[Step.TLS].cause is Cause.TLS
        assert "certificate not trusted" in results[Step.TLS].text
        assert gateway.calls == []


async def test_https_to_a_gateway_that_speaks_none_fails_at_tls(gateway: RealGateway) -> None:
    results = await checked(gateway.url.replace("http", "https"))
    assert outcomes(results) == ".Fssssssssss"
    assert "no TLS is spoken there" in results[Step.TLS].text


async def test_http_to_a_gateway_that_speaks_tls_fails_at_http_and_says_so() -> None:
    async with encrypted() as (gateway, _trusting):
        results = await checked(gateway.url.replace("https", "http"))
    assert outcomes(results) == ".sFsssssssss"
    assert "https://" in results[Step.HTTP].advice
