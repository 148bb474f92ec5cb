"""Logins and the tokens that they give.

A login is known by its `sid`. Its access token is a short-lived JWT (RFC 7519, HS256 and nothing else); a refresh
token, good for one use, gives the next one and keeps the `sid` (RFC 9700 §4.14.2). All of it is in memory and ends with
the gateway.
"""

import asyncio
import enum
import hashlib
import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

import jwt
import msgspec

from helios_desktop.protocol.auth import LoginAnswer
from helios_gateway.accounts.accounts import Account, Accounts, Denied, Role
from helios_gateway.accounts.keys import Keys
from helios_gateway.metrics import Metrics

SKEW_S: Final = 5.0
"""How far the clock may have gone back since a token was made; its end is never put off."""
MOST_LOGINS: Final = 10_000
_ALGORITHM: Final = "HS256"
_NAME: Final = "helios-gateway"
_LONGEST_TOKEN: Final = 2048
_KEPT_AFTER_END_S: Final = 60.0
"""So that a socket still learns that its login expired."""

_log = logging.getLogger(__name__)

Ended = Callable[[Collection[str]], None]
"""Is told the `sid`s of logins that were ended before their time."""


@dataclass(frozen=True, slots=True)
class Lives:
    """How long things are good for, in seconds: an access token, a refresh token, and a key for signing."""

    token_s: int = 900
    refresh_s: int = 12 * 3600
    key_s: int = 24 * 3600


class Standing(enum.Enum):
    """How a login is."""

    ALIVE = enum.auto()
    EXPIRED = enum.auto()
    REVOKED = enum.auto()
    """Ended before its time, or never known."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token says of who holds it."""

    username: str
    role: Role
    sid: str

    @property
    def is_admin(self) -> bool:
        """Whether it may all."""
        return self.role is Role.ADMIN


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    sid: str
    exp: int
    iat: int
    nbf: int


@dataclass(slots=True)
class _Login:
    """`uses` counts its refreshes: the only good refresh token is the one that carries this number."""

    account: Account
    uses: int = 0
    expires_at_s: float = field(default=0.0)
    refresh_expires_at_s: float = field(default=0.0)


