"""WebSocket frames as a server sends them (RFC 6455 §5.2): unmasked, so the same bytes serve every client."""

from typing import Final

GOING_AWAY: Final = 1001
TOKEN_EXPIRED: Final = 4401
"""As HTTP's 401: log in again."""
TOKEN_REVOKED: Final = 4403
"""As HTTP's 403: a logout, a revocation, an account that was disabled or lost its role."""
NODE_REMOVED: Final = 4404
TOO_SLOW: Final = 4408
"""It read so slowly that messages were lost."""
NO_PONG: Final = 4409
TOO_MANY: Final = 4429
"""It sent more messages a second than it may."""

_TEXT: Final = 0x81
_DEFLATED_TEXT: Final = 0xC1
"""With RSV1 (RFC 7692 §6)."""
_CLOSE: Final = 0x88
_PING: Final = 0x89
_PONG: Final = 0x8A


def text_frame(payload: bytes) -> bytes:
    """One whole text message."""
    return _data_frame(_TEXT, payload)


def deflated_text_frame(payload: bytes) -> bytes:
    """One whole text message that was compressed, for a client that agreed to that."""
    return _data_frame(_DEFLATED_TEXT, payload)


def ping_frame() -> bytes:
    """A native ping without payload."""
    return bytes((_PING, 0))


def pong_frame(payload: bytes) -> bytes:
    """The answer to a native ping, whose payload (at most 125 bytes) it repeats."""
    return bytes((_PONG, len(payload))) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; code 0 makes an empty one. The reason is cut to what a control frame holds."""
    if not code:
        return bytes((_CLOSE, 0))
    text = reason.encode()[:123].decode("utf-8", "ignore").encode()
    return bytes((_CLOSE, len(text) + 2)) + code.to_bytes(2, "big") + text


def _data_frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
