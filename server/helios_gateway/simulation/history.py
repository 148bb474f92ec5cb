"""What one server remembers of itself over all its runs: uptime and snapshots. All of it happened."""

from collections import deque

from msgspec.structs import replace

from helios_gateway.simulation.messages import Role, Snapshot
from helios_gateway.simulation.views import (
    SessionRecord,
    SnapshotEvent,
    SnapshotMeta,
    SnapshotRecord,
    UptimeEvent,
    UptimeRecord,
)


class _Session:
    """One run of the process, while it lasts and after."""

    __slots__ = ("elections", "end_reason", "end_s", "in_role_s", "role", "role_since_s", "start_s")

    def __init__(self, now: float) -> None:
        self.start_s = self.role_since_s = now
        self.end_s: float | None = None
        self.end_reason: str | None = None
        self.role = Role.FOLLOWER
        self.in_role_s = dict.fromkeys(Role, 0.0)
        self.elections = 0

    def enter(self, role: Role, now: float) -> float:
        """Change the role; returns how long the old one lasted."""
        lasted_s = now - self.role_since_s
        self.in_role_s[self.role] += lasted_s
        self.role, self.role_since_s = role, now
        self.elections += role is Role.LEADER
        return lasted_s

    def record(self, now: float) -> SessionRecord:
        in_role_s = self.in_role_s.copy()
        if self.end_s is None:
            in_role_s[self.role] += now - self.role_since_s
        return SessionRecord(
            self.start_s,
            self.end_s,
            self.end_reason,
            in_role_s[Role.LEADER],
            in_role_s[Role.FOLLOWER],
            in_role_s[Role.CANDIDATE],
            self.elections,
            self.elections,  # whoever wins an election serves that one term
        )


class Uptime:
    """A server's runs. `last_led_s`: when it last led in this run, None if it did not."""

    __slots__ = ("_events", "_sessions", "last_led_s")

    def __init__(self) -> None:
        self._sessions: deque[_Session] = deque(maxlen=1000)
        self._events: deque[UptimeEvent] = deque(maxlen=1000)
        self.last_led_s: float | None = None

    def started(self, now: float, term: int) -> None:
        """The process runs."""
        kind, reason, down_s = "start", "", None
        if self._sessions:
            last = self._sessions[-1]
            kind, reason = "restart", f"after {last.end_reason}"
            down_s = None if last.end_s is None else now - last.end_s
        self._sessions.append(_Session(now))
        self._events.append(UptimeEvent(now, kind, Role.FOLLOWER, term, "", reason, down_s))
        self.last_led_s = None

    def changed_role(self, now: float, role: Role, term: int, leader: str) -> None:
        """Its role is `role` now."""
        session = self._sessions[-1]
        was_leader = session.role is Role.LEADER
        lasted_s = session.enter(role, now)
        if role is Role.LEADER:
            self.last_led_s = now
            self._events.append(UptimeEvent(now, "election", role, term, leader, "won election", lasted_s))
        elif was_leader:
            self.last_led_s = now
            self._events.append(UptimeEvent(now, "demote", role, term, leader, "lost leadership", lasted_s))

    def ended(self, now: float, term: int, leader: str, reason: str) -> None:
        """The process is gone: `reason` as in `Stopped`."""
        session = self._sessions[-1]
        role = session.role
        session.in_role_s[role] += now - session.role_since_s
        session.end_s, session.end_reason = now, reason
        kind = "crash" if reason == "crash" else "stop"
        self._events.append(UptimeEvent(now, kind, role, term, leader, reason, now - session.start_s))

    def record(self, now: float) -> UptimeRecord:
        """All of it, as of now."""
        last = self._sessions[-1]
        return UptimeRecord(
            last.start_s if last.end_s is None else None,
            tuple(session.record(now) for session in self._sessions),
            tuple(self._events),
            self._sessions[0].start_s,
        )


