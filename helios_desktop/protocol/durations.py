"""The two families of Go durations on the wire, in nanoseconds.

`Duration.String()` writes `24h30m0s`, `1m20.95963149s`, `350ms`, `12.345µs`; the uptime tracker's own
`formatDuration` writes `1d4h5s`, drops parts that are zero and truncates to seconds.
"""

import re
from decimal import Decimal
from functools import lru_cache

_UNITS_NS = {
    "d": 86_400 * 10**9,
    "h": 3_600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "µs": 10**3,  # U+00B5, what Go writes
    "μs": 10**3,  # U+03BC, what a keyboard may write
    "ns": 1,
}
_PART = r"(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|d|h|m|s)"
_DURATION = re.compile(rf"([+-]?)((?:{_PART})+)\Z", re.ASCII)
_PARTS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|d|h|m|s)", re.ASCII)
_USUAL = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?\Z", re.ASCII)  # of both families, and fast
_BARE = re.compile(r"[+-]?\d+(?:\.\d*)?\Z", re.ASCII)
_LONGEST_KEPT = 40
"""Go writes 25 characters at most: what is longer is a hostile server's, and its memory ours."""


def parse_duration(text: str) -> int | None:
    """Nanoseconds, truncated; None for an empty text, one that is no duration or one that Go cannot hold.

    A bare number counts nanoseconds, as a `time.Duration` does in JSON.
    """
    return _parse_kept(text) if len(text) <= _LONGEST_KEPT else _parse(text)


def _parse(text: str) -> int | None:
    usual = _USUAL.match(text)
    if usual is not None and text:
        hours, minutes, seconds = usual.groups("0")
        return (int(hours) * 3_600 + int(minutes) * 60 + int(seconds)) * 10**9
    text = text.strip()
    if _BARE.match(text):
        return _in_range(int(Decimal(text)))
    match = _DURATION.match(text)
    if match is None:
        return None
    total = 0
    for number, unit in _PARTS.findall(match[2]):
        # Decimal is exact and slow; most parts are whole.
        is_whole = "." not in number and len(number) < 19
        total += int(number) * _UNITS_NS[unit] if is_whole else int(Decimal(number) * _UNITS_NS[unit])
    return _in_range(-total if match[1] == "-" else total)


_parse_kept = lru_cache(maxsize=64)(_parse)
"""Each text is asked for some times: with the message that brings it, and with the next."""


def _in_range(duration_ns: int) -> int | None:
    """Within Go's int64: a hostile text could otherwise name a number too long to be printed."""
    return duration_ns if -(1 << 63) <= duration_ns < 1 << 63 else None


def format_duration(duration_ns: int) -> str:
    """As Go's `Duration.String()`: no days, lower units kept as 0, `0s` for nothing."""
    if duration_ns == 0:
        return "0s"
    sign, rest = ("-", -duration_ns) if duration_ns < 0 else ("", duration_ns)
    if rest < 10**9:
        unit, size = ("ns", 1) if rest < 10**3 else ("µs", 10**3) if rest < 10**6 else ("ms", 10**6)
        return f"{sign}{_fraction(rest, size)}{unit}"
    minutes, rest = divmod(rest, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    seconds = _fraction(rest, 10**9)
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}s"
    return f"{sign}{minutes}m{seconds}s" if minutes else f"{sign}{seconds}s"


def format_duration_in_days(duration_ns: int) -> str:
    """As the uptime tracker's `formatDuration`: `[Nd][Nh][Nm][Ns]`, zero parts dropped, truncated to seconds."""
    seconds = max(0, duration_ns) // 10**9
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _fraction(number: int, size: int) -> str:
    whole, rest = divmod(number, size)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(size)) - 1, '0').rstrip('0')}"
