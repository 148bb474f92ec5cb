"""Users and tokens of one real gateway: its own store, which no other gateway shares (wire.md §1)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TOKEN_LIFE_S: Final = 15 * 60.0


class Role(StrEnum):
    """Only the first may watch the cluster."""

    ADMIN = "admin"
    USER = "user"
    READONLY = "readonly"


@dataclass(frozen=True)
class User:
    """user_id: 32 hex characters."""

    name: str
    password: str
    role: Role
    user_id: str

    @property
    def is_admin(self) -> bool:
        """True where the role's permissions hold `admin:*`."""
        return self.role is Role.ADMIN


class Accounts:
    """Who may log in, and whose the tokens are.

    Made with `admin`/`admin123` and `viewer`/`viewer123` (readonly), though the real one has no account of its own.
    `token_life_s` counts for the tokens made from then on; no answer tells it.
    """

    def __init__(self, clock_s: Callable[[], float], *, token_life_s: float = TOKEN_LIFE_S) -> None:
        self.token_life_s = token_life_s
        self._clock_s = clock_s
        self._users: dict[str, User] = {}
        self._tokens: dict[str, tuple[User, float]] = {}
        self.add("admin", "admin123", Role.ADMIN)
        self.add("viewer", "viewer123", Role.READONLY)

    def add(self, name: str, password: str, role: Role = Role.USER) -> User | None:
        """Register a user; None where the name is taken. An empty password is accepted."""
        if name in self._users:
            return None
        user = self._users[name] = User(name, password, role, secrets.token_hex(16))
        return user

    def log_in(self, name: str, password: str) -> tuple[User, str] | None:
        """Make a token for whoever knows the password."""
        user = self._users.get(name)
        if user is None or user.password != password:
            return None
        return user, self.make_token(name)

    def make_token(self, name: str) -> str:
        """Make a token of a user that is there: 64 hex characters."""
        token = secrets.token_hex(32)
        self._tokens[token] = (self._users[name], self._clock_s() + self.token_life_s)
        return token

    def owner(self, token: str) -> User | None:
        """Whose a token is; None for one that is unknown, revoked or expired, which look the same."""
        user, expires_s = self._tokens.get(token, (None, 0.0))
        return user if self._clock_s() < expires_s else None

    def revoke(self, token: str) -> None:
        """Forget a token. Sockets that are open stay open."""
        self._tokens.pop(token, None)
