"""Logins on the wire: how they are ended, by whom, and what the sockets of an ended one are told."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from argon2 import PasswordHasher

from helios_gateway.accounts import user_commands
from helios_gateway.accounts.account_database import AccountDatabase
from helios_gateway.accounts.account_file import AccountFile, DemoUntilFirst
from helios_gateway.accounts.accounts import Role
from helios_gateway.accounts.auth import Lives
from helios_gateway.accounts.passwords import Passwords
from helios_gateway.admission.limits import Limits

SECRET = "correct horse"
REVOKED = (4403, "token revoked")


class Held(Passwords):
    """Cheap ones that wait, while they are hashed, until the test lets them go."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.may_go = threading.Event()
        self.may_go.set()

    def is_right(self, password: str, hashed: str | None) -> bool:
        """Check it when that is allowed."""
        assert self.may_go.wait(20)
        return super().is_right(password, hashed)


@pytest.fixture
def passwords() -> Held:
    return Held()


@pytest.fixture
async def file(tmp_path: Path, passwords: Held) -> AsyncIterator[AccountFile]:
    """What a gateway reads: nothing yet."""
    file = AccountFile(tmp_path / "accounts.sqlite", passwords)
    yield file
    file.close()


Command = Callable[..., None]


@pytest.fixture
def command(file: AccountFile, passwords: Held) -> Command:
    """`helios-gateway user`, with a password where it asks for one."""

    def run(*arguments: str, password: str = SECRET) -> None:
        given = [*arguments, "--accounts", str(file.path)]
        assert user_commands.main(given, lambda _: password, passwords) == 0

    return run


async def ask(served: Any, method: str, path: str, **options: Any) -> tuple[int, str]:
    async with served.http.request(method, served.url + path, **options) as answer:
        return answer.status, await answer.text()


async def end_of(socket: aiohttp.ClientWebSocketResponse[bool]) -> tuple[Any, Any]:
    """How it is closed."""
    async with asyncio.timeout(20):
        while True:
            message = await socket.receive()
            if message.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                assert message.type is aiohttp.WSMsgType.CLOSE, message
                return message.data, message.extra


async def is_well(socket: aiohttp.ClientWebSocketResponse[bool], served: Any) -> bool:
    await socket.send_json({"type": "ping"})
    return bool(await served.next_of(socket, "pong"))


@pytest.mark.parametrize("path", ["/api/v1/auth/logout", "/api/auth/logout"])
async def test_a_logout_ends_the_sockets_of_its_login_at_once(serve: Any, path: str) -> None:
    async with serve(limits=Limits(sweep_s=3600)) as served:
        other = await served.open(autoclose=False)
        await served.log_in()
        sockets = [await served.open(autoclose=False) for _ in range(2)]
        assert await ask(served, "POST", path, headers=served.headers) == (200, '{"ok":true}\n')
        assert [await end_of(socket) for socket in sockets] == [REVOKED] * 2
        assert await is_well(other, served)
        assert await ask(served, "POST", path, headers=served.headers) == (401, "Invalid token\n")
        assert (await ask(served, "GET", "/admin/cluster/status", headers=served.headers))[0] == 401
        body = {"refresh_token": served.refresh_token}
        assert await ask(served, "POST", "/api/auth/refresh", json=body) == (401, "Invalid token\n")


async def test_a_logout_is_refused_as_the_real_gateway_refuses_it(served: Any) -> None:
    path = "/api/auth/logout"
    assert await ask(served, "GET", path, headers=served.headers) == (405, "Method not allowed\n")
    assert await ask(served, "POST", path) == (401, "Missing authorization\n")
    assert await ask(served, "POST", path, headers={"Authorization": "x"}) == (401, "Invalid token\n")
    assert (await ask(served, "GET", "/admin/cluster/status", headers=served.headers))[0] == 200


async def test_who_is_no_admin_may_log_out(served: Any) -> None:
    await served.log_in("viewer", "viewer123")
    assert await ask(served, "POST", "/api/auth/logout", headers=served.headers) == (200, '{"ok":true}\n')
    assert await ask(served, "POST", "/api/auth/logout", headers=served.headers) == (401, "Invalid token\n")


