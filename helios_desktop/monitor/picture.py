"""What is known of one cluster, carried on from observation to observation: live, followed and replayed alike."""

from collections.abc import Sequence

from helios_desktop.event import Event
from helios_desktop.observation import Observation
from helios_desktop.store.fold import fold
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState


class Picture:
    """`state` is replaced, never changed: compare it by identity. `log` and `series` grow."""

    def __init__(self, state: ClusterState, log: EventLog, series: SeriesBook) -> None:
        self.state = state
        self.log = log
        self.series = series

    def see(self, observation: Observation) -> tuple[tuple[Event, ...], Sequence[int]]:
        """Take one observation; gives what it told, and the numbers of these events in the log."""
        before = self.state
        self.state, events = fold(before, observation)
        self.series.add(before, self.state, observation)
        return events, self.log.extend(events)


def blank_picture(now_ns: int, first_event: int = 0) -> Picture:
    """Of a cluster of which nothing is known yet."""
    return Picture(ClusterState(now_ns=now_ns), EventLog(start=first_event), SeriesBook())
