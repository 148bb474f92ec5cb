"""Login and its answers (guide, "Authentication"; wire.md §1). Nothing here prints a secret: see each `__repr__`."""

import base64
import binascii
from typing import Final

import msgspec
from msgspec import Struct

from helios_desktop.protocol.codec import UNREADABLE

LOGIN_PATHS: Final = ("/api/v1/auth/login", "/api/auth/login")
"""The real gateway's first: it answers 404 on the guide's."""
REFRESH_PATH: Final = "/api/auth/refresh"
SOCKET_PATH: Final = "/ws/cluster"
OPAQUE_TOKEN_LIFE_S: Final = 900
"""How long a token lives that does not say so: the real gateway's fixed 15 minutes."""


class LoginRequest(Struct, frozen=True, gc=False):
    """Body of the login call."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"LoginRequest(username={self.username!r}, password=…)"


class RefreshRequest(Struct, frozen=True, gc=False):
    """Body of the refresh call."""

    refresh_token: str

    def __repr__(self) -> str:
        return "RefreshRequest(…)"


class LoginAnswer(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a login or a refresh gives. `expires_in` is in seconds; only `token` is always there."""

    token: str
    expires_in: float | None = None
    refresh_token: str | None = None
    user_id: str | None = None

    def __repr__(self) -> str:
        return f"LoginAnswer(token=…, expires_in={self.expires_in!r})"


class _Claims(Struct, frozen=True, gc=False):
    exp: float | None = None


def token_expiry_s(token: str) -> float | None:
    """The `exp` of a JWT in epoch seconds, unverified and only a hint; None for an opaque token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(payload, type=_Claims).exp
    except (binascii.Error, ValueError, *UNREADABLE):
        return None
