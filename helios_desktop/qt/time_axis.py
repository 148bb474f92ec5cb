"""Where the ticks of the time axis and of the value axes stand, and what is written at them."""

import math
from typing import Final, NamedTuple

from helios_desktop.qt.times import NS, TimeStyle, moment, span_text

_STEPS_S: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)
_LABEL_WIDTH_PX: Final = 92
_MOST_TICKS: Final = 200


class TimeTicks(NamedTuple):
    """Ticks in epoch seconds, `step_s` apart."""

    step_s: float
    at_s: list[float]


def time_ticks(start_s: float, end_s: float, width_px: float, style: TimeStyle, now_s: float) -> TimeTicks:
    """Round instants of the axis' own zone in [start_s, end_s], far enough apart for their labels.

    Relative ticks are counted back from `now_s`.
    """
    span_s = end_s - start_s
    if not (span_s > 0 and math.isfinite(span_s)):
        return TimeTicks(1, [])
    wanted_s = span_s * _LABEL_WIDTH_PX / max(width_px, _LABEL_WIDTH_PX)
    step_s = next((step for step in _STEPS_S if step >= wanted_s), math.ceil(wanted_s / 604_800) * 604_800)
    if style is TimeStyle.RELATIVE:
        origin_s = now_s
    else:
        offset = moment(int(end_s) * NS, style).utcoffset()
        origin_s = -offset.total_seconds() if offset else 0.0
    first = math.ceil((start_s - origin_s) / step_s)
    last = math.floor((end_s - origin_s) / step_s)
    return TimeTicks(
        step_s, [origin_s + step_s * number for number in range(first, min(last, first + _MOST_TICKS) + 1)]
    )


def tick_text(at_s: float, step_s: float, style: TimeStyle, now_s: float) -> str:
    """The label of one tick: as many parts as its step needs."""
    if style is TimeStyle.RELATIVE:
        ago_ns = round((now_s - at_s) * NS)
        sign = "+" if ago_ns < 0 else "\N{MINUS SIGN}" if ago_ns else ""
        return sign + span_text(abs(ago_ns))
    at = moment(round(at_s * 1000) * 1_000_000, style)
    if step_s >= 86_400:
        return f"{at:%m-%d}"
    if step_s >= 60:
        return f"{at:%H:%M}"
    if step_s >= 1:
        return f"{at:%H:%M:%S}"
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def value_ticks(top: float) -> list[float]:
    """Round values from 0 up: the last is at or above `top`, and there are two to five steps.

    The axis of a plot of quantities starts at zero, so that a height can be read as an amount.
    """
    if not (top > 0 and math.isfinite(top)):
        return [0.0, 0.5, 1.0]
    magnitude = 10.0 ** math.floor(math.log10(top))
    step = next(step * magnitude for step in (0.25, 0.5, 1, 2.5) if step * magnitude * 5 >= top)
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]
