"""Instants and durations as the window writes them: one convention at a time, always labelled.

Instants are epoch nanoseconds. Nothing here reads a clock: whoever writes a relative time says what is now.
"""

from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Final

from helios_desktop.words import _

NS: Final = 1_000_000_000
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class TimeStyle(StrEnum):
    """The convention in which the whole window writes instants."""

    UTC = "utc"
    LOCAL = "local"
    RELATIVE = "relative"


def style_name(style: TimeStyle) -> str:
    """The style as a choice for the user."""
    match style:
        case TimeStyle.UTC:
            return _("UTC")
        case TimeStyle.LOCAL:
            return _("Local time")
        case TimeStyle.RELATIVE:
            return _("Relative")


def zone_of(style: TimeStyle) -> tzinfo | None:
    """The zone for `datetime.astimezone`; None is this machine's own, which relative times fall back to."""
    return UTC if style is TimeStyle.UTC else None


def moment(at_ns: int, style: TimeStyle) -> datetime:
    """An aware `datetime`, truncated to microseconds."""
    seconds, fraction = divmod(at_ns, NS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=fraction // 1000).astimezone(zone_of(style))


def zone_label(style: TimeStyle, at_ns: int) -> str:
    """What stands beside a time: "UTC", "UTC+02:00", or "ago" for relative ones."""
    if style is TimeStyle.RELATIVE:
        return _("ago")
    return "UTC" if style is TimeStyle.UTC else _offset_text(moment(at_ns, style))


def row_text(at_ns: int, now_ns: int, style: TimeStyle) -> str:
    """Short text for a table: `10:31:00.123`, on another day `22 Nov 10:31`, or an age."""
    if style is TimeStyle.RELATIVE:
        return span_text(max(0, now_ns - at_ns))
    at = moment(at_ns, style)
    if at.date() != moment(now_ns, style).date():
        return f"{at.day:2d} {_MONTHS[at.month - 1]} {at:%H:%M}"
    return time_text(at_ns, style)


def time_text(at_ns: int, style: TimeStyle) -> str:
    """`10:31:00.123`, where the zone stands elsewhere."""
    at = moment(at_ns, style)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def clock_text(at_ns: int, style: TimeStyle) -> str:
    """`10:31:00.123 UTC`. A relative style has no clock: it writes local time."""
    at = moment(at_ns, style)
    zone = "UTC" if style is TimeStyle.UTC else _offset_text(at)
    return f"{time_text(at_ns, style)} {zone}"


def interval_text(after_ns: int, until_ns: int, style: TimeStyle) -> str:
    """`between 10:31:00.123 and 10:31:05.123 UTC`, with the dates where they differ."""
    after, until = moment(after_ns, style), moment(until_ns, style)
    date = "" if after.date() == until.date() else "%Y-%m-%d "
    first, last = (f"{at:{date}%H:%M:%S}.{at.microsecond // 1000:03d}" for at in (after, until))
    zone = "UTC" if style is TimeStyle.UTC else _offset_text(until)
    return _("between {first} and {last} {zone}").format(first=first, last=last, zone=zone)


def full_text(at_ns: int, style: TimeStyle) -> str:
    """Date, time to the nanosecond, and zone: `2026-11-23 10:31:00.123456789 UTC`."""
    return f"{date_text(at_ns, style)} {exact_text(at_ns, style)}"


def second_text(at_ns: int, style: TimeStyle) -> str:
    """Date and time to the second, for what is told no finer: `2026-11-23 10:31:00`. The zone stands elsewhere."""
    return f"{moment(at_ns, style):%Y-%m-%d %H:%M:%S}"


def date_text(at_ns: int, style: TimeStyle) -> str:
    """`2026-11-23`."""
    return f"{moment(at_ns, style):%Y-%m-%d}"


def exact_text(at_ns: int, style: TimeStyle) -> str:
    """The time of day to the nanosecond, and its zone: `10:31:00.123456789 UTC`."""
    at = moment(at_ns, style)
    return f"{at:%H:%M:%S}.{at_ns % NS:09d} {'UTC' if style is TimeStyle.UTC else _offset_text(at)}"


def span_text(span_ns: int) -> str:
    """A duration for a person: two units at most, as `14 s`, `3 m 05 s`, `2 h 07 m`, `4 d 3 h`."""
    seconds = span_ns // NS
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("{d} d {h} h").format(d=days, h=hours)
    if hours:
        return _("{h} h {m} m").format(h=hours, m=f"{minutes:02d}")
    if minutes:
        return _("{m} m {s} s").format(m=minutes, s=f"{seconds:02d}")
    return _("{s} s").format(s=seconds)


def _offset_text(at: datetime) -> str:
    offset = at.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"
