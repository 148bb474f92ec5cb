"""Amounts as the window writes them: grouped digits, scaled units, three significant digits, unknown as a dash."""

from typing import Final

UNKNOWN: Final = "—"
_NS_PER_MS: Final = 1_000_000
_GROUP: Final = "\N{NO-BREAK SPACE}"


def count_text(count: int) -> str:
    """`12 345`."""
    return f"{count:,}".replace(",", _GROUP)


def latency_text(value_ms: float | None) -> str:
    """`820 µs`, `1.25 ms`, `1.2 s`: a latency in the unit that fits it. Nothing is ever rounded to zero but zero."""
    if value_ms is None:
        return UNKNOWN
    if value_ms == 0:
        return f"0{_GROUP}ms"
    if value_ms < 1:
        return f"{_three(value_ms * 1000)}{_GROUP}µs"
    if value_ms < 1000:
        return f"{_three(value_ms)}{_GROUP}ms"
    return f"{_three(value_ms / 1000)}{_GROUP}s"


def rate_text(rate_hz: float | None) -> str:
    """`12.5 /s`."""
    return UNKNOWN if rate_hz is None else f"{_three(rate_hz)}{_GROUP}/s"


def tick_latency_text(value_ms: float) -> str:
    """As `latency_text`, for round values beside an axis: `2.5 ms`, `5 ms`."""
    return _without_zeros(latency_text(value_ms))


def tick_rate_text(rate_hz: float) -> str:
    """As `rate_text`, for round values beside an axis."""
    return _without_zeros(rate_text(rate_hz))


def _without_zeros(text: str) -> str:
    number, _group, unit = text.rpartition(_GROUP)
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number}{_GROUP}{unit}"


def offset_text(offset_ns: int | None) -> str:
    """`+12 ms`, `−820 µs`, `0 ms`: how far one clock is from another."""
    if offset_ns is None:
        return UNKNOWN
    sign = "\N{MINUS SIGN}" if offset_ns < 0 else "+" if offset_ns else ""
    return sign + latency_text(abs(offset_ns) / _NS_PER_MS)


def bytes_text(size_bytes: int) -> str:
    """`1.5 KiB`, `12 MiB`."""
    if size_bytes < 1024:
        return f"{size_bytes}{_GROUP}B"
    size = float(size_bytes)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{_three(size)}{_GROUP}{unit}"
    return f"{_three(size / 1024)}{_GROUP}TiB"


def _three(value: float) -> str:
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 999.5:
        return count_text(round(value))
    if size >= 99.95:
        return f"{value:.0f}"
    if size >= 9.995:
        return f"{value:.1f}".removesuffix(".0")
    text = f"{value:.2f}"
    return text if float(text) else f"{value:.1g}"