class Authority:
    """Gives, reads and ends logins. `run` must be kept going; `now_s` gives seconds since the epoch."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        now_s: Callable[[], float],
        lives: Lives | None = None,
        metrics: Metrics | None = None,
        most_logins: int = MOST_LOGINS,
    ) -> None:
        self._accounts = accounts
        self._now_s = now_s
        self._lives = Lives() if lives is None else lives
        self._metrics = Metrics() if metrics is None else metrics
        self._most_logins = most_logins
        self._keys = Keys(now_s=now_s, life_s=self._lives.key_s, spare_s=self._lives.token_s)
        self._refresh_key = secrets.token_bytes(32)
        self._logins: dict[str, _Login] = {}
        """Those that were last refreshed come last."""
        self._listeners: list[Ended] = []

    def listen(self, see: Ended) -> None:
        """Be told at once of logins that end before their time."""
        self._listeners.append(see)

    async def log_in(self, username: str, password: str) -> LoginAnswer | Denied:
        """Start a login. Where there are too many, the oldest of the user who has most of them makes room."""
        account = await self._accounts.verify(username, password)
        if isinstance(account, Denied):
            self._metrics.logins[account.name.lower()] += 1
            return account
        self._metrics.logins["ok"] += 1
        self._make_room()
        return self._issue(secrets.token_hex(16), _Login(account))

    def refresh(self, refresh_token: str) -> LoginAnswer | None:
        """Go on with a login; None for a token that is unknown or too old. One that was used before ends its login."""
        sid, _, rest = refresh_token.partition(".")
        number, _, _ = rest.partition(".")
        login = self._logins.get(sid)
        if login is None or not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        told = refresh_token.encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(told, self._refresh_token(sid, int(number)).encode()):
            return None
        if int(number) != login.uses:
            # Either the thief or the owner comes second, and nobody can tell which (RFC 9700 §4.14.2).
            self._metrics.logins["reused"] += 1
            _log.warning("a refresh token of %s was used twice: its login %s is ended", login.account.username, sid[:8])
            self._end([sid])
            return None
        if login.refresh_expires_at_s <= self._now_s():
            return None
        if self._has_changed(login):
            self._end([sid])
            return None
        login.uses += 1
        return self._issue(sid, self._logins.pop(sid))

    def check(self, token: str) -> Grant | None:
        """Read an access token; None for one that is not ours, expired, or of a login that was ended."""
        claims = self._claims(token)
        if claims is None:
            return None
        login = self._logins.get(claims.sid)
        if login is None or login.account.username != claims.sub:
            return None
        now_s = self._now_s()
        if claims.exp <= now_s or max(claims.iat, claims.nbf) > now_s + SKEW_S:
            return None
        return Grant(login.account.username, login.account.role, claims.sid)

    def standing(self, sid: str) -> Standing:
        """How a login is: alive as long as its newest access token."""
        login = self._logins.get(sid)
        if login is None:
            return Standing.REVOKED
        return Standing.ALIVE if login.expires_at_s > self._now_s() else Standing.EXPIRED

    def log_out(self, sid: str) -> None:
        """End a login, by its owner's wish."""
        self._end([sid])

    def revoke_user(self, username: str) -> int:
        """End all logins of an account; how many there were."""
        return self._end([sid for sid, login in self._logins.items() if login.account.username == username])

    def revoke_all_but_admins(self) -> int:
        """End all logins of those who may not do all; how many there were."""
        return self._end([sid for sid, login in self._logins.items() if login.account.role is not Role.ADMIN])

    def revoke_all(self) -> int:
        """End all logins; how many there were."""
        return self._end(list(self._logins))

    async def review(self) -> None:
        """End the logins of accounts that were changed, disabled or removed, and forget those that are over."""
        await self._accounts.reload()
        self._end([sid for sid, login in self._logins.items() if self._has_changed(login)])
        self._forget_ended()

    async def run(self, period_s: float) -> None:
        """Review once a period, until cancelled."""
        while True:
            await asyncio.sleep(period_s)
            await self.review()

    def _claims(self, token: str) -> _Claims | None:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        try:
            key = self._keys.find(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                return None
            told = jwt.decode(
                token,
                key.secret,
                algorithms=[_ALGORITHM],
                issuer=_NAME,
                audience=_NAME,
                # The clock is ours to ask, not PyJWT's.
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            return msgspec.convert(told, _Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError, RecursionError):
            # The last of them from older PyJWT: anybody may send a header that nests without end.
            return None

    def _issue(self, sid: str, login: _Login) -> LoginAnswer:
        now_s = self._now_s()
        issued_at_s = int(now_s)
        login.expires_at_s = issued_at_s + self._lives.token_s
        login.refresh_expires_at_s = now_s + self._lives.refresh_s
        self._logins[sid] = login
        claims = {
            "iss": _NAME,
            "aud": _NAME,
            "sub": login.account.username,
            "sid": sid,
            "jti": secrets.token_hex(16),
            "iat": issued_at_s,
            "nbf": issued_at_s,
            "exp": login.expires_at_s,
        }
        key = self._keys.signing()
        token = jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers={"kid": key.kid})
        return LoginAnswer(token, expires_in=self._lives.token_s, refresh_token=self._refresh_token(sid, login.uses))

    def _refresh_token(self, sid: str, number: int) -> str:
        # It carries its own proof, so that used ones are known for ever without being remembered.
        named = f"{sid}.{number}"
        return f"{named}.{hashlib.blake2b(named.encode(), key=self._refresh_key, digest_size=32).hexdigest()}"

    def _has_changed(self, login: _Login) -> bool:
        return self._accounts.find(login.account.username) != login.account

    def _make_room(self) -> None:
        if len(self._logins) < self._most_logins:
            return
        self._forget_ended()
        if len(self._logins) < self._most_logins:
            return
        # One who logs in again and again must not throw out the others.
        ((busiest, _),) = Counter(login.account.username for login in self._logins.values()).most_common(1)
        self._end([next(sid for sid, login in self._logins.items() if login.account.username == busiest)])

    def _forget_ended(self) -> None:
        long_ago_s = self._now_s() - _KEPT_AFTER_END_S
        self._logins = {
            sid: login
            for sid, login in self._logins.items()
            if max(login.expires_at_s, login.refresh_expires_at_s) > long_ago_s
        }

    def _end(self, sids: Collection[str]) -> int:
        ended = frozenset(sid for sid in sids if self._logins.pop(sid, None) is not None)
        if ended:
            for see in self._listeners:
                see(ended)
        return len(ended)
