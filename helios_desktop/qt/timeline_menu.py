"""What a right click on a cell of the timeline offers: this only, or not this."""

from helios_desktop.event import Event
from helios_desktop.qt.timeline_filter import TimelineFilter
from helios_desktop.qt.timeline_model import Column, severity_name
from helios_desktop.words import _

Choice = tuple[str, TimelineFilter]
"""The menu's text, and the filter that it leads to."""


def cell_choices(chosen: TimelineFilter, column: Column, event: Event) -> list[Choice]:
    """The choices for one cell; none where its column is nothing to filter by."""
    match column:
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
            return [(_("Only {value}").format(value=name), chosen.with_severities(frozenset({event.severity})))]
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
