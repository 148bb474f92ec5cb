"""HTTP answers in the real gateway's manner: plain text for errors, JSON with a newline at its end."""

import math
from typing import Any

from aiohttp import hdrs, web

from helios_desktop.protocol.codec import encode


def text(status: int, sentence: str) -> web.Response:
    """An error as Go's `http.Error` writes it."""
    return web.Response(
        body=f"{sentence}\n".encode(),
        status=status,
        headers={"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
    )


def later(status: int, sentence: str, wait_s: float) -> web.Response:
    """429 or 503: when to try again is in the header that RFC 9110 §10.2.3 has for it, and in the sentence."""
    seconds = max(1, math.ceil(wait_s))
    answer = text(status, f"{sentence}: try again in {seconds} s")
    answer.headers[hdrs.RETRY_AFTER] = str(seconds)
    return answer


def json(body: Any, status: int = 200) -> web.Response:
    """Any of the protocol's types, or what msgspec can encode."""
    return web.Response(body=encode(body) + b"\n", status=status, content_type="application/json")
