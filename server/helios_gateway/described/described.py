"""`GET /openapi.json` and `GET /asyncapi.json`: what the gateway speaks, for programs and for their writers."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from aiohttp import hdrs, web

from helios_gateway import answers
from helios_gateway.described.asyncapi import asyncapi_document, server
from helios_gateway.described.calls import ASYNCAPI_PATH, OPENAPI_PATH
from helios_gateway.described.openapi import openapi_document

VERSION: Final = "1.0.0"
"""Of what is described, and not of the program: its first number changes where a client must."""


class Described:
    """Handlers of both. They need no token: what is in them is no secret. Each is made when it is first asked for."""

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve them."""
        router.add_route("*", OPENAPI_PATH, self._handler(lambda _: self._openapi))
        router.add_route("*", ASYNCAPI_PATH, self._handler(self._asyncapi))

    def _handler(self, document: Callable[[web.Request], dict[str, Any]]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.method != "GET":
                return answers.text(405, "Method not allowed")
            return answers.json(document(request))

        return handle

    @cached_property
    def _openapi(self) -> dict[str, Any]:
        return openapi_document(VERSION)

    def _asyncapi(self, request: web.Request) -> dict[str, Any]:
        # Behind a proxy the gateway knows neither its own name nor whether it is reached by TLS.
        is_secure = request.secure or request.headers.get(hdrs.X_FORWARDED_PROTO) == "https"
        return {**self._of_the_socket, "servers": server(request.host, is_secure)}

    @cached_property
    def _of_the_socket(self) -> dict[str, Any]:
        return asyncapi_document(VERSION)
