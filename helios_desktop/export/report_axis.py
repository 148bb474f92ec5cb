"""The axes of a report's figures: round instants across, round amounts down."""

import math
from dataclasses import dataclass
from typing import Final

from helios_desktop.export.report_picture import Range
from helios_desktop.export.report_words import Clock
from helios_desktop.protocol.timestamps import NS

_TICKS_S: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400, 172_800, 604_800, 2_592_000, 31_536_000),
)
_MOST_TICKS: Final = 8
_ROUND: Final = (1, 1.6, 2, 3, 4, 5, 6, 8, 10)
"""Amounts whose halves are round as well."""


@dataclass(frozen=True, slots=True)
class Label:
    """Writing at a place; `anchor` is SVG's, `is_minor` where a narrow page has no room for it."""

    x: float
    text: str
    anchor: str
    is_minor: bool


def round_up(highest: float) -> float:
    """A round amount at or above it, since an axis begins at zero and ends at one."""
    if not (highest > 0 and math.isfinite(highest)):
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(highest))
    return next(step * magnitude for step in _ROUND if step * magnitude >= highest * 0.999_999)


def time_ticks(span: Range, clock: Clock) -> list[Label]:
    """Round instants of the report's own zone."""
    since_s, until_s = span[0] / NS, span[1] / NS
    step_s = next((step for step in _TICKS_S if (until_s - since_s) / step <= _MOST_TICKS), _TICKS_S[-1])
    offset = clock.moment(span[0]).utcoffset()
    shift_s = 0 if offset is None else int(offset.total_seconds())
    first = math.ceil((since_s + shift_s) / step_s)
    labels = []
    for number in range(first, first + _MOST_TICKS + 1):
        at_ns = (number * step_s - shift_s) * NS
        if at_ns > span[1]:
            break
        x = percent(at_ns, span)
        anchor = "start" if x < 3 else "end" if x > 97 else "middle"
        labels.append(Label(round(x, 3), clock.tick(at_ns, step_s), anchor, is_minor=number % 2 != 0))
    return labels


def percent(at_ns: int, span: Range) -> float:
    """How far across the range an instant is; its edge for what lies outside."""
    since_ns, until_ns = span
    return min(100.0, max(0.0, (at_ns - since_ns) / (until_ns - since_ns) * 100))
