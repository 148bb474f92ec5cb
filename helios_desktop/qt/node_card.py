"""One member of the cluster as a card: what is told of it, by whom, and how old that is."""

from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from helios_desktop.protocol.messages import Stats
from helios_desktop.qt.labels import fill, make_label, show_text, show_tip, tint
from helios_desktop.qt.quantities import UNKNOWN, count_text, latency_text
from helios_desktop.qt.standing import STALE_AFTER_NS
from helios_desktop.qt.style_sheet import GAP, SPACE
from helios_desktop.qt.theme import GLYPHS, Theme, role_word, ui_font
from helios_desktop.qt.times import NS, TimeStyle, full_text, span_text
from helios_desktop.store.state import NodeState, Role
from helios_desktop.words import _, ngettext

MIN_WIDTH_PX: Final = 214
_STRIPE_PX: Final = 3
_GLYPH_PX: Final = 16
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
        self._is_heard = False
        self._stripe = QWidget()
        self._stripe.setObjectName("stripe")
        self._stripe.setFixedWidth(_STRIPE_PX)
        self.glyph = make_label(font=ui_font(11))
        self.name = make_label(font=ui_font(10.5, QFont.Weight.DemiBold))
        self.role = make_label()
        self.age = make_label()
        self.term, self.commit, self.applied, self.lag = (make_label() for _number in range(4))
        self.p99, self.average, self.uptime, self.snapshot = (make_label() for _number in range(4))
        self.ages = make_label(font=ui_font(8.25))
        self._grid = QGridLayout()
        self._keys = {key: make_label(text, kind="faint") for key, text in _key_texts().items()}
        self._shape = _FULL
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

    def show_node(self, node: NodeState, now_ns: int, *, is_heard: bool) -> None:
        """Draw it as of `now_ns`: what is old is dimmed and says when it was last seen.

        `is_heard` is true while any gateway tells anything.
        """
        self._is_heard = is_heard
        # What an unreachable node told is old news from the first second on.
        is_old = is_old_node(node, now_ns) or node.role is Role.UNREACHABLE
        theme = self._theme
        fill(self._stripe, theme.node_colour(self._colour_index) if not is_old else theme.line)
        self._show_head(node, now_ns, is_old)
        value_colour = theme.text_faint if is_old else theme.text
        for label, value, meaning in (
            (self.term, node.term, _("Term")),
            (self.commit, node.commit_index, _("Commit index: the log up to here is committed, as this node knows")),
            (self.applied, node.last_applied, _("Last applied: the log up to here is in this node's state machine")),
        ):
            show_text(label, UNKNOWN if value is None else count_text(value))
            show_tip(label, f"{meaning}\n{_who(node)}")
            tint(label, value_colour)
        self._show_lag(node, now_ns, value_colour)
        self._show_latency(node, now_ns, is_old)
        self._show_uptime(node, now_ns, is_old)
        self._show_snapshot(node, value_colour)
        self._show_ages(node, now_ns, is_old)
        self.setAccessibleName(self._sentence(node, now_ns))

    def _show_head(self, node: NodeState, now_ns: int, is_old: bool) -> None:
        theme = self._theme
        show_text(self.glyph, GLYPHS[node.role])
        # That it is out of reach is news, however old the rest is.
        is_dim = is_old and not (node.role is Role.UNREACHABLE and self._is_heard)
        tint(self.glyph, theme.text_faint if is_dim else theme.role_colour(node.role))
        show_text(self.name, node.id)
        show_tip(self.name, node.address or _("Its address is not told"))
        tint(self.name, theme.text_dim if is_old else theme.text)
        show_text(self.role, role_word(node.role))
        tint(self.role, theme.text_faint if is_dim else theme.role_colour(node.role))
        show_tip(self.role, _who(node))
        # The full shape has a line of its own for what is old.
        show_text(self.age, "" if is_old and self._shape is _FULL else _age_text(node, now_ns))
        tint(self.age, theme.warning if is_old else theme.text_faint)
        if node.told_ns is not None:
            show_tip(self.age, full_text(node.told_ns, TimeStyle.UTC))

    def _show_lag(self, node: NodeState, now_ns: int, colour: QColor) -> None:
        if node.role is Role.LEADER and node.lag is None:
            show_text(self.lag, UNKNOWN)
            show_tip(self.lag, _("Does not apply: this node leads"))
            tint(self.lag, self._theme.text_faint)
            return
        show_text(self.lag, UNKNOWN if node.lag is None else count_text(node.lag))
        tint(self.lag, self._theme.text_faint if node.lag is None else colour)
        told = _("Entries that the leader has committed and this node has not")
        show_tip(self.lag, told if node.lag_ns is None else f"{told}\n{_told_ago(node.lag_ns, now_ns)}")

    def _show_latency(self, node: NodeState, now_ns: int, is_old: bool) -> None:
        stats = node.latency
        show_text(self.p99, latency_text(None if stats is None else stats.p99_value_ms))
        show_text(self.average, latency_text(None if stats is None else stats.avg_value_ms))
        for label in (self.p99, self.average):
            tint(label, self._value_colour(node.latency_ns, now_ns, is_old))
            show_tip(label, _latency_tip(node, stats, now_ns))

    def _show_uptime(self, node: NodeState, now_ns: int, is_old: bool) -> None:
        tint(self.uptime, self._value_colour(node.uptime_told_ns, now_ns, is_old))
        if node.uptime_ns is None:
            show_text(self.uptime, UNKNOWN)
            show_tip(self.uptime, _("Only the node's own gateway tells it"))
            return
        show_text(self.uptime, span_text(node.uptime_ns))
        tip = _("{s} s in this session, as told").format(s=f"{node.uptime_ns / NS:.3f}")
        show_tip(
            self.uptime, tip if node.uptime_told_ns is None else f"{tip}\n{_told_ago(node.uptime_told_ns, now_ns)}"
        )

    def _show_snapshot(self, node: NodeState, colour: QColor) -> None:
        told = node.snapshot
        index = None if told is None else told.value.index
        show_text(self.snapshot, UNKNOWN if index is None else count_text(index))
        tint(self.snapshot, self._theme.text_faint if index is None else colour)
        if told is None or index is None:
            show_tip(self.snapshot, _("No snapshot was told yet"))
        else:
            at = full_text(told.at_ns, TimeStyle.UTC)
            show_tip(self.snapshot, _("The last snapshot holds the log up to here; told {at}").format(at=at))

    def _show_ages(self, node: NodeState, now_ns: int, is_old: bool) -> None:
        if is_old:
            show_text(self.ages, _seen(node, now_ns))
            tint(self.ages, self._theme.warning)
            return
        parts = []
        if node.latency_ns is not None:
            parts.append(_("latency {age} ago").format(age=_age(node.latency_ns, now_ns)))
        if node.uptime_told_ns is not None:
            parts.append(_("uptime {age} ago").format(age=_age(node.uptime_told_ns, now_ns)))
        show_text(self.ages, "  ·  ".join(parts))
        tint(self.ages, self._theme.text_faint)

    def _value_colour(self, told_ns: int | None, now_ns: int, is_old: bool) -> QColor:
        if is_old or told_ns is None or now_ns - told_ns > 2 * STALE_AFTER_NS:
            return self._theme.text_faint
        return self._theme.text

    def _sentence(self, node: NodeState, now_ns: int) -> str:
        return _("{node}, {role}, term {term}, commit {commit}, applied {applied}, lag {lag}, {age}").format(
            node=node.id,
            role=role_word(node.role),
            term=self.term.text(),
            commit=self.commit.text(),
            applied=self.applied.text(),
            lag=self.lag.text(),
            age=self.age.text() or self.ages.text(),
        )

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE + 2)
        # The faces that hold the glyphs differ in height.
        self.glyph.setFixedSize(_GLYPH_PX, self.name.sizeHint().height())
        for label in (self.glyph, self.name, self.role):
            head.addWidget(label)
        head.addStretch(1)
        head.addWidget(self.age)
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


