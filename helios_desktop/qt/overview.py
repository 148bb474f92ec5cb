"""Is the cluster well: the verdict in one line, and a card a node."""

import re
from itertools import count
from typing import Final

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Phase
from helios_desktop.qt.absences import members_absence
from helios_desktop.qt.dispute_lines import DisputeLines
from helios_desktop.qt.disputes import about_node, level_of, whole_text
from helios_desktop.qt.labels import ElidedLabel, make_label, make_note, show_text, show_tip, tint
from helios_desktop.qt.naming import teller
from helios_desktop.qt.node_card import MIN_WIDTH_PX, NodeCard
from helios_desktop.qt.node_words import Around
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.theme import LEVEL_GLYPHS, Theme, ui_font
from helios_desktop.qt.times import NS, TimeStyle
from helios_desktop.store.state import ClusterState, NodeState
from helios_desktop.store.verdict import Level, disagreement_text, is_picture_old, verdict
from helios_desktop.words import _

_MOST_ROWS: Final = 2
_GLYPH_PX: Final = 18
_NUMBER: Final = re.compile(r"\d+\Z")


class Overview(QFrame):
    """Shows a monitor's picture. The pacer calls `refresh`; while held it stays as it was."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(_("Overview"))
        self._theme = theme
        self._monitor: Watched | None = None
        self._held: tuple[ClusterState, int] | None = None
        self._drawn: tuple[ClusterState, int] | None = None
        self._placed: tuple[int, int, int] | None = None
        self.cards: dict[str, NodeCard] = {}
        self._colours: dict[str, int] = {}
        self.glyph = make_label(font=ui_font(13))
        self.verdict = make_label(font=ui_font(12, QFont.Weight.DemiBold))
        self.reasons = ElidedLabel("dim")
        self.disputes = DisputeLines()
        self.empty = make_note()
        self._grid = QGridLayout()
        self._ground = QWidget()
        self._scroll = QScrollArea()
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        for card in self.cards.values():
            card.set_theme(theme)
        self._drawn = None
        self.refresh()

    def show_monitor(self, monitor: Watched | None) -> None:
        """Watch this one from now on."""
        if monitor is None or self._monitor is None or monitor.target != self._monitor.target:
            self._colours.clear()
            self._make_cards(ClusterState())
        self._monitor = monitor
        self._held = None
        self._drawn = None
        self.refresh()

    def set_held(self, held_at_ns: int | None) -> None:
        """Stand still at the present picture, or follow again."""
        if held_at_ns is None or self._monitor is None:
            self._held = None
        else:
            self._held = (self._monitor.state, held_at_ns)
        self.refresh()

    def refresh(self) -> None:
        """Draw what changed since the last time: the picture, or the second."""
        if self._monitor is None:
            return
        state, now_ns = self._held or (self._monitor.state, self._monitor.now_ns())
        if self._drawn is not None and self._drawn[0] is state and self._drawn[1] == now_ns // NS:
            return
        self._drawn = (state, now_ns // NS)
        is_old = is_picture_old(state, now_ns)
        if is_old:
            # The fold lets them go when nobody is heard; here nobody told it so.
            state = replace(state, disagreements=())
        self._show_verdict(state, now_ns)
        self.disputes.show_state(state, now_ns, self._theme)
        if tuple(state.nodes) != tuple(self.cards):
            self._make_cards(state)
        if not self.cards:
            show_text(self.empty, members_absence(state, now_ns))
        is_heard = not is_old and any(
            observer.phase in {Phase.LIVE, Phase.POLLING} for observer in state.observers.values()
        )
        for name, node in state.nodes.items():
            self.cards[name].show_node(node, now_ns, _around(node, state, now_ns, is_heard=is_heard))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put as many cards side by side as fit."""
        super().resizeEvent(event)
        self._place()

    def _show_verdict(self, state: ClusterState, now_ns: int) -> None:
        judged = verdict(state, now_ns)
        colour = self._theme.level_colour(judged.level)
        show_text(self.glyph, LEVEL_GLYPHS[judged.level])
        tint(self.glyph, colour)
        show_text(self.verdict, judged.text)
        tint(self.verdict, self._theme.text if judged.level in {Level.WELL, Level.UNKNOWN} else colour)
        # Who contradicts whom has lines of its own.
        own = {disagreement_text(one) for one in state.disagreements}
        self.reasons.show_line(" ".join(reason for reason in judged.reasons if reason not in own))
        tip = "\n".join((judged.text, *judged.reasons))
        for label in (self.verdict, self.reasons):
            show_tip(label, tip)

    def node_colour(self, node: str) -> QColor:
        """A member's own colour, for other views of the same cluster."""
        return self._theme.node_colour(self._colour_index(node))

    def _colour_index(self, node: str) -> int:
        # For as long as the cluster is watched, whoever else comes, goes or comes back; and by its number where it has
        # one, so that it is the same tomorrow.
        known = self._colours.get(node)
        if known is None:
            taken = self._colours.values()
            number = _NUMBER.search(node)
            wanted = int(number[0]) - 1 if number is not None else -1
            free = next(index for index in count() if index not in taken)
            known = self._colours[node] = (
                wanted if 0 <= wanted < len(self._theme.series) and wanted not in taken else free
            )
        return known

    def _make_cards(self, state: ClusterState) -> None:
        kept = {name: card for name, card in self.cards.items() if name in state.nodes}
        for name, card in self.cards.items():
            if name not in kept:
                self._grid.removeWidget(card)
                card.deleteLater()
        self.cards = {}
        for name in state.nodes:
            self.cards[name] = kept.get(name) or NodeCard(self._theme, self._colour_index(name))
        self.empty.setVisible(not self.cards)
        if not self.cards:
            self._scroll.setFixedHeight(0)
        self._placed = None
        self._place()

    def _place(self) -> None:
        fitting = max(1, (self.width() - 2 * PAD + GAP) // (MIN_WIDTH_PX + GAP))
        # Rows of equal length look calmer than a full one and a rest.
        count = len(self.cards)
        rows = -(-count // fitting) if count else 1
        columns = -(-count // rows) if count else 1
        if not count:
            return
        card_width = (self.width() - 2 * PAD + GAP) // columns - GAP
        # What several rows of full cards would take, the graphs need.
        is_flat = rows > 1
        for card in self.cards.values():
            card.set_shape(is_flat=is_flat, width_px=card_width)
        card_height = next(iter(self.cards.values())).sizeHint().height()
        placed = (columns, rows, card_height)
        if placed == self._placed:
            return
        self._placed = placed
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        for number, card in enumerate(self.cards.values()):
            self._grid.addWidget(card, number // columns, number % columns, Qt.AlignmentFlag.AlignTop)
            self._grid.setColumnStretch(number % columns, 1)
        shown = min(rows, _MOST_ROWS)
        self._scroll.setFixedHeight(shown * card_height + (shown - 1) * GAP + (GAP if rows > shown else 0))

    def _build(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(GAP)
        # The faces that hold the glyphs differ in size, and nothing must move when one takes another's place.
        self.glyph.setFixedSize(_GLYPH_PX, self.verdict.sizeHint().height())
        line.addWidget(self.glyph)
        line.addWidget(self.verdict)
        line.addSpacing(SPACE)
        line.addWidget(self.reasons, 1)
        self._ground.setProperty("kind", "ground")
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._ground.setLayout(self._grid)
        self._scroll.setWidget(self._ground)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setFixedHeight(0)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(PAD, GAP, PAD, PAD)
        outer.setSpacing(GAP)
        head = QVBoxLayout()
        head.setSpacing(SPACE // 2)
        head.addLayout(line)
        head.addWidget(self.disputes)
        outer.addLayout(head)
        outer.addWidget(self.empty)
        outer.addWidget(self._scroll)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


def _around(node: NodeState, state: ClusterState, now_ns: int, *, is_heard: bool) -> Around:
    disputes = about_node(state, node.id)
    if not disputes:
        return Around(is_heard, teller(node.told_by, state))
    whole = "\n".join(whole_text(one, state, now_ns, TimeStyle.UTC) for one in disputes)
    return Around(is_heard, teller(node.told_by, state), whole, level_of(disputes[0]))