async def test_an_admin_ends_the_logins_of_a_user_or_all(served: Any) -> None:
    path = "/api/admin/revoke"
    socket = await served.open(autoclose=False)
    admin = served.headers
    await served.log_in("viewer", "viewer123")
    viewer = served.headers
    status, text = await ask(served, "POST", path, headers=admin, json={"username": "viewer"})
    assert (status, json.loads(text)) == (200, {"ok": True, "logins": 1})
    assert await ask(served, "POST", "/api/auth/logout", headers=viewer) == (401, "Invalid token\n")
    assert await is_well(socket, served)
    status, text = await ask(served, "POST", path, headers=admin, json={"all": True})
    assert (status, json.loads(text)) == (200, {"ok": True, "logins": 1})
    assert await end_of(socket) == REVOKED
    assert await ask(served, "POST", path, headers=admin, json={"all": True}) == (401, "Invalid token\n")


async def test_what_ends_no_login_is_refused(served: Any) -> None:
    path = "/api/admin/revoke"
    for body in (b"", b"[]", b"{}", b'{"username":"admin","all":true}', b'{"all":1}', b'{"user":"admin"}', b"\xff"):
        status, text = await ask(served, "POST", path, headers=served.headers, data=body)
        assert (status, text) == (400, 'Invalid request: send {"username": …} or {"all": true}\n'), body
    assert await ask(served, "GET", path, headers=served.headers) == (405, "Method not allowed\n")
    assert await ask(served, "POST", path, json={"all": True}) == (401, "Missing authorization\n")
    admin = served.headers
    await served.log_in("viewer", "viewer123")
    assert await ask(served, "POST", path, headers=served.headers, json={"all": True}) == (403, "Forbidden\n")
    assert (await ask(served, "GET", "/admin/cluster/status", headers=admin))[0] == 200


async def test_a_refresh_token_that_is_replayed_ends_the_sockets_of_its_login(served: Any) -> None:
    body = {"refresh_token": served.refresh_token}
    socket = await served.open(autoclose=False)
    status, text = await ask(served, "POST", "/api/auth/refresh", json=body)
    assert status == 200
    assert await is_well(socket, served)
    assert await ask(served, "POST", "/api/auth/refresh", json=body) == (401, "Invalid token\n")
    assert await end_of(socket) == REVOKED
    renewed = {"Authorization": f"Bearer {json.loads(text)['token']}"}
    assert (await ask(served, "GET", "/admin/cluster/status", headers=renewed))[0] == 401
    assert served.gateway.metrics.logins["reused"] == 1


async def test_a_refresh_keeps_the_socket_open_and_the_end_of_the_token_closes_it(serve: Any) -> None:
    async with serve(lives=Lives(token_s=60)) as served:
        socket = await served.open(autoclose=False)
        served.clock.now_ns += 50 * 10**9
        status, _ = await ask(served, "POST", "/api/auth/refresh", json={"refresh_token": served.refresh_token})
        assert status == 200
        served.clock.now_ns += 59 * 10**9
        assert await is_well(socket, served)
        served.clock.now_ns += 10**9
        assert await end_of(socket) == (4401, "token expired")


@pytest.mark.parametrize(
    "change",
    [("role", "ada", "user"), ("disable", "ada"), ("passwd", "ada")],
    ids=["another role", "disabled", "another password"],
)
async def test_an_account_that_the_command_line_changes_loses_its_sockets(
    serve: Any, file: AccountFile, command: Command, change: tuple[str, ...]
) -> None:
    command("add", "ada", "--role", "admin")
    command("add", "bob", "--role", "admin")
    file.load()
    async with serve(accounts=file, is_logged_in=False) as served:
        await served.log_in("bob", SECRET)
        other = await served.open(autoclose=False)
        await served.log_in("ada", SECRET)
        socket = await served.open(autoclose=False)
        command(*change, password="another one")
        assert await end_of(socket) == REVOKED
        assert await is_well(other, served)
        assert (await ask(served, "GET", "/admin/cluster/status", headers=served.headers))[0] == 401


