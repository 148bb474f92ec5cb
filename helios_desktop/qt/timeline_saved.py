"""The menu of filters under names: apply one, keep the one in force, remove one."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QWidget, QWidgetAction

from helios_desktop.event_filter import EventFilter
from helios_desktop.profiles.filters import FiltersError, SavedFilters
from helios_desktop.words import _


class SavedMenu(QToolButton):
    """Reads `saved` whenever it opens, since people edit that file. `in_force` is what would be kept."""

    chosen = Signal(object)
    """The `EventFilter` to apply."""
    failed = Signal(str)
    """A sentence: the file cannot be read or written."""

    def __init__(self, saved: SavedFilters, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.in_force = EventFilter()
        self.name = QLineEdit()
        self._saved = saved
        self._menu = QMenu(self)
        self._removing = QMenu(_("Remove"), self._menu)
        self.setText(_("Filters"))
        self.setToolTip(_("Filters under names: apply one, or keep the one in force"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(self._menu)
        self.name.setPlaceholderText(_("Keep this filter as…"))
        self.name.setAccessibleName(_("Name for the filter in force"))
        self.name.returnPressed.connect(self._keep)
        self._field = QWidgetAction(self)  # the menu would delete its own when it is cleared
        self._field.setDefaultWidget(self.name)
        self._menu.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.name.clear()
        self._menu.clear()
        self._removing.clear()
        try:
            filters = self._saved.list()
        except FiltersError as error:
            self._menu.addAction(_("The file of filters cannot be read")).setEnabled(False)
            self.failed.emit(str(error))
            return
        for name, saved in filters.items():
            # An ampersand would mark a letter.
            text = name.replace("&", "&&")
            self._menu.addAction(text, partial(self.chosen.emit, saved))
            self._removing.addAction(text, partial(self._remove, name))
        if filters:
            self._menu.addSeparator()
        self._menu.addAction(self._field)
        if filters:
            self._menu.addMenu(self._removing)

    def _keep(self) -> None:
        name = self.name.text().strip()
        if name:
            self._try(lambda: self._saved.save(name, self.in_force))
            self._menu.close()

    def _remove(self, name: str) -> None:
        self._try(lambda: self._saved.remove(name))

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except FiltersError as error:
            self.failed.emit(str(error))
