"""Where a Raft server runs: its timing, and what it needs of the world."""

from typing import Protocol

from msgspec import Struct

from helios_gateway.simulation.messages import Configuration, Entry, Reply, Request, Role, Snapshot, TimeoutNow


class Timing(Struct, frozen=True):
    """When a server does what.

    election_min_s, election_max_s: an election timeout is drawn between them anew for each role that waits for one
    snapshot_every:                 entries applied since the last snapshot that make the next one due
    kept_entries:                   entries before a snapshot that stay in the log, for followers a little behind
    batch:                          most entries of one AppendEntries
    """

    heartbeat_s: float = 0.1
    election_min_s: float = 1.0
    election_max_s: float = 2.0
    snapshot_every: int = 500
    kept_entries: int = 100
    batch: int = 256


class Host(Protocol):
    """What a server needs of the world: called while it acts, and must not call back into it."""

    def ask(self, request: Request) -> None:
        """Send it; it may get lost, late or doubled."""

    def post(self, message: Reply | TimeoutNow) -> None:
        """Send it, as uncertain; to this nobody answers."""

    def role_changed(self, old: Role, new: Role) -> None:
        """The server's role is `new` now."""

    def configuration_changed(self, old: Configuration, new: Configuration) -> None:
        """The server's configuration is `new` now, be it committed or not."""

    def committed(self, entries: list[Entry]) -> None:
        """As leader, it has committed and applied these."""

    def snapshot_started(self, snapshot: Snapshot) -> None:
        """It is writing this one; call `finish_snapshot` when the disk is done."""

    def snapshot_installed(self, snapshot: Snapshot, sender: str, entries_compacted: int) -> None:
        """It has taken over a snapshot from its leader."""
