"""Accounts, logins and the tokens that they give.

A login is known by its `sid`. Its access token is a JWT that lives 15 minutes; a refresh token, good for one use,
gives the next one and keeps the `sid`. All of it is in memory and ends with the gateway.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import jwt

from helios_desktop.protocol.auth import LoginAnswer

TOKEN_LIFE_S: Final = 900
REFRESH_LIFE_S: Final = 12 * 3600
_ALGORITHM: Final = "HS256"
_CLAIMS: Final = ("exp", "iat", "sub", "jti", "sid")


@dataclass(frozen=True, slots=True)
class Account:
    """One who may log in; only an admin may open the socket, read `/admin` and make faults."""

    username: str
    password: str = field(repr=False)
    is_admin: bool = False


DEMO_ACCOUNTS: Final = (Account("admin", "admin123", is_admin=True), Account("viewer", "viewer123"))
"""Known to everyone who read the guide, so never for another bind address than loopback."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token says of who holds it."""

    username: str
    is_admin: bool
    sid: str


@dataclass(slots=True)
class _Login:
    account: Account
    expires_at_s: float
    refresh_digest: bytes
    refresh_expires_at_s: float


class Authority:
    """Checks passwords and tokens. `now_s` gives seconds since the Unix epoch; lives are in seconds."""

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        now_s: Callable[[], float],
        token_life_s: int = TOKEN_LIFE_S,
        refresh_life_s: int = REFRESH_LIFE_S,
    ) -> None:
        self._now_s = now_s
        self._token_life_s = token_life_s
        self._refresh_life_s = refresh_life_s
        self._key = secrets.token_bytes(32)
        self._accounts = {account.username: account for account in accounts}
        self._nobody = Account("", secrets.token_urlsafe())
        self._logins: dict[str, _Login] = {}
        self._sid_by_refresh: dict[bytes, str] = {}

    def log_in(self, username: str, password: str) -> LoginAnswer | None:
        """Start a login; None for an unknown user or a wrong password, after the same work."""
        account = self._accounts.get(username, self._nobody)
        is_right = hmac.compare_digest(self._digest(password), self._digest(account.password))
        if not is_right or account is self._nobody:
            return None
        self._forget_ended()
        return self._issue(secrets.token_hex(16), account)

    def refresh(self, refresh_token: str) -> LoginAnswer | None:
        """Go on with a login; None for a token that is unknown, used or too old."""
        sid = self._sid_by_refresh.pop(self._digest(refresh_token), None)
        if sid is None:
            return None
        login = self._logins[sid]
        if login.refresh_expires_at_s <= self._now_s():
            return None
        return self._issue(sid, login.account)

    def check(self, token: str) -> Grant | None:
        """Read an access token; None for one that is not ours or expired."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                # The clock is ours to ask, not PyJWT's.
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        login = self._logins.get(claims["sid"])
        if login is None or claims["exp"] <= self._now_s():
            return None
        return Grant(login.account.username, login.account.is_admin, claims["sid"])

    def is_alive(self, sid: str) -> bool:
        """Whether this login has a token that is still valid."""
        login = self._logins.get(sid)
        return login is not None and login.expires_at_s > self._now_s()

    def _issue(self, sid: str, account: Account) -> LoginAnswer:
        now_s = self._now_s()
        issued_at_s = int(now_s)
        expires_at_s = issued_at_s + self._token_life_s
        claims = {
            "sub": account.username,
            "sid": sid,
            "jti": secrets.token_hex(16),
            "iat": issued_at_s,
            "exp": expires_at_s,
        }
        refresh_token = secrets.token_urlsafe(32)
        digest = self._digest(refresh_token)
        self._logins[sid] = _Login(account, expires_at_s, digest, now_s + self._refresh_life_s)
        self._sid_by_refresh[digest] = sid
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM)
        return LoginAnswer(token, expires_in=self._token_life_s, refresh_token=refresh_token)

    def _forget_ended(self) -> None:
        now_s = self._now_s()
        ended = [
            sid
            for sid, login in self._logins.items()
            if login.refresh_expires_at_s <= now_s and login.expires_at_s <= now_s
        ]
        for sid in ended:
            self._sid_by_refresh.pop(self._logins.pop(sid).refresh_digest, None)

    def _digest(self, secret: str) -> bytes:
        # Keyed, so that equal lengths and constant time come for free and no plain hash of a password exists.
        return hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), key=self._key).digest()
