"""permessage-deflate (RFC 7692), no context takeover either way: so the same compressed bytes serve many clients."""

import re
import zlib
from typing import Final

from aiohttp import hdrs, web

from helios_gateway.sockets.frames import deflated_text_frame, text_frame

WORTHWHILE_BYTES: Final = 256
"""A shorter message is sent as it is: it would hardly shrink."""
_WINDOW_BITS: Final = 12
"""4 KiB hold most messages whole. zlib's own 15 cost ten times the time, to clear memory that nobody needs."""
_MEMORY_LEVEL: Final = 5
_LEVEL: Final = 6
_FLUSHED: Final = b"\x00\x00\xff\xff"
"""What a flush ends with, and the message leaves out (§7.2.1)."""
_NAME: Final = "permessage-deflate"
_ANSWER: Final = (
    f"{_NAME}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits={_WINDOW_BITS}"
)
_BITS: Final = re.compile(r"[89]|1[0-5]", re.ASCII)


def is_offered(request: web.BaseRequest) -> bool:
    """Whether the client offers it in a way that this side can follow; of several offers one is enough (§5)."""
    offers = ",".join(request.headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, [])).split(",")
    return any(_is_acceptable(offer) for offer in offers)


async def agree(_request: web.Request, response: web.StreamResponse) -> None:
    """Answer an offer with what this side does (aiohttp's `on_response_prepare`), where aiohttp answers one."""
    if hdrs.SEC_WEBSOCKET_EXTENSIONS in response.headers:
        response.headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = _ANSWER


def deflated(text: bytes) -> bytes:
    """One whole text message, compressed where that is worth it: RSV1 tells for each message (§6)."""
    if len(text) < WORTHWHILE_BYTES:
        return text_frame(text)
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
    compressed = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return deflated_text_frame(compressed.removesuffix(_FLUSHED))


def _is_acceptable(offer: str) -> bool:
    """A parameter that is unknown, named twice or wrong declines the offer (§7)."""
    name, *parameters = (part.strip() for part in offer.split(";"))
    if name.lower() != _NAME:
        return False
    seen: set[str] = set()
    for parameter in parameters:
        key, equals, quoted = (part.strip() for part in parameter.partition("="))
        value = quoted.removeprefix('"').removesuffix('"')
        match key:
            case "server_no_context_takeover" | "client_no_context_takeover":
                is_right = not equals
            case "client_max_window_bits":
                is_right = not equals or _BITS.fullmatch(value) is not None
            case "server_max_window_bits":
                is_right = _BITS.fullmatch(value) is not None and int(value) >= _WINDOW_BITS
            case _:
                is_right = False
        if not is_right or key in seen:
            return False
        seen.add(key)
    return True
