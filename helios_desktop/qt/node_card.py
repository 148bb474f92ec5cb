"""One member of the cluster as a card: what is told of it, by whom, and how old that is."""

from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from helios_desktop.qt.disputes import MARK
from helios_desktop.qt.labels import ElidedLabel, fill, make_label, show_text, show_tip, tint
from helios_desktop.qt.node_words import (
    Around,
    age_text,
    ages_text,
    is_head_old,
    is_measure_old,
    is_own_old,
    latency_tip,
    measure_tip,
    own_tip,
    role_tip,
    uptime_tip,
)
from helios_desktop.qt.quantities import UNKNOWN, count_text, latency_text
from helios_desktop.qt.style_sheet import GAP, SPACE
from helios_desktop.qt.theme import GLYPHS, Theme, role_word, ui_font
from helios_desktop.qt.times import TimeStyle, full_text, span_text
from helios_desktop.store.state import NodeState, Role
from helios_desktop.words import _

MIN_WIDTH_PX: Final = 214
_STRIPE_PX: Final = 3
_GLYPH_PX: Final = 16
_LATENCY_BEATS: Final = 2
"""Latency and uptime come less often than statuses, at the worst every 15 s."""
_WIDE_PX: Final = 300
"""From here on a flat card has room for three values side by side, else for two."""
Shape = tuple[tuple[str, int, int], ...]
_FULL: Final[Shape] = (
    *(("term", 0, 0), ("commit", 0, 1), ("lag", 1, 0), ("applied", 1, 1)),
    *(("p99", 2, 0), ("snap", 2, 1), ("avg", 3, 0), ("up", 3, 1)),
)
"""Each value's row and pair of columns, the long ones below each other. What a shape leaves out, tool tips tell."""
_FLAT: Final[Shape] = (
    *(("term", 0, 0), ("commit", 0, 1), ("lag", 1, 0), ("applied", 1, 1)),
    *(("p99", 2, 0), ("up", 2, 1)),
)
_FLAT_WIDE: Final[Shape] = (
    *(("term", 0, 0), ("commit", 0, 1), ("applied", 0, 2), ("lag", 1, 0), ("p99", 1, 1), ("avg", 1, 2)),
    *(("up", 2, 0), ("snap", 2, 1)),
)


