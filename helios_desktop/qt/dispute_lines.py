"""The lines below the verdict that say who contradicts whom; none where all agree."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from helios_desktop.event import Disagreement
from helios_desktop.qt.disputes import MARK, lasting_text, level_of, whole_text
from helios_desktop.qt.labels import ElidedLabel, make_label, show_text, show_tip, tint
from helios_desktop.qt.style_sheet import GAP, SPACE
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.qt.times import TimeStyle
from helios_desktop.store.state import ClusterState
from helios_desktop.store.verdict import disagreement_text
from helios_desktop.words import _

MOST_LINES: Final = 3
"""The cards need the room; how many more there are is said in the last line."""
_MARK_PX: Final = 17
"""With the frame, as wide as the glyph of the verdict above."""


class DisputeLine(QFrame):
    """One contradiction: its sentence, cut where it does not fit, and whole in the tool tip and for screen readers."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "line")
        # It can be reached by Tab, so that a screen reader can read it.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.mark = make_label(MARK, font=ui_font(12, QFont.Weight.DemiBold))
        self.sentence = ElidedLabel("")
        self.lasting = make_label(kind="faint")
        self.mark.setFixedWidth(_MARK_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, SPACE, 0)
        row.setSpacing(GAP)
        row.addWidget(self.mark)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.lasting)

    def show_dispute(self, one: Disagreement, more: int, state: ClusterState, now_ns: int, theme: Theme) -> None:
        """Show it; `more` others find no room below it."""
        colour = theme.level_colour(level_of(one))
        tint(self.mark, colour)
        tint(self.sentence, colour)
        self.sentence.show_line(disagreement_text(one))
        lasting = lasting_text(one, now_ns)
        show_text(self.lasting, _("{lasting}  ·  {n} more").format(lasting=lasting, n=more) if more else lasting)
        shown = (one, *state.disagreements[MOST_LINES:]) if more else (one,)
        whole = "\n".join(whole_text(each, state, now_ns, TimeStyle.UTC) for each in shown)
        for widget in (self, self.sentence):
            show_tip(widget, whole)
        self.setAccessibleName(whole)


class DisputeLines(QWidget):
    """Shows the contradictions of a state, the gravest first, by `show_state`; hidden where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[DisputeLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE // 2)
        self.setVisible(False)

    def show_state(self, state: ClusterState, now_ns: int, theme: Theme) -> None:
        """Draw what changed."""
        found = state.disagreements
        shown = found[:MOST_LINES]
        while len(self.lines) < len(shown):
            line = DisputeLine()
            self.lines.append(line)
            self._column.addWidget(line)
        for number, line in enumerate(self.lines):
            if number < len(shown):
                more = len(found) - len(shown) if number == len(shown) - 1 else 0
                line.show_dispute(shown[number], more, state, now_ns, theme)
            line.setVisible(number < len(shown))
        self.setVisible(bool(shown))
