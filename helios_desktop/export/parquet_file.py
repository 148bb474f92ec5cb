"""Events as an Apache Parquet file: typed columns, written a row group at a time. Needs the extra `parquet`."""

import importlib
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec

from helios_desktop.event import Event
from helios_desktop.export.event_json import event_record
from helios_desktop.export.replacement import ExportError
from helios_desktop.protocol.timestamps import parse_timestamp
from helios_desktop.words import _

GROUP_ROWS: Final = 20_000
GROUP_BYTES: Final = 16 * 1024 * 1024
"""Of texts, in one row group: what is held in memory."""
META_KEY: Final = "helios"
"""Under which the meta data stand in the file too."""
_MOST_NS: Final = 2**63 - 1
"""In the year 2262; the column has no later instants, and a server may tell any."""

_Row = tuple[int | None, str, int, int | None, str, str, str, str, bool, str, str, str | None]

_encode: Final = msgspec.json.Encoder().encode


def check_parquet() -> None:
    """Raises `ExportError` where the package is missing that writes such files."""
    _load("pyarrow")


class ParquetFile:
    """Writes into an open file, within `with`. Raises OSError.

    timestamp:  when the server says it was, null where it does not; `timestamp_told` is its own text
    after:      of a derived event, when the last contrary observation was made: it happened between that and
                `received_at`
    data, more: JSON, as in the other formats
    """

    def __init__(self, file: IO[bytes], meta: str) -> None:
        self._arrow = arrow = _load("pyarrow")
        instant = arrow.timestamp("ns", tz="UTC")
        choice = arrow.dictionary(arrow.int32(), arrow.string())
        self._schema = arrow.schema(
            [
                ("timestamp", instant),
                ("timestamp_told", arrow.string()),
                arrow.field("received_at", instant, nullable=False),
                ("after", instant),
                ("observer", choice),
                ("node", choice),
                ("type", choice),
                ("severity", choice),
                ("derived", arrow.bool_()),
                ("summary", arrow.string()),
                ("data", arrow.string()),
                ("more", arrow.string()),
            ],
            metadata={META_KEY: meta},
        )
        self._writer: Any = _load("pyarrow.parquet").ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[_Row] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def write(self, events: Sequence[Event]) -> None:
        """Append them."""
        for event in events:
            row = _row_of(event)
            self._rows.append(row)
            self._bytes += len(row[-2]) + len(row[-1] or "") + len(row[-3])
            if len(self._rows) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
                self._write_group()

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_group()
                self._writer.close()
        finally:
            # Else it would write an end when it is collected, into a file that is gone.
            self._writer.is_open = False

    def _write_group(self) -> None:
        if not self._rows:
            return
        columns = [
            self._arrow.array(values, type=field.type)
            for values, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
        ]
        self._writer.write_batch(self._arrow.record_batch(columns, schema=self._schema))
        self._rows.clear()
        self._bytes = 0


def _row_of(event: Event) -> _Row:
    record = event_record(event)
    more = record.get("more")
    told_ns = parse_timestamp(event.timestamp)
    return (
        None if told_ns is None or abs(told_ns) > _MOST_NS else told_ns,
        _plain(event.timestamp),
        event.at_ns,
        event.after_ns,
        _plain(event.observer),
        _plain(event.node),
        _plain(event.type),
        event.severity.name.lower(),
        event.is_derived,
        _plain(str(record["summary"])),
        _encode(record["data"]).decode(),
        None if more is None else _encode(more).decode(),
    )


def _plain(text: str) -> str:
    # As in files of lines: what is no text in UTF-8 must not end the export.
    return text.encode("utf-8", "backslashreplace").decode()


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        sentence = _("Parquet files need the package pyarrow, which is not here: {command}. Or choose another format.")
        raise ExportError(sentence.format(command='pip install "helios-desktop[parquet]"')) from None
