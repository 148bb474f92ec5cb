"""Times as the command line names them: an instant, a time of the recording's day, or so long before its end."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from helios_desktop.protocol.timestamps import NS, parse_timestamp
from helios_desktop.words import _

_SPAN: Final = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+|\d+(?:\.\d+)?", re.ASCII)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)
_CLOCK: Final = re.compile(r"(\d\d?):(\d\d)(?::(\d\d))?", re.ASCII)
_UNITS_S: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_NS: Final = 2**62
"""In the year 2116; a hundred and forty-six years, where it is a span."""


class InstantError(ValueError):
    """The message is a sentence for the user."""


@dataclass(frozen=True)
class TimeOfDay:
    """A time of the day, or of one of the days, of the recording."""

    hour: int
    minute: int
    second: int = 0


@dataclass(frozen=True)
class BeforeEnd:
    """So long before the end of the recording."""

    span_ns: int


Instant = int | TimeOfDay | BeforeEnd
"""An int is an instant itself, in epoch nanoseconds."""


def parse_span(text: str) -> int:
    """Nanoseconds of `90`, `90s`, `30m`, `1h30m`, `2d`. Raises `InstantError`."""
    span_ns = 0
    if _SPAN.fullmatch(text):
        span_ns = round(sum(Decimal(count) * _UNITS_S[unit] * NS for count, unit in _PART.findall(text)))
    if not 0 < span_ns < _MOST_NS:
        raise InstantError(_("“{text}” is no length of time like 90s, 30m or 1h30m.").format(text=text))
    return span_ns


def parse_instant(text: str) -> Instant:
    """What `2024-01-15T10:30:00Z`, `10:30`, `10:30:15` or `-30m` mean. Raises `InstantError`."""
    if text.startswith("-"):
        return BeforeEnd(parse_span(text[1:]))
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        if hour < 24 and minute < 60 and second < 60:
            return TimeOfDay(hour, minute, second)
    at_ns = parse_timestamp(text)
    if at_ns is None or abs(at_ns) > _MOST_NS:
        sentence = _("“{text}” is no time like 2024-01-15T10:30:00+01:00, 10:30 or -30m (before the end).")
        raise InstantError(sentence.format(text=text))
    return at_ns


def resolve(instant: Instant, first_ns: int, last_ns: int, zone: tzinfo | None) -> int:
    """The instant in epoch nanoseconds, in a recording from `first_ns` to `last_ns`.

    A time of the day is that of the one day on which the recording has it, or of its only day, in `zone`; None is this
    machine's. Raises `InstantError` where there is no such day, or more than one.
    """
    match instant:
        case BeforeEnd(span_ns):
            return last_ns - span_ns
        case TimeOfDay():
            return _of_a_day(instant, first_ns, last_ns, zone)
        case _:
            return instant


def _of_a_day(clock: TimeOfDay, first_ns: int, last_ns: int, zone: tzinfo | None) -> int:
    instants = list(_each_day(clock, first_ns, last_ns, zone))
    within = [at_ns for at_ns in instants if first_ns <= at_ns <= last_ns]
    if len(within) == 1 or len(instants) == 1:
        return (within or instants)[0]
    text = f"{clock.hour:02d}:{clock.minute:02d}:{clock.second:02d}"
    if not within:
        raise InstantError(
            _("{text} is not within the recording, which goes from {first} to {last}.").format(
                text=text, first=_written(first_ns, zone), last=_written(last_ns, zone)
            )
        )
    raise InstantError(
        _("The recording has {text} on several days: name one, like {instant}.").format(
            text=text, instant=_written(within[-1], zone)
        )
    )


def _each_day(clock: TimeOfDay, first_ns: int, last_ns: int, zone: tzinfo | None) -> Iterator[int]:
    at = time(clock.hour, clock.minute, clock.second)
    day, last = (datetime.fromtimestamp(at_ns // NS, UTC).astimezone(zone).date() for at_ns in (first_ns, last_ns))
    while day <= last:
        # A naive moment is this machine's, on that day: its offset is another in summer.
        moment = datetime.combine(day, at, zone)
        yield int(moment.timestamp()) * NS
        day += timedelta(days=1)


def _written(at_ns: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(at_ns // NS, UTC).astimezone(zone).isoformat()
