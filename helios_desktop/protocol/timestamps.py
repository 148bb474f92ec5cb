"""RFC 3339 instants as they travel: text, and the nanoseconds since the Unix epoch that it means.

A message keeps the text that it came with. Nanoseconds are read from it on demand, since `datetime` ends at
microseconds and most timestamps are never looked at.
"""

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):?(\d\d))\Z", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NS = 1_000_000_000
ZERO_TIME_S = -62_135_596_800
"""Go's zero time, 0001-01-01T00:00:00Z, in epoch seconds: on the wire it means "never"."""


def parse_timestamp(text: str) -> int | None:
    """Nanoseconds since the epoch; None for text that is not RFC 3339 with an offset, or Go's zero time."""
    match = _RFC3339.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, offset_h, offset_m = match.groups()
    try:
        # A leap second is counted into the next minute, as Unix time does.
        whole = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC) - _EPOCH
    except ValueError:
        return None
    if int(second) > 60 or int(offset_h or 0) > 23 or int(offset_m or 0) > 59:
        return None
    seconds = whole.days * 86_400 + whole.seconds + int(second)
    if sign:
        offset = int(offset_h) * 3600 + int(offset_m) * 60
        seconds += offset if sign == "-" else -offset
    if seconds <= ZERO_TIME_S:
        return None
    return seconds * NS + int((fraction or "").ljust(9, "0")[:9])


def parse_unix(unix_s: int | None) -> int | None:
    """Nanoseconds since the epoch of the wire's `*_unix`; None where it is not told, or Go's zero time."""
    return None if unix_s is None or unix_s <= ZERO_TIME_S else unix_s * NS


def format_timestamp(at_ns: int, digits: int = 9) -> str:
    """UTC text with `digits` of fraction (0 to 9, truncated), ending in Z."""
    seconds, fraction = divmod(at_ns, NS)
    moment = datetime.fromtimestamp(seconds, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if digits:
        text += "." + f"{fraction:09d}"[:digits]
    return text + "Z"
