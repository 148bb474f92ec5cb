"""The REST calls of the real gateway, checked in its order (wire.md §1, §5)."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from tests.real_gateway.accounts import Accounts, User
from tests.real_gateway.answers import (
    FORBIDDEN,
    INVALID_CREDENTIALS,
    INVALID_REQUEST,
    INVALID_TOKEN,
    MISSING_AUTHORIZATION,
    NAME_TAKEN,
    NOT_FOUND,
    RAFT_DISABLED,
    RAFT_NOT_CONFIGURED,
    RATE_LIMITED,
    WRONG_METHOD,
    Answer,
    success,
)
from tests.real_gateway.go_json import first_value, lower_keys
from tests.real_gateway.limiter import RateLimiter
from tests.real_gateway.mode import Mode

STATUS_PATH: Final = "/admin/cluster/status"
PARTS: Final = {
    "/admin/cluster/metrics": "custom_metrics",
    "/admin/cluster/uptime": "uptime_stats",
    "/admin/cluster/snapshot": "snapshot",
}
"""Calls that are answered by a part of the status, where nothing else is scripted: one node tells one story."""


class Rest:
    """Answers everything but `/ws/cluster`.

    script: answers to GET by path, or by path with query, for an administrator; other paths are not there. Only the
            status and its `PARTS` are answered without one, as `status` gives them
    """

    def __init__(
        self,
        accounts: Accounts,
        script: dict[str, Answer],
        *,
        clock_s: Callable[[], float],
        mode: Callable[[], Mode],
        status: Callable[[], object],
    ) -> None:
        self.script = script
        self._accounts = accounts
        self._limiter = RateLimiter(clock_s)
        self._mode = mode
        self._status = status

    async def answer(self, request: web.Request) -> Answer:
        """Answer a call."""
        match request.path:
            case "/api/v1/auth/login":
                return await self._log_in(request)
            case "/api/v1/auth/register":
                return await self._register(request)
            case "/api/v1/auth/logout":
                return self._log_out(request)
            case path if path.startswith("/admin/") and (self._is_told(path) or self._scripted(request) is not None):
                return self._read(request)
            case _:
                return NOT_FOUND

    async def _log_in(self, request: web.Request) -> Answer:
        if request.method != "POST":
            return WRONG_METHOD
        found = await _credentials(request)
        if found is None:
            return INVALID_REQUEST
        login = self._accounts.log_in(*found)
        if login is None:
            return INVALID_CREDENTIALS
        user, token = login
        return success({"token": token, "user_id": user.user_id})

    async def _register(self, request: web.Request) -> Answer:
        if request.method != "POST":
            return WRONG_METHOD
        found = await _credentials(request)
        if found is None:
            return INVALID_REQUEST
        user = self._accounts.add(*found)
        return NAME_TAKEN if user is None else success({"user_id": user.user_id, "username": user.name}, 201)

    def _log_out(self, request: web.Request) -> Answer:
        if request.method != "POST":
            return WRONG_METHOD
        user = self._authorized(request)
        if isinstance(user, Answer):
            return user
        self._accounts.revoke(header_token(request))
        return success({"ok": True})

    def _read(self, request: web.Request) -> Answer:
        user = self._authorized(request)
        if isinstance(user, Answer):
            return user
        if not user.is_admin:
            return FORBIDDEN
        is_of_raft = request.path.startswith("/admin/cluster/")
        if self._mode() is Mode.RAFT_OFF and is_of_raft:
            return RAFT_NOT_CONFIGURED
        if request.method != "GET":
            return WRONG_METHOD
        scripted = self._scripted(request)
        if scripted is not None:
            return scripted
        if self._mode() is Mode.RAFT_DISABLED:
            return RAFT_DISABLED
        status = self._status()
        part = PARTS.get(request.path)
        return success(status if part is None or not isinstance(status, dict) else status[part])

    def _is_told(self, path: str) -> bool:
        status = self._status()
        return path == STATUS_PATH or (isinstance(status, dict) and PARTS.get(path, "") in status)

    def _authorized(self, request: web.Request) -> User | Answer:
        if "Authorization" not in request.headers:
            return MISSING_AUTHORIZATION
        user = self._accounts.owner(header_token(request))
        if user is None:
            return INVALID_TOKEN
        return user if self._limiter.allows(user.name) else RATE_LIMITED

    def _scripted(self, request: web.Request) -> Answer | None:
        return self.script.get(request.path_qs) or self.script.get(request.path)


async def _credentials(request: web.Request) -> tuple[str, str] | None:
    """User name and password of a login; None where the body is not one."""
    try:
        value = first_value(await request.read())
    except ValueError:
        return None
    fields = lower_keys(value) if isinstance(value, dict) else {} if value is None else None
    if fields is None:
        return None
    name, password = fields.get("username") or "", fields.get("password") or ""
    return (name, password) if isinstance(name, str) and isinstance(password, str) else None


def header_token(request: web.Request) -> str:
    """The token of the Authorization header: the prefix may be missing, and is known in this very case only."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")
