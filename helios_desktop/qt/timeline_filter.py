"""What the timeline shows of the log: the log's own filter, and nodes and observers chosen by a right click."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from helios_desktop.event import Severity
from helios_desktop.store.log import EventFilter, EventLog

PERIODIC_TYPES: Final = frozenset({"status", "status_update", "latency", "uptime", "custom_metrics", "pong"})
"""Types that repeat what is; hidden at first, so that what changed can be seen."""

TYPED_ROWS: Final = 20_000
"""How many rows one step may look at by type alone: a millisecond or so."""
TEXT_ROWS: Final = 400
"""How many one step may search by text: the first search of a row makes its text, some microseconds each."""


class TimelineFilter(Struct, frozen=True):
    """`events` as the log filters; of nodes and observers None means all."""

    events: EventFilter = EventFilter(hidden_types=PERIODIC_TYPES)
    nodes: frozenset[str] | None = None
    hidden_nodes: frozenset[str] = frozenset()
    observers: frozenset[str] | None = None
    hidden_observers: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """True where nothing is filtered at all."""
        return self == EVERYTHING

    @property
    def has_names(self) -> bool:
        """True where nodes or observers are chosen."""
        return (
            self.nodes is not None
            or self.observers is not None
            or bool(self.hidden_nodes)
            or bool(self.hidden_observers)
        )

    @property
    def step_rows(self) -> int:
        """How many rows of the log one call of `select` may take without holding up the window."""
        return TEXT_ROWS if self.events.text or self.has_names else TYPED_ROWS

    def select(self, log: EventLog, since: int, until: int) -> list[int]:
        """Numbers of the matching events in [since, until), oldest first; those that went are left out."""
        since = max(since, log.first)
        if since >= until:
            return []
        numbers = log.select(self.events, since, until - since)
        if not self.has_names:
            return numbers
        return [number for number in numbers if self._admits(log[number].node, log[number].observer)]

    def _admits(self, node: str, observer: str) -> bool:
        return (
            (self.nodes is None or node in self.nodes)
            and node not in self.hidden_nodes
            and (self.observers is None or observer in self.observers)
            and observer not in self.hidden_observers
        )

    # What the window's controls change, one call each.

    def with_text(self, text: str) -> "TimelineFilter":
        """Search for another text."""
        return replace(self, events=replace(self.events, text=text.strip()))

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

    def shows_type(self, event_type: str) -> bool:
        """True where the chips do not hide it, whatever the other parts do."""
        types = self.events.types
        return (types is None or event_type in types) and event_type not in self.events.hidden_types


EVERYTHING: Final = TimelineFilter(events=EventFilter())
CHANGES: Final = TimelineFilter()
"""The choice at the start: all but what repeats."""
