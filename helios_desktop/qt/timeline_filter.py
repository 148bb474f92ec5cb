"""What the timeline shows of the log, as its chips, its search and its right click change it."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter

PERIODIC_TYPES: Final = frozenset({"status", "status_update", "latency", "uptime", "custom_metrics", "pong"})
"""Types that repeat what is; hidden at first, so that what changed can be seen."""


class TimelineFilter(Struct, frozen=True):
    """The log's filter, with what the window's controls change of it."""

    events: EventFilter = EventFilter(hidden_types=PERIODIC_TYPES)

    @property
    def is_everything(self) -> bool:
        """True where nothing is filtered at all."""
        return self == EVERYTHING

    # What the window's controls change, one call each.

    def with_text(self, text: str) -> "TimelineFilter":
        """Search for other words, and for no pattern."""
        return replace(self, events=replace(self.events, text=text.strip(), pattern=""))

    def with_pattern(self, pattern: str) -> "TimelineFilter":
        """Search for another pattern, and for no words."""
        return replace(self, events=replace(self.events, text="", pattern=pattern))

    def with_times(self, since_ns: int | None, until_ns: int | None) -> "TimelineFilter":
        """Show what was from the first instant on and before the second; None for no bound."""
        return replace(self, events=replace(self.events, since_ns=since_ns, until_ns=until_ns))

    def with_severities(self, severities: frozenset[Severity] | None) -> "TimelineFilter":
        """Show other severities."""
        return replace(self, events=replace(self.events, severities=severities))

    def with_type_hidden(self, event_type: str, *, is_hidden: bool) -> "TimelineFilter":
        """Hide or show one type."""
        hidden = self.events.hidden_types
        hidden = hidden | {event_type} if is_hidden else hidden - {event_type}
        types = self.events.types
        if types is not None and not is_hidden:
            types |= {event_type}
        return replace(self, events=replace(self.events, types=types, hidden_types=hidden))

    def with_only_type(self, event_type: str) -> "TimelineFilter":
        """Show one type alone."""
        return replace(self, events=replace(self.events, types=frozenset({event_type}), hidden_types=frozenset()))

    def with_only_node(self, node: str) -> "TimelineFilter":
        """Show what is about one node alone."""
        return replace(self, events=replace(self.events, nodes=frozenset({node})))

    def with_node_hidden(self, node: str) -> "TimelineFilter":
        """Leave out what is about this node too."""
        return replace(self, events=replace(self.events, hidden_nodes=self.events.hidden_nodes | {node}))

    def with_only_observer(self, observer: str) -> "TimelineFilter":
        """Show what one observer told alone."""
        return replace(self, events=replace(self.events, observers=frozenset({observer})))

    def with_observer_hidden(self, observer: str) -> "TimelineFilter":
        """Leave out what this observer told too."""
        return replace(self, events=replace(self.events, hidden_observers=self.events.hidden_observers | {observer}))

    def shows_type(self, event_type: str) -> bool:
        """True where the chips do not hide it, whatever the other parts do."""
        types = self.events.types
        return (types is None or event_type in types) and event_type not in self.events.hidden_types


EVERYTHING: Final = TimelineFilter(events=EventFilter())
CHANGES: Final = TimelineFilter()
"""The choice at the start: all but what repeats."""
