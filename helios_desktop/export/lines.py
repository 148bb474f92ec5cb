"""An event, or what was seen, as a line of a file, in each of the formats that have lines."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any, Final

import msgspec

from helios_desktop.event import Event
from helios_desktop.export.event_json import event_record
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.codec import UNREADABLE
from helios_desktop.protocol.timestamps import NS, format_timestamp


class Format(StrEnum):
    """What a file is made of: a JSON object an event, a table for spreadsheets, the guide's plain log, typed columns.

    Or what was seen instead of what it meant: a JSON object an observation.
    """

    EVENTS = "events"
    CSV = "csv"
    LOG = "log"
    PARQUET = "parquet"
    FRAMES = "frames"

    @property
    def suffix(self) -> str:
        """What names of such files end in."""
        return {"events": ".jsonl", "frames": ".jsonl"}.get(self.value, f".{self.value}")

    @property
    def has_zone(self) -> bool:
        """False where times are always in UTC."""
        return self in (Format.CSV, Format.LOG)

    @property
    def has_meta_line(self) -> bool:
        """True where the file begins with its meta data; others have a `.meta.json` beside them."""
        return self in (Format.EVENTS, Format.FRAMES)

    @property
    def is_of_events(self) -> bool:
        """False where it holds observations."""
        return self is not Format.FRAMES


CSV_COLUMNS: Final = (
    "timestamp",
    "received_at",
    "observer",
    "node",
    "type",
    "severity",
    "derived",
    "summary",
    "data",
    "more",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_GO_ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_GO_ESCAPED: Final = re.compile("[<>&\u2028\u2029]")

_encode: Final = msgspec.json.Encoder().encode
_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final[Callable[[str], Any]] = msgspec.json.Decoder().decode
_GO_PLAIN_BELOW: Final = 1e21


def _go_number(text: str) -> float:
    # Go reads 1.0 as the number 1 and writes that; from here on it too needs an exponent.
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _GO_PLAIN_BELOW else number


_decode_as_go: Final[Callable[[str], Any]] = msgspec.json.Decoder(float_hook=_go_number).decode


def json_line(value: object, *, is_ascii: bool = False) -> str:
    """Any JSON value on one line, with its end; in ASCII alone for an output that has no more."""
    text = _encode(value).decode()
    return (json.dumps(_decode(text)) if is_ascii else text) + "\n"


def csv_head() -> str:
    """The first line of a CSV file."""
    return _csv(CSV_COLUMNS)


def event_line(event: Event, file_format: Format, zone: tzinfo | None) -> str:
    """One event, with the end of its line; times that are ours are in `zone`, but in JSON Lines in UTC.

    A zone of None is this machine's, summer time and all. Of Parquet, which has no lines, it is what CSV shows.
    """
    match file_format:
        case Format.CSV | Format.PARQUET:
            return csv_line(event, zone)
        case Format.LOG:
            return log_line(event, zone)
        case _:
            return json_line(event_record(event))


def frame_line(observation: Observation) -> str:
    """What was seen, as it came: the text untouched, `source` and `status` of a REST answer."""
    is_rest = observation.kind is Kind.REST
    record = {
        "received_at": format_timestamp(observation.received_ns),
        "observer": observation.observer,
        "epoch": observation.epoch,
        "kind": observation.kind.value,
        "text": observation.text,
        "source": observation.source if is_rest else None,
        "status": observation.status if is_rest else None,
    }
    return json_line(record)


def csv_line(event: Event, zone: tzinfo | None) -> str:
    """A row as RFC 4180 has it; no cell can be taken for a formula."""
    record = event_record(event)
    more = record.get("more")
    cells = (
        event.timestamp,
        _rfc3339(event.at_ns, zone),
        event.observer,
        event.node,
        event.type,
        event.severity.name.lower(),
        "true" if event.is_derived else "false",
        str(record["summary"]),
        _encode(record["data"]).decode(),
        "" if more is None else _encode(more).decode(),
    )
    return _csv(cells)


def log_line(event: Event, zone: tzinfo | None) -> str:
    """What the guide's Go logger writes ("Logging All Events"): time in seconds, a space, the message with sorted keys.

    What is no message of the server is written in the same shape, with `observer`, and `derived` where it is.
    """
    text = _encode_sorted(_message(event)).decode()
    escaped = _GO_ESCAPED.sub(lambda match: _GO_ESCAPES[match[0]], text)
    return f"{_moment(event.at_ns, zone):%Y/%m/%d %H:%M:%S} {escaped}\n"


def _message(event: Event) -> object:
    if event.observation.kind is Kind.FRAME and not event.is_derived:
        try:
            message = _decode_as_go(event.observation.text)
        except UNREADABLE:
            pass
        else:
            if isinstance(message, dict):
                return message
    record = event_record(event)
    return {key: record[key] for key in ("type", "timestamp", "observer", "data", "derived") if key in record}


def _csv(cells: tuple[str, ...]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue()


def _moment(at_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at_ns // NS, UTC).astimezone(zone)


def _rfc3339(at_ns: int, zone: tzinfo | None) -> str:
    moment = _moment(at_ns, zone)
    ending = "Z" if zone is UTC else moment.isoformat()[19:]
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ns % NS:09d}{ending}"
