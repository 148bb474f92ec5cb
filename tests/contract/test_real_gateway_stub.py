"""The stub of the real gateway against what the real one answered over HTTP (its captures; wire.md §1, §2, §5)."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.raw_client import UPGRADE, Clock, Head, asked, connected
from tests.real_gateway.accounts import TOKEN_LIFE_S, Role
from tests.real_gateway.gateway import RealGateway
from tests.real_gateway.mode import Mode

PING = '{"type":"ping"}'
NO_UPGRADE = "Failed to upgrade connection: websocket: "
NOT_WEBSOCKET = "the client is not using the websocket protocol: "
UNKNOWN_TOKEN = "0" * 64


def loaded(path: Path) -> Any:
    return json.loads(path.read_text())


@dataclass(frozen=True)
class _Tokens:
    """One of each kind."""

    good: str
    of_user: str
    of_viewer: str
    expired: str
    revoked: str
    foreign: str


def _handshakes(tokens: _Tokens) -> dict[str, tuple[str, str, dict[str, str]]]:
    """How each case of `handshake_failures.json` was asked."""
    socket, good, no_token = "/ws/cluster", f"/ws/cluster?token={tokens.good}", "/ws/cluster?token="

    def header(value: str) -> tuple[str, str, dict[str, str]]:
        return "GET", socket, {**UPGRADE, "Authorization": value}

    return {
        "no_token": ("GET", socket, UPGRADE),
        "empty_token_query": ("GET", no_token, UPGRADE),
        "bad_token_query": ("GET", no_token + UNKNOWN_TOKEN, UPGRADE),
        "bad_token_header": header(f"Bearer {UNKNOWN_TOKEN}"),
        "expired_token_1s": ("GET", no_token + tokens.expired, UPGRADE),
        "expired_token_100ms": header(tokens.expired),
        "logged_out_token": ("GET", no_token + tokens.revoked, UPGRADE),
        "token_from_other_node": ("GET", no_token + tokens.foreign, UPGRADE),
        "readonly_role": ("GET", no_token + tokens.of_viewer, UPGRADE),
        "user_role": ("GET", no_token + tokens.of_user, UPGRADE),
        "bad_query_good_header": (
            "GET",
            no_token + UNKNOWN_TOKEN,
            {**UPGRADE, "Authorization": f"Bearer {tokens.good}"},
        ),
        "lowercase_bearer": header(f"bearer {tokens.good}"),
        "raw_header_no_bearer": header(tokens.good),
        "basic_scheme": header("Basic YWRtaW46YWRtaW4xMjM="),
        "ok_query": ("GET", good, UPGRADE),
        "ok_header": header(f"Bearer {tokens.good}"),
        "ok_other_origin": ("GET", good, {**UPGRADE, "Origin": "http://elsewhere.example"}),
        "plain_http_get_good_token": ("GET", good, {}),
        "post_good_token": ("POST", good, UPGRADE),
        "wrong_ws_version": ("GET", good, {**UPGRADE, "Sec-WebSocket-Version": "12"}),
        "trailing_slash": ("GET", good.replace("?", "/?"), UPGRADE),
        "logout_reply": ("POST", "/api/v1/auth/logout", {"Authorization": f"Bearer {tokens.good}"}),
    }


@pytest.fixture
async def tokens(gateway: RealGateway, clock: Clock) -> _Tokens:
    """One of each kind, of which `expired` and `revoked` are so already."""
    accounts = gateway.accounts
    accounts.add("ada", "secret", Role.USER)
    expired = accounts.make_token("admin")
    clock.now_s += TOKEN_LIFE_S
    revoked = accounts.make_token("admin")
    await asked(gateway, "POST", "/api/v1/auth/logout", {"Authorization": f"Bearer {revoked}"})
    foreign = RealGateway().accounts.make_token("admin")
    good, of_user, of_viewer = (accounts.make_token(name) for name in ("admin", "ada", "viewer"))
    return _Tokens(good, of_user, of_viewer, expired, revoked, foreign)


HANDSHAKES = loaded(Path(__file__).parents[1] / "fixtures" / "captures" / "handshake_failures.json")


@pytest.mark.parametrize("captured", HANDSHAKES, ids=[entry["case"] for entry in HANDSHAKES])
async def test_each_handshake_is_answered_as_the_real_gateway_answered_it(
    captured: dict[str, Any], gateway: RealGateway, tokens: _Tokens
) -> None:
    async with connected(gateway.port) as client:
        head = await client.ask(*_handshakes(tokens)[captured["case"]])
        if head.status == 101:
            # A real one could die of a close that comes before the first status.
            await client.message()
    assert head.body == captured["body"]
    if "status_line" not in captured:  # the one call of REST among them
        assert head.status == captured["status"]
        return
    there = Head(captured["status_line"], captured["headers"], "")
    assert head.status_line == there.status_line
    assert sorted(head.without_date()) == sorted(there.without_date())


async def test_logins_and_registrations_are_answered_as_captured(gateway: RealGateway, captures: Path) -> None:
    there = loaded(captures / "rest_auth.json")
    login, register = "/api/v1/auth/login", "/api/v1/auth/register"
    ada = '{"username":"ada","password":""}'
    asks = {
        "login ok": ("POST", login, '{"USERNAME":"admin","password":"admin123","more":1}'),
        "login bad password": ("POST", login, '{"username":"admin","password":"nope"}'),
        "login no user": ("POST", login, '{"username":"nobody","password":"nope"}'),
        "login empty": ("POST", login, "{}"),
        "login invalid json": ("POST", login, "{not json"),
        "login GET": ("GET", login, ""),
        "POST /api/auth/login (path of examples/websocket)": ("POST", "/api/auth/login", ada),
        "register": ("POST", register, ada),
        "register dup": ("POST", register, ada),
    }
    assert asks.keys() == there.keys()
    for name, (method, target, body) in asks.items():
        head = await asked(gateway, method, target, body=body)
        assert head.status == there[name]["status"], name
        if isinstance(there[name]["body"], str):
            assert head.body == there[name]["body"], name
            assert "Content-Type: text/plain; charset=utf-8" in head.headers
        else:
            assert isinstance(head.json, dict)
            assert [(key, len(value)) for key, value in head.json.items() if key != "username"] == [
                (key, len(value)) for key, value in there[name]["body"].items() if key != "username"
            ], name
            assert "Content-Type: application/json" in head.headers
            assert head.body.endswith("}\n")


@pytest.mark.parametrize("name", ["rest_leader.json", "rest_follower.json"])
async def test_every_captured_read_is_answered_as_it_was(gateway: RealGateway, captures: Path, name: str) -> None:
    gateway.script_rest(captures / name)
    admin, viewer = (gateway.accounts.make_token(user) for user in ("admin", "viewer"))
    status = "/admin/cluster/status"
    for call, there in loaded(captures / name).items():
        target, token = {
            "status without auth": (status, ""),
            "status bad token": (status, "0" * 64),
            "status as readonly": (status, viewer),
        }.get(call, (call, admin))
        head = await asked(gateway, "GET", target, {"Authorization": f"Bearer {token}"} if token else {})
        assert head.status == there["status"], call
        assert f"Content-Type: {there['content_type']}" in head.headers, call
        if isinstance(there["body"], str):
            assert head.body == there["body"], call
        else:
            assert (head.json, head.body[-1]) == (there["body"], "\n"), call


async def test_the_rate_limit_never_recovers_from_calls_less_than_a_second_apart(
    gateway: RealGateway, clock: Clock, captures: Path
) -> None:
    there = loaded(captures / "rate_limit.json")
    bearer = {"Authorization": f"Bearer {gateway.accounts.make_token('admin')}"}
    async with connected(gateway.port) as client:

        async def call(after_s: float) -> Head:
            clock.now_s += after_s
            return await client.ask("GET", "/admin/metrics", bearer)

        fast = [(await call(0.001)).status for _ in range(there["fast"]["first_429_at"] + 1)]
        assert fast == [200] * 100 + [429]
        assert (await call(0.001)).body == there["fast"]["body"][2]
        assert [(await call(0.9)).status for _ in range(12)] == there["then every 0.9s"]
        assert [(await call(1.1)).status for _ in range(6)] == there["then every 1.1s"]
        # wire.md §1: after 5 s without a call exactly 5 pass.
        assert [(await call(after)).status for after in (5, 0, 0, 0, 0, 0)] == [200] * 5 + [429]


async def test_a_call_is_checked_in_the_order_token_limit_right_raft_method(gateway: RealGateway, clock: Clock) -> None:
    gateway.mode = Mode.RAFT_OFF
    bearers = {user: {"Authorization": gateway.accounts.make_token(user)} for user in ("admin", "viewer")}
    status = "/admin/cluster/status"
    async with connected(gateway.port) as client:
        assert (await client.ask("POST", status)).body == "Missing authorization\n"
        assert (await client.ask("POST", status, bearers["viewer"])).body == "Forbidden\n"
        raft_off = await client.ask("POST", status, bearers["admin"])
        assert (raft_off.status, raft_off.body) == (503, "Raft not enabled\n")
        for _ in range(99):
            await client.ask("GET", status, bearers["viewer"])
        assert (await client.ask("GET", status, bearers["viewer"])).status == 429
        gateway.mode = Mode.WELL
        assert (await client.ask("POST", status, bearers["admin"])).status == 405


async def test_without_its_hub_the_socket_opens_and_nothing_comes_ever(gateway: RealGateway) -> None:
    gateway.mode = Mode.HUB_OFF
    token = gateway.accounts.make_token("admin")
    async with connected(gateway.port) as client:
        await client.upgrade(token)
        client.send(PING)
        client.send(b"", 9)
        client.send(b"", 8)
        gateway.tell_status()
        assert (await asked(gateway, "GET", "/admin/cluster/status", {"Authorization": token})).status == 200
        await gateway.stop()
        assert await client.rest() == b""
    assert gateway.heard == []


@pytest.mark.parametrize(
    ("mode", "status", "body"),
    [
        (Mode.RAFT_OFF, 503, "Raft not enabled\n"),
        (Mode.RAFT_DISABLED, 500, "Failed to get cluster status: raft not enabled\n"),
    ],
)
async def test_without_raft_pings_are_answered_and_no_status_comes(mode: Mode, status: int, body: str) -> None:
    async with RealGateway(mode=mode, cadence_s=0.01, first_status_s=0.0) as gateway, connected(gateway.port) as client:
        token = gateway.accounts.make_token("admin")
        await client.upgrade(token)
        for _ in range(5):
            client.send(PING)
            assert (await client.message())["type"] == "pong"
            head = await asked(gateway, "GET", "/admin/cluster/status", {"Authorization": token})
            assert (head.status, head.body) == (status, body)
    assert len(client.seen) == 5


@pytest.mark.parametrize(
    ("mode", "status", "text"),
    [
        (
            Mode.PLUGIN,
            500,
            f"Internal Server Error\n{NO_UPGRADE}response does not implement http.Hijacker\n",
        ),
        (
            Mode.PROXY,
            400,
            f"Bad Request\n{NO_UPGRADE}{NOT_WEBSOCKET}'upgrade' token not found in 'Connection' header\n",
        ),
        (Mode.PROXY_502, 502, "<html><body><h1>502 Bad Gateway</h1></body></html>\r\n"),
    ],
)
async def test_where_the_upgrade_is_blocked_rest_works(
    gateway: RealGateway, mode: Mode, status: int, text: str
) -> None:
    gateway.mode = mode
    token = gateway.accounts.make_token("admin")
    head = await asked(gateway, "GET", "/ws/cluster", {**UPGRADE, "Authorization": f"Bearer {token}"})
    assert (head.status, head.body) == (status, text)
    assert (await asked(gateway, "GET", "/admin/cluster/status", {"Authorization": token})).status == 200


async def test_an_upgrade_that_hangs_is_never_answered(gateway: RealGateway) -> None:
    gateway.mode = Mode.PROXY_HANGS
    token = gateway.accounts.make_token("admin")
    async with connected(gateway.port) as client, connected(gateway.port) as other:
        upgrading = asyncio.create_task(client.ask("GET", f"/ws/cluster?token={token}", UPGRADE))
        assert (await other.ask("GET", "/admin/cluster/status", {"Authorization": token})).status == 200
        assert not upgrading.done()
        await gateway.stop()
        with pytest.raises(asyncio.IncompleteReadError):
            await upgrading
    assert gateway.calls == ["GET /admin/cluster/status 200"]


async def test_it_starts_again_on_its_port_and_knows_its_tokens(gateway: RealGateway) -> None:
    port, token = gateway.port, gateway.accounts.make_token("admin")
    await gateway.stop()
    await gateway.start()
    assert gateway.port == port
    assert (await asked(gateway, "GET", "/admin/cluster/status", {"Authorization": token})).status == 200
