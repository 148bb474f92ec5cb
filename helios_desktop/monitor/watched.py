"""What panels show: one cluster, whether it is watched now, followed in another window's journal, or replayed."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from helios_desktop.event import Event
from helios_desktop.journal.scribe import RecordingStatus
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Observation
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState

Listener = Callable[[Observation, tuple[Event, ...]], None]


class Watched(Protocol):
    """Read-only, for panels. `state` is compared by identity; `log` and `series` grow, and are others after a jump."""

    @property
    def target(self) -> Target:
        """Which cluster."""

    @property
    def state(self) -> ClusterState:
        """The whole picture."""

    @property
    def log(self) -> EventLog:
        """The latest events, in memory; their numbers are those of the journal."""

    @property
    def series(self) -> SeriesBook:
        """What graphs draw."""

    @property
    def history(self) -> Path | None:
        """The file in which older events are found, by the same numbers; None where nothing is recorded."""

    @property
    def recording(self) -> RecordingStatus | None:
        """How recording stands; None where nothing is to be recorded."""

    @property
    def is_following(self) -> bool:
        """True where another window watches and records the cluster, and this one only reads on in its journal."""

    def now_ns(self) -> int:
        """The instant that is shown: wall clock, or of a replay its own."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each observation and its events, after the fold; gives the way to stop it."""
