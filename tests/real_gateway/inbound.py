"""What a client's text does at the real gateway (wire.md §2, "Client -> server")."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.real_gateway.go_json import first_value, lower_keys

TOPICS: Final = frozenset(
    {"status", "latency", "uptime", "snapshot", "custom_metrics", "state_changes", "peer_changes"}
)
_TOPIC_OF: Final = {
    "status": "status",
    "status_update": "status",
    "latency": "latency",
    "uptime": "uptime",
    "snapshot": "snapshot",
    "custom_metrics": "custom_metrics",
    "state_change": "state_changes",
    "peer_change": "peer_changes",
}
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class DroppedError(Exception):
    """The gateway cannot read it and drops the connection without a word."""


@dataclass(frozen=True)
class ClientMessage:
    """A message that could be read. `topics` is the set that it asks for, None where the old one is kept."""

    type: str
    topics: frozenset[str] | None = None


def read_message(payload: bytes) -> ClientMessage:
    """Read a message, in whichever opcode it came. Raises `DroppedError`."""
    try:
        value = first_value(payload)
    except ValueError:
        raise DroppedError from None
    if value is None:
        return ClientMessage("")
    if not isinstance(value, dict):
        raise DroppedError
    fields = lower_keys(value)
    kind = fields.get("type")
    if not (kind is None or isinstance(kind, str)) or not _is_time(fields.get("timestamp")):
        raise DroppedError
    match kind:
        case "subscribe":
            return ClientMessage(kind, _wanted(fields["data"]) if "data" in fields else None)
        case "unsubscribe":
            return ClientMessage(kind, frozenset())
        case _:
            return ClientMessage(kind or "")


def wants(topics: frozenset[str], kind: str) -> bool:
    """True where a client with these topics gets a message of this type."""
    topic = _TOPIC_OF.get(kind)
    return topic is None or topic in topics


def _is_time(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, str) or _RFC3339.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _wanted(data: object) -> frozenset[str] | None:
    if data is None:
        return frozenset()
    if not isinstance(data, dict):
        return None
    fields = {key: value for key, value in lower_keys(data).items() if key in TOPICS and value is not None}
    if not all(isinstance(value, bool) for value in fields.values()):
        return None
    return frozenset(key for key, value in fields.items() if value)
