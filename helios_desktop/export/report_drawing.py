"""Where everything of a report's figures stands: numbers and words, of which the template makes SVG.

Across, all is in per cent of the time range, so that a figure fits any width and its writing keeps its size; down, in
pixels. Paths alone are in a system of their own, `PATH_WIDTH` units wide, which is stretched.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from helios_desktop.export.report_axis import Label, percent, round_up, time_ticks
from helios_desktop.export.report_curves import Curve
from helios_desktop.export.report_lanes import Kind, Lane, Span, Total
from helios_desktop.export.report_picture import Gathered, Range
from helios_desktop.export.report_words import Clock, latency_text, rate_text, span_text
from helios_desktop.protocol.timestamps import NS
from helios_desktop.words import _, ngettext

PATH_WIDTH: Final = 1_000
CHART_HEIGHT: Final = 56
NODE_COLOURS: Final = 7
MOST_CHARTS: Final = 16
LONGEST_NAME: Final = 36
"""Characters of a name in a figure."""
_WIDE_PX: Final = 640
"""A page of paper, and the narrowest window that is not drawn as a telephone."""
_NARROW_PX: Final = 320
_SIGN_PX: Final = 6.8
_LEAST_WIDTH: Final = 0.12
"""Per cent: what was too short to be seen is drawn so wide, since it was there."""
_APART: Final = 11.0
"""Per cent between two labels of leaderless stretches."""
_MOST_LABELS: Final = 8
_WORTH_A_WORD_NS: Final = NS


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a lane. `text` is written where it fits on a wide page, `short` where it does on a narrow one."""

    kind: Kind
    x: float
    width: float
    colour: int
    title: str
    text: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class LaneDrawing:
    """One lane: its name, short and whole, what it comes to, and its bars."""

    name: str
    whole_name: str
    words: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class ChartDrawing:
    """One graph, named like a lane: paths by class, and the amounts that its top and its middle stand for."""

    name: str
    whole_name: str
    words: str
    paths: Sequence[tuple[str, str]]
    top: str
    middle: str


@dataclass(frozen=True)
class Drawings:
    """All figures of a report; `ticks` and `shades` are the same in each."""

    ticks: Sequence[Label]
    shades: Sequence[Bar]
    cluster: LaneDrawing
    leaderless: Sequence[Label]
    lanes: Sequence[LaneDrawing]
    latencies: Sequence[ChartDrawing]
    more_latencies: int
    commits: ChartDrawing | None


def draw(gathered: Gathered, clock: Clock) -> Drawings:
    """Lay out what was gathered."""
    span = gathered.span
    colours = {name: number % NODE_COLOURS for number, name in enumerate(sorted(gathered.lanes))}
    latencies = gathered.curves.latencies()
    top_ms = max((curve.highest for curves in latencies.values() for curve in curves.values()), default=0.0)
    commits = gathered.curves.commit_rate()
    cluster = gathered.cluster.drawn()
    return Drawings(
        time_ticks(span, clock),
        [_bar(one, span, clock, colours) for one in cluster if one.kind not in (Kind.LEADER, Kind.FOLLOWER)],
        LaneDrawing(_("Cluster"), "", _cluster_words(gathered.cluster), _bars(cluster, span, clock, colours)),
        _leaderless_labels(cluster, span),
        [
            LaneDrawing(_short(name), name, _lane_words(lane), _bars(lane.drawn(), span, clock, colours))
            for name, lane in sorted(gathered.lanes.items())
        ],
        [
            _chart(name, curves, round_up(top_ms), latency_text, clock)
            for name, curves in list(latencies.items())[:MOST_CHARTS]
        ],
        max(0, len(latencies) - MOST_CHARTS),
        None if commits is None else _chart("", {"value": commits}, round_up(commits.highest), rate_text, clock),
    )


# Lanes


def _bars(spans: Iterable[Span], span: Range, clock: Clock, colours: dict[str, int]) -> list[Bar]:
    return [_bar(one, span, clock, colours) for one in spans]


def _bar(one: Span, span: Range, clock: Clock, colours: dict[str, int]) -> Bar:
    x, width = percent(one.since_ns, span), percent(one.until_ns, span) - percent(one.since_ns, span)
    words = kind_text(one.kind, one.who, one.term)
    title = _("{what}, {since} to {until}, {length}").format(
        what=words, since=clock.time(one.since_ns), until=clock.time(one.until_ns),
        length=span_text(one.until_ns - one.since_ns),
    )  # fmt: skip
    text, short = "", ""
    if one.kind is Kind.LEADER:
        number = "" if one.term is None else str(one.term)
        choices = [words, f"{one.who} · {number}" if number else one.who, number]
        text = next((choice for choice in choices if _fits(choice, width, _WIDE_PX)), "")
        short = next((choice for choice in choices if _fits(choice, width, _NARROW_PX)), "")
    elif one.kind is Kind.LEADERLESS and _fits(_("no leader"), width, _WIDE_PX):
        text = _("no leader")
        short = text if _fits(text, width, _NARROW_PX) else ""
    return Bar(
        one.kind, round(min(x, 100 - _LEAST_WIDTH), 3), round(max(width, _LEAST_WIDTH), 3),
        colours.get(one.who, 0), title, text, short,
    )  # fmt: skip


