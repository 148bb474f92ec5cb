"""What a run has seen, for the summary at its end."""

from helios_desktop.event import Event
from helios_desktop.export.quality import quality_lines
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Kind, Observation
from helios_desktop.store.leadership_spans import leaderless_ns, unknown_ns
from helios_desktop.store.state import ClusterState
from helios_desktop.words import _, ngettext


class Tally:
    """Counts what a monitor tells its listeners."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._since_ns = monitor.now_ns()
        self._messages = 0
        self._derived = 0
        self._malformed = 0
        self._lost = 0

    def take(self, observation: Observation, events: tuple[Event, ...]) -> None:
        """A listener of the monitor."""
        if observation.kind is Kind.FRAME:
            self._messages += 1
        for event in events:
            self._derived += event.is_derived
            self._malformed += event.type == "malformed"
            self._lost += event.type == "connection_lost"

    def summary(self) -> str:
        """How long, how much, what went wrong, and who leads; then a line on the data quality of each observer."""
        now_ns = self._monitor.now_ns()
        state = self._monitor.state
        messages, derived = self._messages, self._derived
        parts = [
            _("{seconds:.1f} s").format(seconds=(now_ns - self._since_ns) / 1e9),
            ngettext("{n} message", "{n} messages", messages).format(n=messages),
            ngettext("{n} derived event", "{n} derived events", derived).format(n=derived),
        ]
        if self._malformed:
            parts.append(_("{n} malformed").format(n=self._malformed))
        if self._lost:
            lost = self._lost
            parts.append(ngettext("{n} connection lost", "{n} connections lost", lost).format(n=lost))
        holes = sum(observer.lost for observer in state.observers.values())
        if holes:
            parts.append(ngettext("{n} gap in the messages", "{n} gaps in the messages", holes).format(n=holes))
        if state.leader is not None:
            parts.append(_("{node} leads in term {term}").format(node=state.leader, term=state.term))
        parts += _leadership(state, self._since_ns)
        return "\n".join(["helios-desktop: " + ", ".join(parts), *("  " + line for line in quality_lines(state))])


def _leadership(state: ClusterState, since_ns: int) -> list[str]:
    parts = []
    leaderless, unknown = leaderless_ns(state, since_ns, state.now_ns), unknown_ns(state, since_ns, state.now_ns)
    if leaderless:
        parts.append(_("{seconds:.1f} s without a leader").format(seconds=leaderless / 1e9))
    if unknown:
        parts.append(_("{seconds:.1f} s unheard").format(seconds=unknown / 1e9))
    return parts
