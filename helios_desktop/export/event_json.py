"""One event as a JSON object: the lines of `tail --json` and of the JSON Lines export (docs/events.md).

`data` has the guide's keys whatever the server's dialect, null where it did not tell; all that the server told beyond
them stands under `more`, as the server wrote it. Instants are RFC 3339 in UTC.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from helios_desktop.event import Event
from helios_desktop.export.event_data import data_of, instant
from helios_desktop.observation import Kind, Observation, connection_change
from helios_desktop.protocol.codec import UNREADABLE, decode
from helios_desktop.protocol.messages import CustomMetrics, StateChange
from helios_desktop.protocol.timestamps import format_timestamp
from helios_desktop.summary import summary

_ENVELOPE: Final = frozenset({"type", "timestamp", "data"})
"""The guide's keys of a message."""

_json: Final[Callable[[str], Any]] = msgspec.json.Decoder().decode


def event_record(event: Event) -> dict[str, object]:
    """Everything that the event says, for programs: its keys are a contract.

    `type`, `timestamp` (the server's own text, else when we received it), `received_at`, `observer`, `summary`,
    `data`; `more` where there is more; `derived` (true); `evidence`, the observations that it follows from, oldest
    first, with the `interval` in which it happened.
    """
    received_at = format_timestamp(event.at_ns)
    data = data_of(event.body)
    if isinstance(event.body, StateChange) and event.node:
        data = {"node_id": event.node, **data}  # the guide leaves out whose role it was
    record: dict[str, object] = {
        "type": event.type,
        "timestamp": event.timestamp or received_at,
        "received_at": received_at,
        "observer": event.observer,
        "summary": summary(event),
        "data": data,
    }
    more = _more(event, data)
    if more:
        record["more"] = more
    if event.is_derived:
        record["derived"] = True
    if event.evidence:
        record["evidence"] = [evidence_record(observation) for observation in event.evidence]
        record["interval"] = {"after": instant(event.after_ns), "until": received_at}
    return record


def evidence_record(observation: Observation) -> dict[str, object]:
    """Enough to find an observation again, without its text: `observer`, `epoch`, `received_at`, `kind`, what it was.

    `type` is a message's; `source` the call of a REST answer; `phase` the one that a connection entered.
    """
    record: dict[str, object] = {
        "observer": observation.observer,
        "epoch": observation.epoch,
        "received_at": format_timestamp(observation.received_ns),
        "kind": observation.kind.value,
    }
    match observation.kind:
        case Kind.FRAME | Kind.SENT:
            record["type"] = decode(observation.text).type or "malformed"
        case Kind.REST:
            record["source"] = observation.source
        case Kind.CONNECTION:
            try:
                record["phase"] = connection_change(observation).phase.value
            except UNREADABLE:
                record["phase"] = None
        case Kind.TICK:
            pass
    return record


def _more(event: Event, data: Any) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if isinstance(event.body, CustomMetrics) and event.body.removed:
        more = {"removed": list(event.body.removed)}
    elif not event.is_derived and event.observation.kind is Kind.FRAME and event.type != "malformed":
        more = _beyond_the_guide(event, data)
    is_named = isinstance(data, dict) and event.node in data.values()
    if event.node and not is_named and "node" not in more:
        more["node"] = event.node
    return more


def _beyond_the_guide(event: Event, data: Any) -> dict[str, Any]:
    try:
        message = _json(event.observation.text)
    except UNREADABLE:
        return {}
    if not isinstance(message, dict):
        return {}
    told = message.get("data")
    if isinstance(event.body, CustomMetrics):
        # The names of metrics are keys here, and must not meet those of the envelope.
        table = told if isinstance(told, dict) else {}
        is_table = event.body.is_complete
        more = {key: value for key, value in table.items() if key != "metrics"} if is_table else {}
        details = _beyond(table.get("metrics") if is_table else table, data)
        if details:
            more["metrics"] = details
    elif isinstance(told, dict):
        more = _beyond(told, data if isinstance(data, dict) else {})
    else:
        more = {} if told is None or told == data else {"data": told}
    for key, value in message.items():
        if key not in _ENVELOPE:
            more.setdefault(key, value)
    return more


def _beyond(told: Any, shown: Any) -> dict[str, Any]:
    """What `told` has and `shown` has not, or not so."""
    beyond: dict[str, Any] = {}
    if not isinstance(told, dict):
        return beyond
    for key, value in told.items():
        if key not in shown:
            beyond[key] = value
            continue
        visible = shown[key]
        if isinstance(value, dict) and isinstance(visible, dict):
            inner = _beyond(value, visible)
            if inner:
                beyond[key] = inner
        elif not _is_same(value, visible):
            beyond[key] = value
    return beyond


def _is_same(told: Any, shown: Any) -> bool:
    if told is None or told == "" or told == shown:
        return True
    # Ids of peers are sorted, since a real gateway's order is random (wire.md §3.1).
    return isinstance(told, list) and isinstance(shown, list) and sorted(map(str, told)) == sorted(map(str, shown))
