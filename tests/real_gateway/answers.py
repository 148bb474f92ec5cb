"""What the real gateway answers over HTTP, to the letter (wire.md §1, §5; `rest_*.json` of the captures)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: str
    content_type: str = "application/json"

    def response(self) -> web.Response:
        """Give it in the form that aiohttp sends."""
        headers = {"Content-Type": self.content_type}
        if self.status >= 400 and self.content_type != "application/json":
            headers["X-Content-Type-Options"] = "nosniff"
        return web.Response(status=self.status, body=self.body.encode(), headers=headers)


def failure(status: int, text: str) -> Answer:
    """As Go's `http.Error` writes it."""
    return Answer(status, text + "\n", "text/plain; charset=utf-8")


def success(body: object, status: int = 200) -> Answer:
    """As Go's JSON encoder writes it."""
    return Answer(status, compact(body) + "\n")


def compact(body: object) -> str:
    """JSON without spaces, numbers as they were read."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


NOT_FOUND: Final = failure(404, "404 page not found")
WRONG_METHOD: Final = failure(405, "Method not allowed")
INVALID_REQUEST: Final = failure(400, "Invalid request")
INVALID_CREDENTIALS: Final = failure(401, "Invalid credentials")
NAME_TAKEN: Final = failure(400, "username already exists")
MISSING_AUTHORIZATION: Final = failure(401, "Missing authorization")
INVALID_TOKEN: Final = failure(401, "Invalid token")
RATE_LIMITED: Final = failure(429, "Rate limit exceeded")
FORBIDDEN: Final = failure(403, "Forbidden")
RAFT_NOT_CONFIGURED: Final = failure(503, "Raft not enabled")
RAFT_DISABLED: Final = failure(500, "Failed to get cluster status: raft not enabled")
NO_TOKEN: Final = failure(401, "Authentication required")
NOT_ADMIN: Final = failure(403, "Admin permission required")


class _Captured(msgspec.Struct):
    status: int
    body: object
    content_type: str = "application/json"


def captured_answers(path: Path) -> dict[str, Answer]:
    """The REST answers of a `rest_*.json`, by path and query; what was asked in another way is left out."""
    calls = msgspec.json.decode(path.read_bytes(), type=dict[str, _Captured])
    return {
        name: Answer(call.status, call.body, call.content_type)
        if isinstance(call.body, str)
        else Answer(call.status, compact(call.body) + "\n", call.content_type)
        for name, call in calls.items()
        if name.startswith("/")
    }


def message(kind: str, *data: object) -> str:
    """A message of the gateway's, of now and with its newline; without `data` it has none."""
    body: dict[str, object] = {"type": kind, "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
    if data:
        body["data"] = data[0]
    return compact(body) + "\n"
