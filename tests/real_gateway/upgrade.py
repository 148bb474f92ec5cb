"""The handshake of `/ws/cluster` (wire.md §2; `handshake_failures.json` of the captures)."""

import base64
import binascii
import hashlib
from typing import Final

from aiohttp import web

from tests.real_gateway.answers import Answer, failure
from tests.real_gateway.mode import Mode

_NOT_WEBSOCKET: Final = "websocket: the client is not using the websocket protocol: "
_MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BAD_GATEWAY: Final = Answer(502, "<html><body><h1>502 Bad Gateway</h1></body></html>\r\n", "text/html")


def refusal(request: web.Request, mode: Mode) -> Answer | None:
    """Why a request with a good token is not upgraded, None where it is; as gorilla checks it, in its order."""
    headers = request.headers
    connection = "" if mode is Mode.PROXY else headers.get("Connection", "")
    if not _has(connection, "upgrade"):
        return _refused(400, "Bad Request", _NOT_WEBSOCKET + "'upgrade' token not found in 'Connection' header")
    if not _has(headers.get("Upgrade", ""), "websocket"):
        return _refused(400, "Bad Request", _NOT_WEBSOCKET + "'websocket' token not found in 'Upgrade' header")
    if request.method != "GET":
        return _refused(405, "Method Not Allowed", _NOT_WEBSOCKET + "request method is not GET")
    if not _has(headers.get("Sec-WebSocket-Version", ""), "13"):
        unsupported = "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header"
        return _refused(400, "Bad Request", unsupported)
    if not _is_key(headers.get("Sec-WebSocket-Key", "")):
        no_key = "'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length"
        return _refused(400, "Bad Request", f"websocket: not a websocket handshake: {no_key}")
    if mode is Mode.PLUGIN:
        return _refused(500, "Internal Server Error", "websocket: response does not implement http.Hijacker")
    return None


def acceptance(request: web.Request) -> bytes:
    """The answer that opens the socket, whatever subprotocol or compression was offered."""
    key = request.headers["Sec-WebSocket-Key"] + _MAGIC
    accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()


def _refused(status: int, phrase: str, reason: str) -> Answer:
    # Gorilla writes the first line, the gateway's own handler the second.
    return failure(status, f"{phrase}\nFailed to upgrade connection: {reason}")


def _has(header: str, token: str) -> bool:
    return token in (part.strip().lower() for part in header.split(","))


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False
