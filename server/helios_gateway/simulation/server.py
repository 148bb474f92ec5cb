"""One node of the simulation: a machine with a disk, on which a Raft server runs or not, and what is known of it."""

import random
from collections.abc import Mapping
from typing import Final, Protocol

from helios_gateway.simulation.agenda import Agenda
from helios_gateway.simulation.happenings import Happening, PeerChanged, SnapshotTaken, Started, StateChanged, Stopped
from helios_gateway.simulation.history import Snapshots, Uptime
from helios_gateway.simulation.host import Host, Timing
from helios_gateway.simulation.messages import (
    AppendReply,
    Configuration,
    Entry,
    InstallSnapshot,
    Message,
    Request,
    Role,
    Snapshot,
    SnapshotReply,
    VoteReply,
)
from helios_gateway.simulation.network import Network
from helios_gateway.simulation.raft import Raft
from helios_gateway.simulation.record import RoundTrips
from helios_gateway.simulation.storage import Storage
from helios_gateway.simulation.views import MetricView, NodeView, PeerView

BASE_PORT: Final = 8000
SNAPSHOT_SETUP_S: Final = 0.004
_REPLIES: Final = (AppendReply, VoteReply, SnapshotReply)


class MakeRaft(Protocol):
    """How a server process comes to be: `Raft`, or what stands for it in a test."""

    def __call__(self, node: str, storage: Storage, host: Host, timing: Timing, rng: random.Random, now: float) -> Raft:
        """Start it on what the disk holds."""


class World(Protocol):
    """What a server needs of the simulation around it."""

    def committed(self, entries: list[Entry]) -> None:
        """A leader committed these."""

    def happened(self, happening: Happening) -> None:
        """Tell it."""


def address_of(node: str) -> str:
    """The address that a node's peers know: localhost:8001 for node1."""
    return f"localhost:{BASE_PORT + int(node.removeprefix('node'))}"


