"""The controls above the graphs: which latency, how far back, and the values as a table."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from helios_desktop.qt.latency_choice import LatencyChoice
from helios_desktop.words import _

FIRST_RANGE_S: Final = 300.0


class ChartsBar(QWidget):
    """Says what the user chose."""

    range_chosen = Signal(float)
    """How many seconds back; 0 for all that is kept."""
    table_toggled = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.choice = LatencyChoice()
        self._ranges = QButtonGroup(self)
        self._table = QToolButton()
        self._ranges_s: dict[int, float] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 4)
        layout.setSpacing(4)
        layout.addWidget(self.choice)
        layout.addStretch(1)
        for text, tip, range_s in (
            (_("5m"), _("Show the last 5 minutes"), FIRST_RANGE_S),
            (_("15m"), _("Show the last 15 minutes"), 900.0),
            (_("1h"), _("Show the last hour"), 3600.0),
            (_("All"), _("Show all that is kept"), 0.0),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setCheckable(True)
            button.setChecked(range_s == FIRST_RANGE_S)
            self._ranges.addButton(button, len(self._ranges_s))
            self._ranges_s[self._ranges.id(button)] = range_s
            layout.addWidget(button)
        self._table.setText(_("Table"))
        self._table.setCheckable(True)
        self._table.setToolTip(_("Show the values in view as a table"))
        layout.addSpacing(8)
        layout.addWidget(self._table)
        self._ranges.idClicked.connect(lambda number: self.range_chosen.emit(self._ranges_s[number]))
        self._table.toggled.connect(self.table_toggled)

    @property
    def is_table(self) -> bool:
        """True while the values are to be shown as a table."""
        return self._table.isChecked()

    def choose_range(self, range_s: float) -> None:
        """Press the button of this range, if there is one."""
        for number, seconds in self._ranges_s.items():
            if seconds == range_s:
                self._ranges.button(number).click()

    def show_table(self, *, is_table: bool) -> None:
        """Press the Table button, or release it."""
        self._table.setChecked(is_table)
