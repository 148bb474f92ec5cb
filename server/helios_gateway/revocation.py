"""`POST` of logout, and of what ends the logins of others (issue 7, point 2)."""

import logging
from typing import Final

import msgspec
from aiohttp import web

from helios_desktop.protocol.codec import decode_as
from helios_gateway import answers
from helios_gateway.access import admin_of, header_token
from helios_gateway.accounts.auth import Authority
from helios_gateway.login import read_body

LOGOUT_PATHS: Final = ("/api/v1/auth/logout", "/api/auth/logout")
REVOKE_PATH: Final = "/api/admin/revoke"

_log = logging.getLogger(__name__)


class RevokeRequest(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Whose logins are to be ended: those of one account, or all. Exactly one of the two."""

    username: str | None = None
    all: bool = False


class RevocationCalls:
    """Handlers of both. A logout ends its own login only; to end others takes an admin."""

    def __init__(self, authority: Authority, body_s: float) -> None:
        self._authority = authority
        self._body_s = body_s

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve them."""
        for path in LOGOUT_PATHS:
            router.add_route("*", path, self._log_out)
        router.add_route("*", REVOKE_PATH, self._revoke)

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        # The real gateway looks at the method first here, and only here and at the login (wire.md §1).
        if request.method != "POST":
            return answers.text(405, "Method not allowed")
        token = header_token(request)
        if not token:
            return answers.text(401, "Missing authorization")
        grant = self._authority.check(token)
        if grant is None:
            return answers.text(401, "Invalid token")
        self._authority.log_out(grant.sid)
        return answers.json({"ok": True})

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        grant = admin_of(request, self._authority)
        if isinstance(grant, web.Response):
            return grant
        if request.method != "POST":
            return answers.text(405, "Method not allowed")
        match decode_as(RevokeRequest, await read_body(request, self._body_s)):
            case RevokeRequest(username=None, all=True):
                ended = self._authority.revoke_all()
            case RevokeRequest(username=str() as username, all=False):
                ended = self._authority.revoke_user(username)
            case _:
                return answers.text(400, 'Invalid request: send {"username": …} or {"all": true}')
        _log.info("%s ended %d logins", grant.username, ended)
        return answers.json({"ok": True, "logins": ended})
