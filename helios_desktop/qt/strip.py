"""How a whole recording is painted as one strip: who led, what is missing, how much happened, problems and notes."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from helios_desktop.journal.note import Note
from helios_desktop.monitor.survey import Survey
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.qt.time_axis import tick_text, time_ticks
from helios_desktop.qt.time_scale import TimeScale
from helios_desktop.qt.times import NS, TimeStyle
from helios_desktop.store.leadership_spans import Lead

HEIGHT_PX: Final = 54
LABEL_POINTS: Final = 8.0
_NOTES_BOTTOM: Final = 7.0
_LANE: Final = (8.0, 22.0)
_EVENTS: Final = (24.0, 39.0)
_BASELINE: Final = 51.0
_LEADERLESS_PX: Final = 4.0
"""How thick a leaderless stretch is drawn, in the midst of the lane; at least half as wide."""
_MARK_HALF_PX: Final = 3.5
_NAME_PADDING_PX: Final = 5.0
_DARK_INK: Final = QColor("#0e1116")
_LIGHT_INK: Final = QColor("#ffffff")
_INK_BOUND: Final = 0.19


class Look(NamedTuple):
    """How things are drawn: `node_colour` is a node's own, the same in every view; relative times count from now."""

    theme: Theme
    style: TimeStyle
    scale: TimeScale
    now_ns: int
    node_colour: Callable[[str], QColor]


def paint_strip(painter: QPainter, look: Look, survey: Survey, notes: Sequence[Note]) -> None:
    """Paint all but the present instant, from (0, 0) on."""
    _paint_leads(painter, look, survey.leads)
    _paint_density(painter, look, survey)
    _paint_blinds(painter, look, survey)
    _paint_problems(painter, look, survey)
    _paint_notes(painter, look, notes)
    _paint_ticks(painter, look)


def _box(scale: TimeScale, since_ns: int, until_ns: int, top: float, bottom: float, least_px: float) -> QRectF | None:
    """Where a stretch is, cut to what is in view; None where nothing of it is."""
    if until_ns < scale.since_ns or since_ns > scale.until_ns:
        return None
    left = scale.x_of(max(since_ns, scale.since_ns))
    right = scale.x_of(min(until_ns, scale.until_ns))
    return QRectF(left, top, max(least_px, right - left), bottom - top)


def _paint_leads(painter: QPainter, look: Look, leads: Sequence[Lead]) -> None:
    metrics = QFontMetricsF(ui_font(LABEL_POINTS))
    painter.setFont(ui_font(LABEL_POINTS))
    for lead in leads:
        if lead.leader is None:
            continue
        box = _box(look.scale, lead.since_ns, lead.until_ns, *_LANE, least_px=1.0)
        if box is None:
            continue
        colour = look.node_colour(lead.leader)
        painter.fillRect(box, colour)
        # So that two terms of one leader are two stretches.
        painter.fillRect(QRectF(box.left(), box.top(), 1, box.height()), look.theme.panel)
        if box.width() >= metrics.horizontalAdvance(lead.leader) + 2 * _NAME_PADDING_PX:
            painter.setPen(ink_on(colour))
            inner = box.adjusted(_NAME_PADDING_PX, 0, 0, 0)
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, lead.leader)
    middle = (_LANE[0] + _LANE[1]) / 2
    for lead in leads:
        if lead.leader is not None:
            continue
        # However short: that is what one looks for.
        top, bottom = middle - _LEADERLESS_PX / 2, middle + _LEADERLESS_PX / 2
        whole = _box(look.scale, lead.since_ns, lead.until_ns, *_LANE, least_px=_LEADERLESS_PX / 2)
        line = _box(look.scale, lead.since_ns, lead.until_ns, top, bottom, least_px=_LEADERLESS_PX / 2)
        if whole is not None and line is not None:
            painter.fillRect(whole, look.theme.panel)
            painter.fillRect(whole if whole.width() <= _LEADERLESS_PX else line, look.theme.problem)


def ink_on(ground: QColor) -> QColor:
    """Dark or light, whichever is read better on it."""
    # Rec. 709 weights; the bound is where both inks have the same contrast, by WCAG's formula.
    red, green, blue = ((part + 0.055) ** 2.4 / 1.055**2.4 for part in (ground.redF(), ground.greenF(), ground.blueF()))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _DARK_INK if luminance > _INK_BOUND else _LIGHT_INK


