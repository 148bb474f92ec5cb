"""Instants, durations and amounts as the incident report writes them: in one time zone, which is always said."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from helios_desktop.protocol.timestamps import NS
from helios_desktop.words import _

UNKNOWN: Final = "—"
_GROUP: Final = "\N{NO-BREAK SPACE}"
_MS: Final = 1_000_000


class Clock:
    """Writes the instants of one report. A `zone` of None is this machine's."""

    def __init__(self, zone: tzinfo | None, since_ns: int, until_ns: int) -> None:
        self._zone = zone
        self._since_ns = since_ns
        self._until_ns = until_ns
        first, last = self.moment(since_ns), self.moment(until_ns)
        self._date = "" if first.date() == last.date() else "%Y-%m-%d " if first.year != last.year else "%m-%d "

    @property
    def zone_name(self) -> str:
        """`UTC`, `Europe/Berlin (UTC+01:00)`; where summer time begins or ends meanwhile, both offsets."""
        first, last = (_offset(self.moment(at_ns)) for at_ns in (self._since_ns, self._until_ns))
        name = "" if self._zone is None else str(self._zone)
        if name == "UTC":
            return name
        offsets = first if first == last else _("{first}, later {last}").format(first=first, last=last)
        if "/" not in name:
            return _("this machine's, {offsets}").format(offsets=offsets) if self._zone is None else offsets
        return f"{name} ({offsets})"

    def moment(self, at_ns: int) -> datetime:
        """An aware `datetime`, to the microsecond."""
        seconds, fraction = divmod(at_ns, NS)
        at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds, microseconds=fraction // 1000)
        return at.astimezone(self._zone)

    def time(self, at_ns: int) -> str:
        """`12:03:04.120`, with the day where the range spans several. The zone stands at the head of the report."""
        at = self.moment(at_ns)
        return f"{at:{self._date}%H:%M:%S}.{at.microsecond // 1000:03d}"

    def full(self, at_ns: int) -> str:
        """`2026-11-26 12:03:04.120 UTC`."""
        at = self.moment(at_ns)
        return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {_offset(at)}"

    def machine(self, at_ns: int) -> str:
        """For `<time datetime>`: RFC 3339."""
        return self.moment(at_ns).isoformat(timespec="milliseconds")

    def tick(self, at_ns: int, step_s: int) -> str:
        """Beside a tick of the time axis: as many parts as its step needs."""
        at = self.moment(at_ns)
        if step_s >= 86_400:
            return f"{at:%m-%d}"
        date = "%m-%d " if self._date and not (at.hour or at.minute or at.second) else ""
        return f"{at:{date}%H:%M}" if step_s >= 60 else f"{at:{date}%H:%M:%S}"


def _offset(at: datetime) -> str:
    offset = at.strftime("%z")
    return "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"


def span_text(span_ns: int) -> str:
    """A duration for a person: `<1 ms`, `420 ms`, `1.3 s`, `2 min 5 s`, `3 h 12 min`, `4 d 3 h`."""
    if 0 < span_ns < _MS:
        return _("<1 ms")
    if span_ns < NS:
        return _("{n} ms").format(n=max(0, span_ns) // _MS)
    if span_ns < 60 * NS:
        return _("{n} s").format(n=f"{span_ns // (NS // 10) / 10:.1f}")
    minutes, seconds = divmod(span_ns // NS, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("{d} d {h} h").format(d=days, h=hours)
    if hours:
        return _("{h} h {m} min").format(h=hours, m=minutes)
    return _("{m} min {s} s").format(m=minutes, s=seconds)


def count_text(count: int) -> str:
    """`12 345`."""
    return f"{count:,}".replace(",", _GROUP)


def latency_text(value_ms: float) -> str:
    """`820 µs`, `1.25 ms`, `1.2 s`: in the unit that fits it."""
    if value_ms == 0:
        return f"0{_GROUP}ms"
    if value_ms < 1:
        return f"{_three(value_ms * 1000)}{_GROUP}µs"
    if value_ms < 1000:
        return f"{_three(value_ms)}{_GROUP}ms"
    return f"{_three(value_ms / 1000)}{_GROUP}s"


def rate_text(rate_hz: float) -> str:
    """`12.5 /s`."""
    return f"{_three(rate_hz)}{_GROUP}/s"


def names_text(names: list[str]) -> str:
    """`node1`, `node1 and node2`, `node1, node2 and node3`."""
    if len(names) < 2:
        return "".join(names)
    return _("{some} and {last}").format(some=", ".join(names[:-1]), last=names[-1])


def _three(value: float) -> str:
    if value >= 1e9:
        return f"{value:.2g}"  # nobody measured that, but a server may say it
    if value >= 999.5:
        return count_text(round(value))
    if value >= 99.95:
        return f"{value:.0f}"
    text = f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
    if not float(text):
        return f"{value:.1g}"
    return text.rstrip("0").rstrip(".") if "." in text else text