class NodeCard(QFrame):
    """Shows one `NodeState`. `show_node` at each change and each second; it touches only what differs."""

    def __init__(self, theme: Theme, colour_index: int) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.setMinimumWidth(MIN_WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # A card can be reached by Tab, so that a screen reader can read it as a whole.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._theme = theme
        self._colour_index = colour_index
        self._stripe = QWidget()
        self._stripe.setObjectName("stripe")
        self._stripe.setFixedWidth(_STRIPE_PX)
        self.glyph = make_label(font=ui_font(11))
        self.name = make_label(font=ui_font(10.5, QFont.Weight.DemiBold))
        self.role = make_label()
        self.mark = make_label(MARK, font=ui_font(weight=QFont.Weight.DemiBold))
        self.age = ElidedLabel("")
        self.term, self.commit, self.applied, self.lag = (make_label() for _number in range(4))
        self.p99, self.average, self.uptime, self.snapshot = (make_label() for _number in range(4))
        self.ages = ElidedLabel("")
        self._grid = QGridLayout()
        self._keys = {key: make_label(text, kind="faint") for key, text in _key_texts().items()}
        self._shape = _FULL
        self._shown: tuple[NodeState, int, Around] | None = None
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours; the next `show_node` draws them."""
        self._theme = theme

    def set_shape(self, *, is_flat: bool, width_px: int) -> None:
        """Take the full shape, or the flat one of cards in several rows, which shows the ages in its tool tips."""
        shape = _FULL if not is_flat else _FLAT_WIDE if width_px >= _WIDE_PX else _FLAT
        if shape is not self._shape:
            self._shape = shape
            self._place_values()
            if self._shown is not None:
                self.show_node(*self._shown)

    def show_node(self, node: NodeState, now_ns: int, around: Around) -> None:
        """Draw it as of `now_ns`. Each figure dims by its own age: what others still tell goes on looking live."""
        self._shown = node, now_ns, around
        theme = self._theme
        fill(self._stripe, theme.line if is_head_old(node, now_ns) else theme.node_colour(self._colour_index))
        self._show_head(node, now_ns, around)
        self._show(self.term, _count(node.term), is_old=is_head_old(node, now_ns))
        show_tip(self.term, f"{_('Term')}\n{role_tip(node, around.teller, now_ns)}")
        is_own = is_own_old(node, now_ns)
        for label, value, meaning in (
            (self.commit, node.commit_index, _("Commit index: the log up to here is committed, as this node knows")),
            (self.applied, node.last_applied, _("Last applied: the log up to here is in this node’s state machine")),
        ):
            self._show(label, _count(value), is_old=is_own)
            show_tip(label, own_tip(node, meaning, now_ns))
        self._show_lag(node, now_ns)
        self._show_latency(node, now_ns)
        uptime = UNKNOWN if node.uptime_ns is None else span_text(node.uptime_ns)
        is_uptime_old = is_own or is_measure_old(node, node.uptime_told_ns, now_ns, _LATENCY_BEATS)
        self._show(self.uptime, uptime, is_old=is_uptime_old)
        show_tip(self.uptime, uptime_tip(node, now_ns))
        self._show_snapshot(node, is_old=is_own)
        text, is_warning = ages_text(node, around.teller, now_ns)
        self.ages.show_line(text)
        show_tip(self.ages, text)
        tint(self.ages, theme.warning if is_warning else theme.text_faint)
        self.setAccessibleName(self._sentence(node, text, around))

    def _show_head(self, node: NodeState, now_ns: int, around: Around) -> None:
        theme = self._theme
        is_old = is_head_old(node, now_ns)
        # That it is out of reach is news, however old the rest is.
        is_dim = is_old and not (node.role is Role.UNREACHABLE and around.is_heard)
        show_text(self.glyph, GLYPHS[node.role])
        tint(self.glyph, theme.text_faint if is_dim else theme.role_colour(node.role))
        show_text(self.name, node.id)
        show_tip(self.name, node.address or _("Its address is not told"))
        tint(self.name, theme.text_dim if is_old else theme.text)
        show_text(self.role, role_word(node.role))
        tint(self.role, theme.text_faint if is_dim else theme.role_colour(node.role))
        show_tip(self.role, role_tip(node, around.teller, now_ns))
        self.mark.setVisible(bool(around.dispute))
        tint(self.mark, theme.level_colour(around.level))
        show_tip(self.mark, around.dispute)
        self.age.show_line(age_text(node, around.teller, now_ns, is_flat=self._shape is not _FULL))
        tint(self.age, theme.warning if is_old and node.told_by else theme.text_faint)
        show_tip(self.age, role_tip(node, around.teller, now_ns))

    def _show(self, label: QLabel, text: str, *, is_old: bool) -> None:
        show_text(label, text)
        tint(label, self._theme.text_faint if is_old or text == UNKNOWN else self._theme.text)

    def _show_lag(self, node: NodeState, now_ns: int) -> None:
        self._show(self.lag, _count(node.lag), is_old=is_measure_old(node, node.lag_ns, now_ns))
        if node.role is Role.LEADER and node.lag is None:
            show_tip(self.lag, _("Does not apply: this node leads"))
            return
        meaning = _("Entries that the leader has committed and this node has not")
        show_tip(self.lag, measure_tip(meaning, node.lag_ns, now_ns))

    def _show_latency(self, node: NodeState, now_ns: int) -> None:
        stats = node.latency
        tip = latency_tip(node, stats, now_ns)
        is_old = is_measure_old(node, node.latency_ns, now_ns, _LATENCY_BEATS)
        for label, value in (
            (self.p99, None if stats is None else stats.p99_value_ms),
            (self.average, None if stats is None else stats.avg_value_ms),
        ):
            self._show(label, latency_text(value), is_old=is_old)
            show_tip(label, tip)

    def _show_snapshot(self, node: NodeState, *, is_old: bool) -> None:
        told = node.snapshot
        index = None if told is None else told.value.index
        self._show(self.snapshot, _count(index), is_old=is_old)
        if told is None or index is None:
            show_tip(self.snapshot, _("No snapshot was told yet"))
        else:
            at = full_text(told.at_ns, TimeStyle.UTC)
            show_tip(self.snapshot, _("The last snapshot holds the log up to here; told {at}").format(at=at))

    def _sentence(self, node: NodeState, ages: str, around: Around) -> str:
        sentence = _("{node}, {role}, term {term}, commit {commit}, applied {applied}, lag {lag}").format(
            node=node.id,
            role=role_word(node.role),
            term=self.term.text(),
            commit=self.commit.text(),
            applied=self.applied.text(),
            lag=self.lag.text(),
        )
        return ", ".join(part for part in (sentence, self.age.accessibleName(), ages, around.dispute) if part)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE + 2)
        # The faces that hold the glyphs differ in height.
        self.glyph.setFixedSize(_GLYPH_PX, self.name.sizeHint().height())
        for label in (self.glyph, self.name, self.role, self.mark):
            head.addWidget(label)
        head.addWidget(self.age, 1)
        self.age.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.mark.setVisible(False)
        self.ages.setFont(ui_font(8.25))
        self._grid.setHorizontalSpacing(SPACE)
        self._grid.setVerticalSpacing(2)
        for value in self._values().values():
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
        body = QVBoxLayout()
        body.setContentsMargins(SPACE + 2, SPACE + 2, SPACE + 2, SPACE + 2)
        body.setSpacing(SPACE)
        body.addLayout(head)
        body.addLayout(self._grid)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._stripe)
        outer.addLayout(body, 1)
        self._place_values()

    def _values(self) -> dict[str, QLabel]:
        return {
            "term": self.term,
            "commit": self.commit,
            "lag": self.lag,
            "applied": self.applied,
            "p99": self.p99,
            "avg": self.average,
            "up": self.uptime,
            "snap": self.snapshot,
        }

    def _place_values(self) -> None:
        grid, values = self._grid, self._values()
        for label in (*self._keys.values(), *values.values(), self.ages):
            grid.removeWidget(label)
        # The third column of a pair stays empty: twice the spacing parts its value from the next one's name.
        for key, row, pair in self._shape:
            grid.addWidget(self._keys[key], row, 3 * pair)
            grid.addWidget(values[key], row, 3 * pair + 1)
        pairs = 1 + max(pair for _key, _row, pair in self._shape)
        for pair in range(3):
            grid.setColumnStretch(3 * pair + 1, int(pair < pairs))
            grid.setColumnMinimumWidth(3 * pair + 2, GAP if pairs == 3 and pair < pairs - 1 else 0)
        is_full = self._shape is _FULL
        grid.setRowMinimumHeight(4, self.ages.fontMetrics().height() if is_full else 0)
        if is_full:
            grid.addWidget(self.ages, 4, 0, 1, 6)
        # Last: shown before it stands in the card, a label would be a window of its own.
        self.ages.setVisible(is_full)
        placed = {key for key, _row, _pair in self._shape}
        for key, value in values.items():
            for label in (self._keys[key], value):
                label.setVisible(key in placed)
        # A label that hides in a window that is not shown yet tells no layout of it.
        layout: QObject | None = grid
        while isinstance(layout, QLayout):
            layout.invalidate()
            layout = layout.parent()


def _key_texts() -> dict[str, str]:
    return {
        "term": _("term"),
        "commit": _("commit"),
        "lag": _("lag"),
        "applied": _("applied"),
        "p99": _("p99"),
        "avg": _("avg"),
        "up": _("up"),
        "snap": _("snap"),
    }


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else count_text(value)
