"""WebSocket frames as a server sends them (RFC 6455 §5.2): unmasked, so the same bytes serve every client."""

from typing import Final

GOING_AWAY: Final = 1001
TOKEN_EXPIRED: Final = 4401
NODE_REMOVED: Final = 4404
TOO_SLOW: Final = 4408
NO_PONG: Final = 4409

_TEXT: Final = 0x81
_CLOSE: Final = 0x88
_PING: Final = 0x89
_PONG: Final = 0x8A


def text_frame(payload: bytes) -> bytes:
    """One whole text message."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


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