class Snapshots:
    """The snapshots that a server wrote, received and restored from. `threshold` as in `SnapshotRecord`."""

    __slots__ = (
        "_bytes_written",
        "_created",
        "_creation_ms",
        "_entries_compacted",
        "_events",
        "_failed",
        "_kept",
        "_largest_bytes",
        "_received",
        "_restores",
        "_threshold",
        "_total_bytes",
    )

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._kept: deque[SnapshotMeta] = deque(maxlen=100)
        self._events: deque[SnapshotEvent] = deque(maxlen=1000)
        self._creation_ms: list[float] = [0.0, 0.0, 0.0]  # in all, most, last
        self._created = self._received = self._restores = self._failed = 0
        self._bytes_written = self._total_bytes = self._largest_bytes = self._entries_compacted = 0

    def created(self, snapshot: Snapshot, now: float, duration_ms: float, entries_compacted: int) -> None:
        """It wrote one and compacted its log."""
        self._created += 1
        total_ms, most_ms, _ = self._creation_ms
        self._creation_ms = [total_ms + duration_ms, max(most_ms, duration_ms), duration_ms]
        self._keep(snapshot, now, duration_ms, entries_compacted, sender="")

    def received(self, snapshot: Snapshot, sender: str, now: float, entries_compacted: int) -> None:
        """Its leader sent one, which it took over."""
        self._received += 1
        self._keep(snapshot, now, 0.0, entries_compacted, sender=sender)
        self.restored(snapshot, now)

    def restored(self, snapshot: Snapshot, now: float) -> None:
        """Its state machine began anew from one; that takes no simulated time."""
        self._restores += 1
        self._events.append(_event("restored", snapshot, now))
        if self._kept:
            last = self._kept[-1]
            self._kept[-1] = replace(last, restored=last.restored + 1, last_restored_s=now)

    def failed(self, snapshot: Snapshot, now: float, reason: str) -> None:
        """It could not finish one."""
        self._failed += 1
        self._events.append(replace(_event("error", snapshot, now), is_success=False, error_message=reason))

    def record(self) -> SnapshotRecord:
        """All of it."""
        total_ms, most_ms, last_ms = self._creation_ms
        return SnapshotRecord(
            latest=self._kept[-1] if self._kept else None,
            snapshots=tuple(self._kept),
            events=tuple(self._events),
            threshold=self._threshold,
            tracked=self._created + self._received,
            created=self._created,
            received=self._received,
            restores=self._restores,
            failed_creations=self._failed,
            failed_restores=0,
            bytes_written=self._bytes_written,
            entries_compacted=self._entries_compacted,
            total_size_bytes=self._total_bytes,
            largest_size_bytes=self._largest_bytes,
            total_creation_ms=total_ms,
            max_creation_ms=most_ms,
            last_creation_ms=last_ms,
            total_restore_ms=0.0,
            last_restore_ms=0.0,
        )

    def _keep(self, snapshot: Snapshot, now: float, duration_ms: float, entries_compacted: int, *, sender: str) -> None:
        size_bytes = snapshot.size_bytes
        if not sender:
            self._bytes_written += size_bytes
        self._total_bytes += size_bytes
        self._largest_bytes = max(self._largest_bytes, size_bytes)
        self._entries_compacted += entries_compacted
        self._kept.append(
            SnapshotMeta(
                snapshot.index,
                snapshot.term,
                size_bytes,
                now,
                duration_ms,
                entries_compacted,
                snapshot.configuration.voters,
                bool(sender),
                0,
                None,
            )
        )
        event = _event("received" if sender else "created", snapshot, now)
        self._events.append(
            replace(event, duration_ms=duration_ms, from_peer=sender, entries_compacted=entries_compacted)
        )


def _event(kind: str, snapshot: Snapshot, now: float) -> SnapshotEvent:
    return SnapshotEvent(now, kind, snapshot.index, snapshot.term, snapshot.size_bytes, 0.0, True, "", "", 0)