def is_old_node(node: NodeState, now_ns: int) -> bool:
    """True where what stands here must not look live."""
    return node.is_stale or node.told_ns is None or now_ns - node.told_ns > STALE_AFTER_NS


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


def _latency_tip(node: NodeState, stats: Stats | None, now_ns: int) -> str:
    if stats is None:
        if node.role is Role.LEADER:
            return _("Does not apply: this node leads, and measures the way to the others")
        return _("Latency is measured by the leader, which has not told any to this node")
    lines = [_("AppendEntries, from the leader to this node and back")]
    for name, value in (
        *(("min", stats.min_value_ms), ("avg", stats.avg_value_ms), ("p50", stats.p50_value_ms)),
        *(("p90", stats.p90_value_ms), ("p99", stats.p99_value_ms), ("max", stats.max_value_ms)),
    ):
        lines.append(f"{name}  {UNKNOWN if value is None else f'{value:.6g} ms'}")
    lines.append(ngettext("{n} call", "{n} calls", stats.count).format(n=count_text(stats.count)))
    if node.latency_ns is not None:
        lines.append(_told_ago(node.latency_ns, now_ns))
    return "\n".join(lines)


def _age_text(node: NodeState, now_ns: int) -> str:
    if node.told_ns is None:
        return _("never seen")
    return _("{age} ago").format(age=_age(node.told_ns, now_ns))


def _seen(node: NodeState, now_ns: int) -> str:
    if node.told_ns is None:
        return _("never seen")
    return _("last seen {age} ago").format(age=_age(node.told_ns, now_ns))


def _age(told_ns: int | None, now_ns: int) -> str:
    return "" if told_ns is None else span_text(max(0, now_ns - told_ns))


def _told_ago(told_ns: int, now_ns: int) -> str:
    return _("Told {age} ago").format(age=span_text(max(0, now_ns - told_ns)))


def _who(node: NodeState) -> str:
    if not node.told_by:
        return _("Told by nobody yet")
    if node.is_direct:
        return _("Told by its own gateway ({observer})").format(observer=node.told_by)
    return _("Told by {observer}, not by its own gateway").format(observer=node.told_by)