class Server:
    """A node. `raft` is None while its process does not run.

    storage: outlives the process, and the node's membership too: a removed one that comes back may not vote twice
    metrics: what the clients last reported to it
    """

    __slots__ = (
        "_agenda",
        "_disk_bytes_per_s",
        "_make_raft",
        "_network",
        "_rng",
        "_round_trips",
        "_servers",
        "_timer_s",
        "_timing",
        "_world",
        "_writing_since_s",
        "address",
        "id",
        "metrics",
        "raft",
        "snapshots",
        "storage",
        "uptime",
    )

    def __init__(
        self,
        node: str,
        storage: Storage,
        *,
        world: World,
        servers: "Mapping[str, Server]",
        agenda: Agenda,
        network: Network,
        rng: random.Random,
        timing: Timing,
        make_raft: MakeRaft,
    ) -> None:
        self.id = node
        self.address = address_of(node)
        self.storage = storage
        self.raft: Raft | None = None
        self.uptime = Uptime()
        self.snapshots = Snapshots(timing.snapshot_every)
        self.metrics: dict[str, MetricView] = {}
        self._world = world
        self._servers = servers
        self._agenda = agenda
        self._network = network
        self._rng = rng
        self._timing = timing
        self._make_raft = make_raft
        self._round_trips = RoundTrips()
        self._disk_bytes_per_s = rng.uniform(4e6, 12e6)
        self._writing_since_s = 0.0
        self._timer_s = float("inf")

    def start(self) -> None:
        """Run the process. It must not run."""
        now = self._agenda.now
        self._round_trips = RoundTrips()
        self.metrics = {}
        self.raft = self._make_raft(self.id, self.storage, self, self._timing, self._rng, now)
        self.uptime.started(now, self.storage.term)
        if self.storage.snapshot.index:
            self.snapshots.restored(self.storage.snapshot, now)
        self._world.happened(Started(now, self.id))
        self.set_timer()

    def stop(self, reason: str) -> None:
        """End the process, at once: `reason` as in `Stopped`. It must run."""
        now = self._agenda.now
        self.uptime.ended(now, self.storage.term, self.raft.leader if self.raft else "", reason)
        self.raft = None
        self._timer_s = float("inf")
        self._world.happened(Stopped(now, self.id, reason))

    def receive(self, message: Message) -> None:
        """A message arrives; nobody hears it while the process does not run."""
        raft = self.raft
        if raft is not None:
            now = self._agenda.now
            if isinstance(message, _REPLIES):
                self._round_trips.answered(message, now)
            raft.receive(message, now)
            if raft.deadline < self._timer_s:
                self.set_timer()

    def change(self, voter: str, *, is_add: bool) -> bool:
        """Ask it to change the membership: `Raft.change`. False where it does not run."""
        if self.raft is None:
            return False
        is_done = self.raft.change(voter=voter, is_add=is_add, now=self._agenda.now)
        self.set_timer()
        return is_done

    def set_timer(self) -> None:
        """Enter the next deadline, if it comes before the one that is entered."""
        if self.raft is not None and self.raft.deadline < self._timer_s:
            self._timer_s = at_s = self.raft.deadline
            self._agenda.enter(at_s, self._ring, at_s)

    def _ring(self, at_s: float) -> None:
        # A follower's deadline moves with each heartbeat: only when the timer rings is it looked at again.
        raft = self.raft
        if at_s == self._timer_s and raft is not None:
            self._timer_s = float("inf")
            if raft.deadline <= at_s:
                self._round_trips.expire(at_s)
                raft.tick(at_s)
            self.set_timer()

    def view(self) -> NodeView:
        """What it tells of itself now."""
        now, raft, storage = self._agenda.now, self.raft, self.storage
        configuration = storage.configurations[-1][1]
        peers = [peer for peer in configuration.voters if peer != self.id]
        self._round_trips.expire(now)
        applied = raft.last_applied if raft else storage.snapshot.index
        return NodeView(
            id=self.id,
            address=self.address,
            is_running=raft is not None,
            role=str(raft.role if raft else Role.FOLLOWER),
            term=storage.term,
            commit_index=raft.commit_index if raft else applied,
            last_applied=applied,
            last_log_index=storage.log.last_index,
            last_log_term=storage.log.last_term,
            leader=raft.leader if raft else "",
            peers=tuple(self._view_peer(peer) for peer in peers),
            latency=self._round_trips.record({peer: address_of(peer) for peer in peers}) if raft else {},
            uptime=self.uptime.record(now),
            snapshots=self.snapshots.record(),
            metrics=self.metrics,
        )

    def _view_peer(self, peer: str) -> PeerView:
        leadership = self.raft.leadership if self.raft else None
        progress = leadership.progress.get(peer) if leadership else None
        if progress is None:
            return PeerView(peer, address_of(peer), None, None)
        return PeerView(peer, address_of(peer), progress.match_index, progress.next_index)

    # What the Raft server calls (`Host`)

    def ask(self, request: Request) -> None:
        """Send a request through the network, and time it."""
        self._round_trips.sent(request, self._agenda.now)
        self.post(request)

    def post(self, message: Message) -> None:
        """Send it through the network."""
        agenda = self._agenda
        receiver = self._servers.get(message.receiver)
        if receiver is not None:
            sent_s = agenda.now
            if isinstance(message, InstallSnapshot):
                sent_s += self._network.transfer_s(message.snapshot.size_bytes)
            for at_s in self._network.arrivals(self.id, message.receiver, sent_s):
                agenda.enter(at_s, receiver.receive, message)

    def role_changed(self, old: Role, new: Role) -> None:
        """Tell it, and keep it."""
        now, term = self._agenda.now, self.storage.term
        self.uptime.changed_role(now, new, term, self.raft.leader if self.raft else "")
        self._world.happened(StateChanged(now, self.id, str(old), str(new), term))

    def configuration_changed(self, old: Configuration, new: Configuration) -> None:
        """Tell who came and who went."""
        now = self._agenda.now
        for event_type, peers in (
            ("added", [peer for peer in new.voters if peer not in old.voters]),
            ("removed", [peer for peer in old.voters if peer not in new.voters]),
        ):
            for peer in peers:
                if peer != self.id:
                    self._world.happened(PeerChanged(now, self.id, event_type, peer, address_of(peer)))

    def committed(self, entries: list[Entry]) -> None:
        """Answer the clients."""
        self._world.committed(entries)

    def snapshot_started(self, snapshot: Snapshot) -> None:
        """Write it at the disk's speed."""
        self._writing_since_s = now = self._agenda.now
        duration_s = SNAPSHOT_SETUP_S + snapshot.size_bytes / self._disk_bytes_per_s
        self._agenda.enter(now + duration_s, self._written, (self.raft, snapshot))

    def snapshot_installed(self, snapshot: Snapshot, sender: str, entries_compacted: int) -> None:
        """Keep it."""
        self.snapshots.received(snapshot, sender, self._agenda.now, entries_compacted)

    def _written(self, writing: tuple[Raft | None, Snapshot]) -> None:
        raft, snapshot = writing
        now = self._agenda.now
        if raft is None or raft is not self.raft:
            self.snapshots.failed(snapshot, now, "the process ended while it was written")
            return
        entries_compacted = raft.finish_snapshot()
        if entries_compacted < 0:
            self.snapshots.failed(snapshot, now, "a newer one came from the leader")
            return
        duration_ms = (now - self._writing_since_s) * 1e3
        self.snapshots.created(snapshot, now, duration_ms, entries_compacted)
        self._world.happened(
            SnapshotTaken(now, self.id, snapshot.index, snapshot.term, snapshot.size_bytes, duration_ms)
        )
