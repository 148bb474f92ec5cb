"""HTTP answers in the real gateway's manner: plain text for errors, JSON with a newline at its end."""

from typing import Any

from aiohttp import web

from helios_desktop.protocol.codec import encode


def text(status: int, sentence: str) -> web.Response:
    """An error as Go's `http.Error` writes it."""
    return web.Response(
        body=f"{sentence}\n".encode(),
        status=status,
        headers={"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
    )


def json(body: Any, status: int = 200) -> web.Response:
    """Any of the protocol's types, or what msgspec can encode."""
    return web.Response(body=encode(body) + b"\n", status=status, content_type="application/json")
