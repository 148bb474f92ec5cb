"""What came into the graphs between two checkpoints, as bytes, and the graphs again from these."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from helios_desktop.store.series import Series, SeriesBook, SeriesKey, SeriesTail

_Samples = list[tuple[SeriesKey, SeriesTail]]
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Samples).decode

Versions = Mapping[SeriesKey, int]
"""How many samples each series had."""


class SamplesError(ValueError):
    """The bytes are no samples."""


def versions(book: SeriesBook) -> Versions:
    """Of now: what `new_samples` is asked for next time."""
    return {key: series.version for key, series in book.items()}


def new_samples(book: SeriesBook, since: Versions) -> bytes:
    """What came since, as far as it is kept."""
    return _encode(
        [(key, series.tail(since.get(key, 0))) for key, series in book.items() if series.version > since.get(key, 0)]
    )


def samples_after(samples: bytes, at_ns: int) -> bytes:
    """Those that came after an instant. Raises `SamplesError`."""
    try:
        tails = [(key, tail.after(at_ns / 1e9)) for key, tail in _decode(samples)]
    except (msgspec.MsgspecError, ValueError) as error:
        raise SamplesError(str(error)) from None
    return _encode([(key, tail) for key, tail in tails if tail.times])


def broken_off(samples: bytes) -> bytes:
    """The same, not to be joined to what came before. Raises `SamplesError`."""
    try:
        return _encode([(key, tail.broken_off()) for key, tail in _decode(samples)])
    except (msgspec.MsgspecError, ValueError, IndexError) as error:
        raise SamplesError(str(error)) from None


def book_of(samples: Iterable[bytes]) -> SeriesBook:
    """The graphs as they were at the last of these checkpoints; they must follow each other. Raises `SamplesError`."""
    tails: dict[SeriesKey, list[SeriesTail]] = {}
    try:
        for part in samples:
            for key, tail in _decode(part):
                tails.setdefault(key, []).append(tail)
        book = SeriesBook()
        for key, parts in tails.items():
            book.put(key, Series.of_tails(parts))
    except (msgspec.MsgspecError, ValueError, IndexError) as error:
        raise SamplesError(str(error)) from None
    return book