def _paint_density(painter: QPainter, look: Look, survey: Survey) -> None:
    density, scale = survey.density, look.scale
    has_events = np.flatnonzero(density.counts)
    if not len(has_events):
        return
    starts_ns = density.since_ns + has_events * density.width_ns
    left = np.floor((starts_ns - scale.since_ns) / scale.span_ns * scale.width_px)
    right = np.ceil((starts_ns + density.width_ns - scale.since_ns) / scale.span_ns * scale.width_px)
    in_view = (right > 0) & (left < scale.width_px)
    # A stretch of many pixels spreads its events over them: heights stay comparable.
    heights = np.zeros(scale.width_px + 1)
    for begin, end, count in zip(
        np.clip(left[in_view], 0, scale.width_px).astype(int).tolist(),
        np.clip(right[in_view], 1, scale.width_px).astype(int).tolist(),
        density.counts[has_events][in_view].tolist(),
        strict=True,
    ):
        heights[begin:end] += count / max(1, end - begin)
    top = float(heights.max())
    if top <= 0:
        return
    painter.setPen(QPen(look.theme.text_faint, 1))
    # By the root, so that the quiet hours are seen beside a storm.
    tall = np.sqrt(heights / top) * (_EVENTS[1] - _EVENTS[0] - 1)
    lines = [
        QLineF(x + 0.5, _EVENTS[1], x + 0.5, _EVENTS[1] - max(1.0, float(tall[x]))) for x in np.flatnonzero(heights)
    ]
    painter.drawLines(lines)


def _paint_blinds(painter: QPainter, look: Look, survey: Survey) -> None:
    ground, hatch, edge = look.theme.panel, QColor(look.theme.text_faint), QColor(look.theme.text_faint)
    hatch.setAlpha(110)
    edge.setAlpha(140)
    brush = QBrush(hatch, Qt.BrushStyle.BDiagPattern)
    for blind in survey.blinds:
        box = _box(look.scale, blind.since_ns, blind.until_ns, _LANE[0], _EVENTS[1], least_px=2.0)
        if box is None:
            continue
        painter.fillRect(box, ground)
        painter.fillRect(box, brush)
        painter.setPen(QPen(edge, 1))
        painter.drawLine(QLineF(box.topLeft(), box.bottomLeft()))
        painter.drawLine(QLineF(box.topRight(), box.bottomRight()))


def _paint_problems(painter: QPainter, look: Look, survey: Survey) -> None:
    painter.setPen(QPen(look.theme.problem, 1))
    painter.setBrush(look.theme.problem)
    for x in sorted({round(look.scale.x_of(at_ns)) for at_ns in problems_in_view(survey, look.scale)}):
        painter.drawLine(QLineF(x + 0.5, _EVENTS[0], x + 0.5, _EVENTS[1]))
        foot = _EVENTS[1] + 1
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(x + 0.5 - _MARK_HALF_PX, foot),
                    QPointF(x + 0.5 + _MARK_HALF_PX, foot),
                    QPointF(x + 0.5, foot - 6),
                ]
            )
        )


def problems_in_view(survey: Survey, scale: TimeScale) -> list[int]:
    """The instants of problems; of those before the earliest that is known by itself, of its stretch."""
    density, known = survey.density, survey.problems
    begin, end = np.searchsorted(known, (scale.since_ns, scale.until_ns + 1))
    stretches = np.flatnonzero(density.problems) * density.width_ns + density.since_ns
    if len(known):
        stretches = stretches[stretches + density.width_ns <= known[0]]
    found = stretches[(stretches >= scale.since_ns) & (stretches <= scale.until_ns)]
    return [*found.tolist(), *known[begin:end].tolist()]


def _paint_notes(painter: QPainter, look: Look, notes: Sequence[Note]) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.theme.accent)
    for note in notes:
        if note.until_ns is not None:
            box = _box(look.scale, note.at_ns, note.until_ns, 2.0, 4.0, least_px=2.0)
            if box is not None:
                painter.fillRect(box, look.theme.accent)
        x = look.scale.x_of(note.at_ns)
        if 0 <= x <= look.scale.width_px:
            painter.drawPolygon(
                QPolygonF([QPointF(x - 4, 0.5), QPointF(x + 4, 0.5), QPointF(x + 4, 3), QPointF(x, _NOTES_BOTTOM),
                           QPointF(x - 4, 3)])
            )  # fmt: skip


def _paint_ticks(painter: QPainter, look: Look) -> None:
    scale, font = look.scale, ui_font(LABEL_POINTS)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    start_s, end_s, now_s = scale.since_ns / NS, scale.until_ns / NS, look.now_ns / NS
    ticks = time_ticks(start_s, end_s, scale.width_px, look.style, now_s)
    for at_s in ticks.at_s:
        x = (at_s - start_s) / (end_s - start_s) * scale.width_px
        text = tick_text(at_s, ticks.step_s, look.style, now_s)
        width = metrics.horizontalAdvance(text)
        painter.setPen(QPen(look.theme.line, 1))
        painter.drawLine(QLineF(round(x) + 0.5, _EVENTS[1], round(x) + 0.5, _EVENTS[1] + 3))
        painter.setPen(look.theme.text_faint)
        painter.drawText(QPointF(min(max(0.0, x - width / 2), scale.width_px - width), _BASELINE), text)