def kind_text(kind: Kind, who: str = "", term: int | None = None) -> str:
    """What a stretch is, in words."""
    match kind:
        case Kind.LEADER:
            if term is None:
                return _("{node} leads").format(node=who)
            return _("{node} leads term {term}").format(node=who, term=term)
        case Kind.FOLLOWER:
            return _("follower")
        case Kind.CANDIDATE:
            return _("candidate")
        case Kind.UNREACHABLE:
            return _("out of reach")
        case Kind.UNKNOWN:
            return _("its role is not told")
        case Kind.SILENT:
            return _("not heard")
        case Kind.UNRECORDED:
            return _("not recorded")
        case Kind.LEADERLESS:
            return _("no leader")


def _fits(text: str, width: float, page_px: int) -> bool:
    return bool(text) and len(text) * _SIGN_PX + 8 <= width / 100 * page_px


def _leaderless_labels(spans: Iterable[Span], span: Range) -> list[Label]:
    """The lengths of the longest leaderless stretches that can stand beside each other; on a narrow page but one."""
    longest = sorted((one for one in spans if one.kind is Kind.LEADERLESS), key=lambda one: one.since_ns - one.until_ns)
    labels: list[Label] = []
    for one in longest:
        x = (percent(one.since_ns, span) + percent(one.until_ns, span)) / 2
        if len(labels) < _MOST_LABELS and all(abs(x - label.x) >= _APART for label in labels):
            anchor = "start" if x < _APART / 2 else "end" if x > 100 - _APART / 2 else "middle"
            text = span_text(one.until_ns - one.since_ns)
            labels.append(Label(round(x, 3), text, anchor, is_minor=bool(labels)))
    return labels


def _cluster_words(lane: Lane) -> str:
    parts = []
    without = lane.totals.get(Kind.LEADERLESS)
    if without is not None:
        words = ngettext(
            "no leader for {length}, once", "no leader for {length} in all, {n} times, at most {longest}", without.count
        )
        parts.append(
            words.format(length=span_text(without.length_ns), n=without.count, longest=span_text(without.longest_ns))
        )
    led = lane.totals.get(Kind.LEADER)
    if led is None:
        parts.append(_("nobody is known to have led"))
    elif without is None:
        parts.append(_("led all the time that is known"))
    return ", ".join(parts)


_TOLD: Final = (Kind.LEADER, Kind.UNREACHABLE, Kind.SILENT)


def _lane_words(lane: Lane) -> str:
    return ", ".join(
        _total_words(kind, lane.totals[kind])
        for kind in _TOLD
        if kind in lane.totals and lane.totals[kind].length_ns >= _WORTH_A_WORD_NS
    )


def _total_words(kind: Kind, total: Total) -> str:
    length = span_text(total.length_ns)
    match kind:
        case Kind.LEADER:
            return _("led for {length}").format(length=length)
        case Kind.UNREACHABLE:
            return _("out of reach {length}").format(length=length)
        case _:
            return _("not heard {length}").format(length=length)


def _short(name: str) -> str:
    """So that it fits a narrow page; both of its ends tell it from others."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


# Graphs


def _chart(name: str, curves: dict[str, Curve], top: float, text: Callable[[float], str], clock: Clock) -> ChartDrawing:
    words = "; ".join(_curve_words(stat, curve, text, clock) for stat, curve in sorted(curves.items()))
    # The steadier one is drawn last, so that it is not hidden by the peaks.
    paths = [(stat, _path(curve, top)) for stat, curve in sorted(curves.items(), reverse=True)]
    return ChartDrawing(_short(name), name, words, paths, text(top), text(top / 2))


def _curve_words(stat: str, curve: Curve, text: Callable[[float], str], clock: Clock) -> str:
    label = "" if stat == "value" else f"{stat} "
    lowest, highest = text(curve.lowest), text(curve.highest)
    if lowest == highest:
        return _("{stat}{value} throughout").format(stat=label, value=highest)
    words = _("{stat}{lowest} to {highest}") if stat == "p50" else _("{stat}{lowest} to {highest}, at {time}")
    return words.format(stat=label, lowest=lowest, highest=highest, time=clock.time(curve.highest_at_ns))


def _path(curve: Curve, top: float) -> str:
    parts = []
    for line in curve.lines():
        joint = "M"
        for x, low, high in line:
            across = f"{x * PATH_WIDTH:.1f}"
            for value in (low,) if low == high else (low, high):
                parts.append(f"{joint}{across} {CHART_HEIGHT * (1 - value / top):.1f}")
                joint = "L"
        if len(line) == 1 and line[0][1] == line[0][2]:
            parts.append("h0.01")  # a point, by the round end of a line without length
    return "".join(parts)
