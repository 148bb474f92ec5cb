"""The pages of a SQLite file and the rows on them, however broken the file is (SQLite, "Database File Format").

SQLite finds rows by way of other pages, and finds none where one of those is damaged. Here each page is looked at by
itself.
"""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

MAGIC: Final = b"SQLite format 3\x00"
DEFAULT_PAGE_SIZE: Final = 4096
TABLE_LEAF: Final = 0x0D
INDEX_LEAF: Final = 0x0A
INDEX_INTERIOR: Final = 0x02
_LOG_MAGIC: Final = frozenset({0x377F0682, 0x377F0683})
_LOG_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_INT_SIZES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FLOAT: Final = 7
_FIRST_BLOB: Final = 12

Value = int | float | str | bytes | None
"""A text that is no UTF-8 is bytes here."""


class BrokenRowError(Exception):
    """What stands there is no row."""


@dataclass(frozen=True)
class Row:
    """One row of a page; `rowid` 0 where the page is of an index, or of a table without."""

    rowid: int
    values: tuple[Value, ...]


class Pages:
    """Of one file and the log beside it, which are not changed. Use it as a context. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._bytes = _map(path)
        self._log = _map(Path(f"{path}-wal"))
        self.size = self._page_size()
        self._usable = self.size - (self._bytes[20] if self._bytes[:16] == MAGIC and len(self._bytes) > 20 else 0)
        self._logged = self._read_log()
        self.count = max([-(-len(self._bytes) // self.size), *self._logged])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for mapped in (self._bytes, self._log):
            if isinstance(mapped, mmap.mmap):
                mapped.close()

    def page(self, number: int) -> bytes:
        """Of 1 to `count`; shorter than `size`, or empty, where the file is."""
        at = self._logged.get(number)
        if at is not None:
            return self._log[at : at + self.size]
        return self._bytes[(number - 1) * self.size : number * self.size]

    def free(self) -> set[int]:
        """Pages that hold nothing (any more), as far as that can be told."""
        free: set[int] = set()
        first = self.page(1)
        trunk = _u32(first, 32) if first[:16] == MAGIC else 0
        while 0 < trunk <= self.count and trunk not in free:
            free.add(trunk)
            page = self.page(trunk)
            leaves = min(_u32(page, 4), self.size // 4 - 2)
            free.update(_u32(page, 8 + 4 * leaf) for leaf in range(leaves))
            trunk = _u32(page, 0)
        return free

    def kind(self, number: int) -> int:
        """`TABLE_LEAF`, `INDEX_LEAF`, `INDEX_INTERIOR` or some other number."""
        header = _header_at(number)
        return int.from_bytes(self.page(number)[header : header + 1], "big")

    def rows(self, number: int) -> Iterator[Row]:
        """All on one of these pages that can be read, in their order."""
        page, header, kind = self.page(number), _header_at(number), self.kind(number)
        first = header + (12 if kind == INDEX_INTERIOR else 8)
        for at in range(first, min(first + 2 * _u16(page, header + 3), len(page) - 1), 2):
            with suppress(BrokenRowError):
                yield self._row(page, _u16(page, at), kind)

    def _row(self, page: bytes, at: int, kind: int) -> Row:
        if kind == INDEX_INTERIOR:
            at += 4
        length, at = _varint(page, at)
        rowid = 0
        if kind == TABLE_LEAF:
            rowid, at = _varint(page, at)
        return Row(rowid, _record(self._payload(page, at, length, kind)))

    def _payload(self, page: bytes, at: int, length: int, kind: int) -> bytes:
        """The part on the page, and what follows on overflow pages ("Cell Payload Overflow Pages")."""
        usable = self._usable
        most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        if length <= most:
            here = length
        else:
            least = (usable - 12) * 32 // 255 - 23
            here = least + (length - least) % (usable - 4)
            here = here if here <= most else least
        payload = page[at : at + here]
        if here == length:
            return _whole(payload, length)
        parts, rest, following = [payload], length - here, _u32(page, at + here)
        if rest > self.count * self.size:
            raise BrokenRowError
        while rest > 0 and 0 < following <= self.count:
            more = self.page(following)
            parts.append(more[4 : 4 + min(rest, usable - 4)])
            rest -= usable - 4
            following = _u32(more, 0)
        return _whole(b"".join(parts), length)

    def _page_size(self) -> int:
        for data, at, length, is_ours in (
            (self._bytes, 16, 2, self._bytes[:16] == MAGIC),
            (self._log, 8, 4, _u32(self._log, 0) in _LOG_MAGIC),
        ):
            size = int.from_bytes(data[at : at + length], "big")
            size = 65_536 if size == 1 else size
            if is_ours and 512 <= size <= 65_536 and size & (size - 1) == 0:
                return size
        return DEFAULT_PAGE_SIZE

    def _read_log(self) -> dict[int, int]:
        """Where in the log the last committed content of each of its pages is ("The Write-Ahead Log")."""
        log = self._log
        committed: dict[int, int] = {}
        if _u32(log, 0) not in _LOG_MAGIC:
            return committed
        salts, pending = log[16:24], {}
        for at in range(_LOG_HEADER, len(log) - _FRAME_HEADER - self.size + 1, _FRAME_HEADER + self.size):
            if log[at + 8 : at + 16] != salts:
                break  # left from before the log began anew
            pending[_u32(log, at)] = at + _FRAME_HEADER
            if _u32(log, at + 4):
                committed.update(pending)
                pending = {}
        return committed


def _map(path: Path) -> "mmap.mmap | bytes":
    if not path.name.endswith("-wal") or path.exists():
        with path.open("rb") as file:
            if file.seek(0, 2):
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return b""


def _header_at(number: int) -> int:
    return 100 if number == 1 else 0


def _record(payload: bytes) -> tuple[Value, ...]:
    end, at = _varint(payload, 0)
    body, values = end, []
    while at < end:
        serial, at = _varint(payload, at)
        value, body = _value(payload, body, serial)
        values.append(value)
    if at != end or body != len(payload):
        raise BrokenRowError
    return tuple(values)


def _value(payload: bytes, at: int, serial: int) -> tuple[Value, int]:
    if serial >= _FIRST_BLOB:
        end = at + (serial - _FIRST_BLOB) // 2
        data = _whole(payload[at:end], end - at)
        return (_text(data) if serial % 2 else data), end
    size = _INT_SIZES.get(serial)
    if size is not None:
        return int.from_bytes(_whole(payload[at : at + size], size), "big", signed=True), at + size
    if serial in {8, 9}:
        return serial - 8, at
    if serial == 0:
        return None, at
    raise BrokenRowError  # a float, of which we have none, or what no SQLite writes


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        if at + place >= len(data):
            raise BrokenRowError
        byte = data[at + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    if at + 8 >= len(data):
        raise BrokenRowError
    value = value << 8 | data[at + 8]
    return (value - (1 << 64) if value >> 63 else value), at + 9


def _whole(data: bytes, length: int) -> bytes:
    if len(data) != length or length < 0:
        raise BrokenRowError
    return data


def _u16(data: "bytes | mmap.mmap", at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _u32(data: "bytes | mmap.mmap", at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
