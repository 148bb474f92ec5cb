"""What the user looks at stays in view while rows come and go: the end, the instant of a replay, or a place above."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QAbstractItemView

from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.qt.timeline_table import TimelineTable


class View:
    """Scrolls `table`, whose rows are those of `model`.

    selected:   the chosen event's number; its row is the current one wherever it comes to stand
    follows:    the end is kept in view, or the instant where there is one; else what stands on top
    instant_ns: of a replay
    is_moving:  the scroll bar moves because rows came or went, or on purpose, and not by the user
    """

    def __init__(self, table: TimelineTable, model: TimelineModel) -> None:
        self.selected: int | None = None
        self.follows = True
        self.instant_ns: int | None = None
        self.is_moving = False
        self._table = table
        self._model = model

    @property
    def selected_row(self) -> int | None:
        """Where the chosen event stands; None where it is not held."""
        return None if self.selected is None else self._model.row_of(self.selected)

    @property
    def top(self) -> int | None:
        """The number of the first row in view."""
        row = self._table.top_row
        return self._model.number_at(row) if 0 <= row < len(self._model.rows) else None

    @contextmanager
    def moving(self) -> Iterator[None]:
        """While rows come and go."""
        if self.is_moving:
            yield
            return
        top = self.top
        with self.still():
            yield
            self._settle(top)

    @contextmanager
    def still(self) -> Iterator[None]:
        """While the view is moved on purpose."""
        was_moving, self.is_moving = self.is_moving, True
        try:
            yield
        finally:
            self.is_moving = was_moving

    def show_selected(self, hint: QAbstractItemView.ScrollHint | None) -> None:
        """Let the chosen event's row be the current one; bring it into view where `hint` says how."""
        with self.still():
            self._table.show_row(self.selected_row, hint=hint)

    def show_on_top(self, number: int) -> None:
        """Scroll to this event, or the next that is held."""
        with self.still():
            self._table.put_on_top(self._model.rows.row_from(number))

    def show_instant(self) -> None:
        """Scroll no more than is needed to see the row of the instant."""
        self._model.set_instant(self.instant_ns)
        with self.still():
            self._table.show_in_view(self._model.instant_row or 0)

    def _settle(self, top: int | None) -> None:
        current = self._table.currentIndex()
        if self.selected_row != (current.row() if current.isValid() else None):
            self._table.show_row(self.selected_row)
        if self.follows and self.instant_ns is not None:
            self.show_instant()
        elif self.follows:
            self._table.scrollToBottom()
        elif top is not None:
            self._table.put_on_top(self._model.rows.row_from(top))
