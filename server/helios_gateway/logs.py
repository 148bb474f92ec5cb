"""What is logged of requests: never their queries, headers or bodies, since tokens and passwords travel there."""

import logging
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

REQUEST_LOG: Final = logging.getLogger("helios_gateway.requests")
"""For aiohttp's own words on a request that failed."""


class AccessLog(AbstractAccessLogger):
    """One line a request."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write it; `time` is in seconds."""
        self.logger.info(
            "%s %s %s %d %.1f ms",
            request.remote,
            request.method,
            request.rel_url.raw_path,
            response.status,
            time * 1e3,
        )


def _is_about_the_gateway(record: logging.LogRecord) -> bool:
    """Whether a record tells of a failure of ours, not of bytes that are no HTTP, such as a TLS hello.

    aiohttp logs the latter as an error with a traceback that quotes the line, be it the one with the token.
    """
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError):
        return True
    REQUEST_LOG.info("what came is no HTTP request: %s", type(error).__name__)
    return False


REQUEST_LOG.addFilter(_is_about_the_gateway)
