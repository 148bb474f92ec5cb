"""What a right click on a cell of the timeline offers: this only, or not this, unfold, copy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from helios_desktop.event import Severity
from helios_desktop.journal.stored import Row
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.timeline_cells import Column, severity_name
from helios_desktop.qt.timeline_filter import EVERYTHING, TimelineFilter
from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.words import _, ngettext

Choice = tuple[str, TimelineFilter]
"""The menu's text, and the filter that it leads to."""


def cell_choices(chosen: TimelineFilter, column: Column, event: Row) -> list[Choice]:
    """The choices for one cell; none where its column is nothing to filter by."""
    match column:
        case Column.TIME:
            events = chosen.events
            return [
                (_("Since here"), chosen.with_times(event.at_ns, events.until_ns)),
                (_("Until here"), chosen.with_times(events.since_ns, event.at_ns + 1)),
            ]
        case Column.TYPE:
            return [
                (_("Only {value}").format(value=event.type), chosen.with_only_type(event.type)),
                (
                    _("Not {value}").format(value=event.type),
                    chosen.with_type_hidden(event.type, is_hidden=True),
                ),
            ]
        case Column.MARK:
            name = severity_name(event.severity)
            wanted = frozenset(Severity) if chosen.events.severities is None else chosen.events.severities
            return [
                (_("Only {value}").format(value=name), chosen.with_severities(frozenset({event.severity}))),
                (_("Not {value}").format(value=name), chosen.with_severities(wanted - {event.severity})),
            ]
        case Column.NODE if event.node:
            return [
                (_("Only {value}").format(value=event.node), chosen.with_only_node(event.node)),
                (
                    _("Not {value}").format(value=event.node),
                    chosen.with_node_hidden(event.node),
                ),
            ]
        case Column.OBSERVER if event.observer:
            return [
                (
                    _("Only told by {value}").format(value=event.observer),
                    chosen.with_only_observer(event.observer),
                ),
                (
                    _("Not told by {value}").format(value=event.observer),
                    chosen.with_observer_hidden(event.observer),
                ),
            ]
        case _:
            return []


@dataclass(frozen=True)
class Menus:
    """Makes the menu of a cell. `choose` applies a filter, `toggle` unfolds a row of several or folds it again."""

    model: TimelineModel
    choose: Callable[[TimelineFilter], None]
    toggle: Callable[[int], None]

    def menu(self, row: int, column: Column, chosen: TimelineFilter, parent: QWidget) -> QMenu:
        """What a right click on that cell offers; empty where the row's event is nowhere any more."""
        menu = QMenu(parent)
        menu.aboutToHide.connect(menu.deleteLater)
        told = self.model.row_at(row)
        if told is None:
            return menu
        for text, other in cell_choices(chosen, column, told):
            menu.addAction(text, partial(self.choose, other))
        if not menu.isEmpty():
            menu.addSeparator()
        count = self.model.count_at(row)
        if count > 1:
            text = ngettext("Show the {n} one by one", "Show the {n} one by one", count).format(n=count_text(count))
            menu.addAction(text, partial(self.toggle, row))
        elif self.model.rows.is_unfolded(row):
            menu.addAction(_("Fold what repeats"), partial(self.toggle, row))
        line = self.model.line(row)
        menu.addAction(_("Copy line"), partial(copy_text, line))
        event = self.model.event_at(row)
        if event is not None and event.observation.text:
            menu.addAction(_("Copy raw text"), partial(copy_text, event.observation.text))
        if not chosen.is_everything:
            menu.addSeparator()
            menu.addAction(_("Show all"), partial(self.choose, EVERYTHING))
        return menu


def copy_text(text: str) -> None:
    """Put it on the clipboard."""
    QGuiApplication.clipboard().setText(text)
