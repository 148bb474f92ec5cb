"""One line of chips, a type each, with how many there are; those that do not fit are in a menu at its end."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QMenu, QToolButton, QWidget

from helios_desktop.event import SEVERITIES, Severity, severity_of
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import PERIODIC_TYPES, TimelineFilter
from helios_desktop.words import _, ngettext

_HEIGHT_PX = 22
_PADDING_PX = 8
_GAP_PX = 4
_ORDER = {event_type: number for number, event_type in enumerate(SEVERITIES)}
_QUIET_STYLE = "QToolButton { min-height: 12px; padding: 1px 18px 1px 8px; }"


class Chip(QAbstractButton):
    """Checked while events of its type are shown."""

    def __init__(self, event_type: str, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.event_type = event_type
        self._theme = theme
        self._count = ""
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_theme(theme)

    def set_count(self, count: int) -> None:
        """Show how many events of the type are kept."""
        text = count_text(count)
        if text != self._count:
            self._count = text
            sentence = ngettext("{type}: {n} event", "{type}: {n} events", count).format(type=self.event_type, n=text)
            self.setAccessibleName(sentence)
            self.setToolTip(_("{what}. Click to hide or show them.").format(what=sentence))
            self.updateGeometry()
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.setFont(theme.ui)
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's."""
        metrics = self.fontMetrics()
        # Room for one digit more and rounded up, so that a counting chip does not push the others at each event.
        digits = metrics.horizontalAdvance("0" * max(2, len(self._count)))
        return QSize(metrics.horizontalAdvance(self.event_type) + 6 + digits + 2 * _PADDING_PX, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        if self.isChecked():
            painter.setPen(QPen(theme.focus if self.hasFocus() else theme.line, 1))
            painter.setBrush(theme.panel_raised)
            name, count = self._name_colour(), theme.text_dim
        else:
            pen = QPen(theme.focus if self.hasFocus() else theme.line, 1, Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            name = count = theme.text_faint
        painter.drawRoundedRect(box, 4, 4)
        inner = self.rect().adjusted(_PADDING_PX, 0, -_PADDING_PX, 0)
        painter.setPen(name)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.event_type)
        painter.setPen(count)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._count)

    def _name_colour(self) -> QColor:
        match severity_of(self.event_type):
            case Severity.PROBLEM:
                return self._theme.problem
            case Severity.WARNING:
                return self._theme.warning
            case _:
                return self._theme.text


class ChipRow(QWidget):
    """All types of which there are events: the worst first, what only repeats last."""

    type_toggled = Signal(str, bool)
    """A type, and whether it is to be shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._chips: dict[str, Chip] = {}
        self._counts: Mapping[str, int] = {}
        self.more = QToolButton(self)
        self._menu = QMenu(self.more)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._menu)
        self.more.setAccessibleName(_("More types"))
        self.more.setToolTip(_("Types that do not fit into the line"))
        self.more.setStyleSheet(_QUIET_STYLE)
        self.more.hide()
        self._menu.aboutToShow.connect(self._fill_menu)
        self.setMinimumHeight(_HEIGHT_PX)
        self.setMaximumHeight(_HEIGHT_PX)

    def chip(self, event_type: str) -> Chip | None:
        """The chip of a type, visible or in the menu."""
        return self._chips.get(event_type)

    def show_counts(self, counts: Mapping[str, int], chosen: TimelineFilter) -> None:
        """Show a chip for each of these types, checked as the filter has it."""
        self._counts = counts
        hidden_without_events = chosen.events.hidden_types & self._chips.keys()
        is_new = False
        for event_type in counts.keys() - self._chips.keys():
            chip = Chip(event_type, self._theme, self)
            chip.clicked.connect(lambda is_shown, name=event_type: self.type_toggled.emit(name, is_shown))
            self._chips[event_type] = chip
            is_new = True
        for event_type in self._chips.keys() - counts.keys() - hidden_without_events:
            self._chips.pop(event_type).deleteLater()
            is_new = True
        if is_new:
            self._chips = dict(sorted(self._chips.items(), key=lambda item: _place(item[0])))
        widths = [chip.sizeHint().width() for chip in self._chips.values()]
        for event_type, chip in self._chips.items():
            chip.set_count(counts.get(event_type, 0))
            chip.setChecked(chosen.shows_type(event_type))
        if is_new or widths != [chip.sizeHint().width() for chip in self._chips.values()]:
            self._place_chips()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        for chip in self._chips.values():
            chip.set_theme(theme)
        self._place_chips()

    def sizeHint(self) -> QSize:
        """Qt's."""
        return QSize(320, _HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._place_chips()

    def _place_chips(self) -> None:
        widths = {event_type: chip.sizeHint().width() for event_type, chip in self._chips.items()}
        is_tight = sum(widths.values()) + _GAP_PX * len(widths) > self.width()
        room = self.width() - (self._more_width(len(widths)) + _GAP_PX if is_tight else 0)
        x, hidden = 0, 0
        before: QWidget | None = None
        for event_type, chip in self._chips.items():
            width = widths[event_type]
            fits = not hidden and x + width <= room
            chip.setVisible(fits)
            if not fits:
                hidden += 1
                continue
            chip.setGeometry(x, 0, width, _HEIGHT_PX)
            if before is not None:
                QWidget.setTabOrder(before, chip)
            before = chip
            x += width + _GAP_PX
        self.more.setVisible(hidden > 0)
        if hidden:
            self.more.setText(_("{n} more").format(n=hidden))
            self.more.setGeometry(x, 0, self._more_width(hidden), _HEIGHT_PX)

    def _more_width(self, count: int) -> int:
        return self.more.fontMetrics().horizontalAdvance(_("{n} more").format(n=count)) + 30

    def _fill_menu(self) -> None:
        self._menu.clear()
        for event_type, chip in self._chips.items():
            if chip.isVisibleTo(self):
                continue
            action = self._menu.addAction(f"{event_type}   {count_text(self._counts.get(event_type, 0))}")
            action.setCheckable(True)
            action.setChecked(chip.isChecked())
            action.toggled.connect(lambda is_shown, name=event_type: self.type_toggled.emit(name, is_shown))


def _place(event_type: str) -> tuple[bool, int, int, str]:
    # What is worst is what is looked for; what only repeats may go into the menu.
    is_periodic = event_type in PERIODIC_TYPES
    return is_periodic, -severity_of(event_type), _ORDER.get(event_type, len(_ORDER)), event_type
