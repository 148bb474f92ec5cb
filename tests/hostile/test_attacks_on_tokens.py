"""Nobody gets in who should not: tokens that are cut, forged or spent, and passwords that are guessed."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.process import GatewayProcess, running, size
from tests.hostile.wire import CLOSE, Head, connected, fields

EXPIRED, REVOKED = 4401, 4403
SKEW_S = 5.0
"""A token may be taken for so much longer than it says, for clocks that differ."""


def encoded(part: Any) -> str:
    """A part of a token."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    """What a part says."""
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return told


def signed(head: dict[str, Any], claims: dict[str, Any], key: bytes = b"secret", kind: str = "sha256") -> str:
    """A token that somebody made who does not know the key."""
    text = f"{encoded(head)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.new(key, text.encode(), kind).digest())}"


def forgeries(token: str) -> dict[str, str]:
    """What can be made of a good one."""
    first, second, third = token.split(".")
    head, claims = decoded(first), decoded(second)
    later = {**claims, "exp": claims["exp"] + 10**6}
    signature = base64.urlsafe_b64decode(third + "=" * (-len(third) % 4))
    public = b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"
    made = {
        "empty signature": f"{first}.{second}.",
        "no signature": f"{first}.{second}",
        "only a head": first,
        "cut by one": token[:-1],
        "cut in half": token[: len(token) // 2],
        "one more": token + "A",
        "twice": f"{token}.{token}",
        "flipped": f"{first}.{second}.{encoded(bytes((signature[0] ^ 1,)) + signature[1:])}",
        "later": f"{first}.{encoded(later)}.{third}",
        "another user": f"{first}.{encoded({**claims, 'sub': 'root'})}.{third}",
        "other kid": signed({**head, "kid": "other"}, claims),
        "no kid": signed({name: value for name, value in head.items() if name != "kid"}, claims),
        "kid of a file": signed({**head, "kid": "../../../../dev/null"}, claims, b""),
        "kid of a wrong type": signed({**head, "kid": {"a": 1}}, claims),
        "empty key": signed(head, claims, b""),
        "kid as key": signed(head, claims, str(head.get("kid", "")).encode()),
        "HS512": signed({**head, "alg": "HS512"}, claims, kind="sha512"),
        "RS256": signed({**head, "alg": "RS256"}, claims, public),
        "public key as secret": signed(head, claims, public),
        "jwk in the head": signed({**head, "jwk": {"kty": "oct", "k": encoded(b"secret")}}, claims),
        "jku in the head": signed({**head, "jku": "http://127.0.0.1:1/keys"}, claims),
        "crit": signed({**head, "crit": ["exp"]}, claims),
        "claims that are a list": f"{first}.{encoded([claims])}.{third}",
        "claims of wrong types": signed(head, {name: [value] for name, value in claims.items()}),
        "deep": f"{first}.{encoded(b'[' * 1_500)}.{third}",
        "huge": "A" * 6_000,
        "no token": "x",
        "dots": "....",
        "bytes": "%00%ff",
    }
    for name in ("none", "None", "NONE", "nOnE", ""):
        made[f"alg {name!r}"] = f"{encoded({**head, 'alg': name})}.{second}."
    return made


async def asked(gateway: GatewayProcess, target: str, token: str, method: str = "GET", body: bytes = b"") -> Head:
    headers = {**fields(gateway), "Authorization": f"Bearer {token}"}
    if method == "POST":
        headers = {"Host": "localhost", "Authorization": f"Bearer {token}", "Content-Length": str(len(body))}
    async with connected(gateway) as wire:
        return await wire.ask(headers, target, method=method, behind=body)


async def posted(gateway: GatewayProcess, path: str, address: str = "", **body: str) -> tuple[Head, Any]:
    """Post a body; the answer, and what it says where it is JSON."""
    data = json.dumps(body).encode()
    async with connected(gateway, address=address) as wire:
        head = await wire.ask({"Host": "localhost", "Content-Length": str(len(data))}, path, method="POST", behind=data)
        return head, json.loads(head.body) if head.status == 200 else None


async def test_no_forged_token_opens_anything(gateway: GatewayProcess) -> None:
    assert (await asked(gateway, "/ws/cluster", gateway.token)).status == 101
    for name, token in forgeries(gateway.token).items():
        answers = [
            await asked(gateway, "/ws/cluster", token),
            await asked(gateway, f"/ws/cluster?token={token}", gateway.token),
            await asked(gateway, "/admin/cluster/status", token),
            await asked(gateway, "/api/demo/faults", token, "POST", b'{"fault":"heal"}'),
        ]
        assert [answer.status for answer in answers] == [401] * 4, name
        assert all(token not in answer.body for answer in answers), name


async def test_a_refresh_token_that_was_used_ends_its_whole_login(tmp_path: Path) -> None:
    # A login of the attack's own, so that nobody else's is ended.
    with running(tmp_path / "stderr") as gateway:
        _, login = await posted(gateway, "/api/auth/login", username="admin", password="admin123")
        async with connected(gateway) as wire:
            assert (await wire.ask({**fields(gateway), "Authorization": f"Bearer {login['token']}"})).status == 101
            _, second = await posted(gateway, "/api/auth/refresh", refresh_token=login["refresh_token"])
            replayed, _ = await posted(gateway, "/api/auth/refresh", refresh_token=login["refresh_token"])
            assert replayed.status == 401
            since = time.monotonic()
            assert int.from_bytes((await wire.frame_of(CLOSE)).payload[:2], "big") == REVOKED
            assert time.monotonic() - since < 2.5
        assert (await posted(gateway, "/api/auth/refresh", refresh_token=second["refresh_token"]))[0].status == 401
        for token in (login["token"], second["token"]):
            assert (await asked(gateway, "/admin/cluster/status", token)).status == 401
        # Another login of the same user goes on.
        assert (await asked(gateway, "/admin/cluster/status", gateway.token)).status == 200
        assert login["refresh_token"] not in gateway.told


async def test_a_token_ends_with_its_second_and_its_socket_with_it(tmp_path: Path) -> None:
    with running(tmp_path / "stderr", HELIOS_GATEWAY_TOKENS_LIFE_S="2") as gateway:
        _, login = await posted(gateway, "/api/auth/login", username="admin", password="admin123")
        ends_at = decoded(login["token"].split(".")[1])["exp"]
        async with connected(gateway) as wire:
            assert (await wire.ask({**fields(gateway), "Authorization": f"Bearer {login['token']}"})).status == 101
            assert int.from_bytes((await wire.frame_of(CLOSE)).payload[:2], "big") == EXPIRED
            assert -0.1 < time.time() - ends_at < SKEW_S + 2.5
        assert (await asked(gateway, "/ws/cluster", login["token"])).status == 401


async def test_passwords_of_a_dictionary_are_tried_a_few_times_only(tmp_path: Path) -> None:
    address = "127.0.250.1"
    with running(tmp_path / "stderr") as gateway:
        before = gateway.footprint()
        words = [hashlib.sha256(str(number).encode()).hexdigest()[:8] for number in range(size(1_000, 60))]
        statuses: list[int] = []
        for word in words:
            head, _ = await posted(gateway, "/api/auth/login", address, username="admin", password=word)
            statuses.append(head.status)
            if head.status == 429:
                assert int(head.fields["retry-after"]) >= 1
        assert set(statuses) == {401, 429}
        assert statuses.count(401) < 20
        # Who guesses right while it must wait is told nothing.
        right, _ = await posted(gateway, "/api/auth/login", address, username="admin", password="admin123")
        assert right.status == 429
        # Another one from elsewhere gets in all the same.
        other, _ = await posted(gateway, "/api/auth/login", "127.0.250.2", username="viewer", password="viewer123")
        assert other.status == 200
        assert gateway.footprint().rss - before.rss < 8 << 20
        assert not any(word in gateway.told for word in words)


async def test_names_that_nobody_has_are_remembered_within_bounds(tmp_path: Path) -> None:
    with running(tmp_path / "stderr") as gateway:
        before = gateway.footprint()
        at_once = asyncio.Semaphore(20)

        async def guess(number: int) -> int:
            async with at_once:
                name = f"{number}" * 2_000
                return (await posted(gateway, "/api/auth/login", username=name[:8_000], password="x" * 8_000))[0].status

        statuses = await asyncio.gather(*(guess(number) for number in range(size(3_000, 100))))
        assert set(statuses) <= {400, 401, 429, 503}
        assert gateway.footprint().rss - before.rss < 16 << 20


@pytest.mark.parametrize("make", [lambda told: told["token"] + "x", lambda told: told["token"], lambda _: ""])
async def test_no_refresh_comes_of_what_is_no_refresh_token(
    gateway: GatewayProcess, make: Callable[[dict[str, str]], str]
) -> None:
    token = make({"token": gateway.token})
    assert (await posted(gateway, "/api/auth/refresh", refresh_token=token))[0].status == 401
