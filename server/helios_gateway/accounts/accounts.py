"""Who may log in: the accounts as the gateway asks for them, and those that it holds in memory."""

import enum
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol


class Role(enum.StrEnum):
    """What an account may do (the real gateway's roles): `admin` all, the others log in and, if let, watch."""

    ADMIN = "admin"
    USER = "user"
    READONLY = "readonly"


@dataclass(frozen=True, slots=True)
class Account:
    """One who may log in. `revision` grows with each change of the password or the role, and when it is disabled."""

    username: str
    role: Role
    revision: int = 0


class Denied(enum.Enum):
    """Why nobody was logged in. Only BUSY may be told: the others look alike from outside."""

    WRONG = enum.auto()
    """No such account, or another password."""
    DISABLED = enum.auto()
    BUSY = enum.auto()
    """Too many logins at once, or the accounts cannot be read: try again soon."""


class Accounts(Protocol):
    """What the gateway asks of accounts, wherever they are kept."""

    async def verify(self, username: str, password: str) -> Account | Denied:
        """Check a password, with the same work for a name that does not exist."""

    def find(self, username: str) -> Account | None:
        """The account as it was at the last `reload`; None for one that is gone or disabled. It never blocks."""

    async def reload(self) -> None:
        """See what another process changed. It never raises."""


class FixedAccounts:
    """Accounts that never change, each with its password, in memory only."""

    def __init__(self, passwords: Mapping[Account, str]) -> None:
        self._key = secrets.token_bytes(32)
        self._accounts = {account.username: account for account in passwords}
        self._digests = {account.username: self._digest(password) for account, password in passwords.items()}
        self._no_digest = secrets.token_bytes(64)

    async def verify(self, username: str, password: str) -> Account | Denied:
        """Check a password."""
        is_right = hmac.compare_digest(self._digest(password), self._digests.get(username, self._no_digest))
        return self._accounts[username] if is_right else Denied.WRONG

    def find(self, username: str) -> Account | None:
        """The account of that name."""
        return self._accounts.get(username)

    async def reload(self) -> None:
        """Nothing changes."""

    def _digest(self, password: str) -> bytes:
        # Keyed, so that equal lengths and constant time come for free and no plain hash of a password exists.
        return hashlib.blake2b(password.encode("utf-8", "surrogatepass"), key=self._key).digest()


DEMO_ACCOUNTS: Final = FixedAccounts(
    {Account("admin", Role.ADMIN): "admin123", Account("viewer", Role.READONLY): "viewer123"}
)
"""Known to everyone who read the guide, so never for another bind address than loopback."""