async def test_an_account_that_is_disabled_or_unknown_is_answered_as_a_wrong_password(
    serve: Any, file: AccountFile, command: Command
) -> None:
    command("add", "ada")
    command("add", "bob")
    command("disable", "bob")
    file.load()
    async with serve(accounts=file, is_logged_in=False) as served:
        for name, password in (("ada", SECRET + "x"), ("bob", SECRET), ("eve", SECRET)):
            body = {"username": name, "password": password}
            assert await ask(served, "POST", "/api/auth/login", json=body) == (401, "Invalid credentials\n")
        assert served.gateway.metrics.logins == {"wrong": 2, "disabled": 1}


async def test_the_first_account_ends_the_demo_and_who_is_logged_in_with_it(
    serve: Any, file: AccountFile, command: Command
) -> None:
    async with serve(accounts=DemoUntilFirst(file)) as served:
        socket = await served.open(autoclose=False)
        command("add", "admin", "--role", "admin")
        assert await end_of(socket) == REVOKED
        body = {"username": "admin", "password": "admin123"}
        assert await ask(served, "POST", "/api/auth/login", json=body) == (401, "Invalid credentials\n")
        await served.log_in("admin", SECRET)
        assert await is_well(await served.open(), served)


async def test_the_gateway_goes_on_while_a_password_is_hashed(
    serve: Any, file: AccountFile, command: Command, passwords: Held
) -> None:
    command("add", "ada", "--role", "admin")
    file.load()
    async with serve(accounts=file, is_logged_in=False) as served:
        await served.log_in("ada", SECRET)
        socket = await served.open()
        passwords.may_go.clear()
        logging_in = asyncio.create_task(served.log_in("ada", SECRET))
        for _ in range(3):
            assert await is_well(socket, served)
        assert not logging_in.done()
        passwords.may_go.set()
        await logging_in


async def test_accounts_that_cannot_be_read_are_said_to_be_so(
    serve: Any, file: AccountFile, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    command("add", "ada")
    file.load()
    async with serve(accounts=file, is_logged_in=False) as served:
        file.path.rename(file.path.with_name("aside"))
        body = {"username": "ada", "password": SECRET}
        async with served.http.post(f"{served.url}/api/auth/login", json=body) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "1"
            assert str(file.path) not in await answer.text()
        assert f"there is no account file {file.path}" in caplog.text


async def test_no_secret_of_a_login_reaches_the_log(
    serve: Any, file: AccountFile, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    command("add", "ada", "--role", "admin")
    file.load()
    caplog.set_level(logging.DEBUG)
    async with serve(accounts=file, is_logged_in=False) as served:
        told = await served.log_in("ada", SECRET)
        typed_as_name = {"username": "the real passphrase", "password": "the real passphrase"}
        await ask(served, "POST", "/api/auth/login", json=typed_as_name)
        for _ in range(2):
            _, text = await ask(served, "POST", "/api/auth/refresh", json={"refresh_token": served.refresh_token})
        renewed = await served.log_in("ada", SECRET)
        await (await served.http.ws_connect(f"{served.url}/ws/cluster?token={renewed['token']}")).close()
        await ask(served, "POST", "/api/auth/logout", headers=served.headers)
    assert text == "Invalid token\n"
    assert "was used twice" in caplog.text
    secrets = [SECRET, "the real passphrase", *(told[key] for key in ("token", "refresh_token")), renewed["token"]]
    assert [secret for secret in secrets if secret in caplog.text] == []


async def test_a_role_that_is_given_lets_in(serve: Any, file: AccountFile, command: Command) -> None:
    command("add", "ada")
    file.load()
    assert file.find("ada") is not None
    async with serve(accounts=file, is_logged_in=False) as served:
        await served.log_in("ada", SECRET)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.open()
        assert refused.value.status == 403
        database = AccountDatabase(file.path)
        database.set_role("ada", Role.ADMIN)
        database.close()
        await served.log_in("ada", SECRET)
        assert await is_well(await served.open(), served)
