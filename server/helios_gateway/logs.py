"""How it is logged, and what of requests: never their queries, headers or bodies, since secrets travel there."""

import json
import logging
import time
from typing import Any, Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

REQUEST_LOG: Final = logging.getLogger("helios_gateway.requests")
"""For aiohttp's own words on a request that failed."""
FACTS: Final = "facts"
"""Name of a record's attribute: a dict of what its sentence says, as fields of their own in JSON."""


def configure(level: str, form: str) -> None:
    """Log to standard error from this level on, as `text` or as `json`, an object a line. May be called again."""
    release()
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())


def release() -> None:
    """Let standard error go, and log from the level on that Python begins with."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, TextLines | JsonLines):
            root.removeHandler(handler)
    root.setLevel(logging.WARNING)


class TextLines(logging.Formatter):
    """A sentence a line; only a failure of the gateway's own brings its traceback."""

    def __init__(self) -> None:
        super().__init__("helios-gateway: %(levelname)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Keep what a client sent from making lines of its own."""
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in super().formatMessage(record))


class JsonLines(logging.Formatter):
    """An object a line: `at` (RFC 3339, UTC), `level`, `logger`, `message`, and the facts that it is made of."""

    def format(self, record: logging.LogRecord) -> str:
        """Write it."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "at": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        } | getattr(record, FACTS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class AccessLog(AbstractAccessLogger):
    """One line a request."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write it; `time` is in seconds."""
        if not self.logger.isEnabledFor(logging.INFO):
            return
        told = {
            "remote": request.remote,
            "method": request.method,
            "path": request.rel_url.raw_path,
            "status": response.status,
            "ms": round(time * 1e3, 1),
        }
        self.logger.info("%s %s %s %d %.1f ms", *told.values(), extra={FACTS: told})


def _is_about_the_gateway(record: logging.LogRecord) -> bool:
    """Whether a record tells of a failure of ours, not of bytes that are no HTTP, such as a TLS hello.

    aiohttp logs the latter as an error with a traceback that quotes the line, be it the one with the token.
    """
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError | web.RequestPayloadError):
        return True
    REQUEST_LOG.info("what came is no HTTP request: %s", type(error).__name__)
    return False


REQUEST_LOG.addFilter(_is_about_the_gateway)
