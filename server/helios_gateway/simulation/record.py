"""Round trips, as one server measures them of its peers: nothing here is drawn, all of it happened."""

from collections import deque
from math import inf, sqrt
from typing import Final

from helios_gateway.simulation.messages import AppendEntries, Reply, Request, RequestVote
from helios_gateway.simulation.views import PeerRecord, RpcRecord

RPC_TIMEOUT_S: Final = 1.0
"""A request that got no answer for so long counts as an error, whatever comes later."""
WINDOW: Final = 100
ERRORS_TO_UNREACHABLE: Final = 3


class Samples:
    """Round trips of one kind of RPC to one peer."""

    __slots__ = ("count", "error_count", "last_error_at_s", "max_s", "min_s", "recent", "total_s")

    def __init__(self) -> None:
        self.count = self.error_count = 0
        self.total_s = 0.0
        self.min_s = inf
        self.max_s = 0.0
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.last_error_at_s: float | None = None

    def add(self, took_s: float) -> None:
        """A request was answered."""
        self.count += 1
        self.total_s += took_s
        self.recent.append(took_s)
        if took_s < self.min_s:
            self.min_s = took_s
        if took_s > self.max_s:
            self.max_s = took_s

    def fail(self, at_s: float) -> None:
        """A request got no answer."""
        self.error_count += 1
        self.last_error_at_s = at_s

    def record(self) -> RpcRecord:
        """The figures of now."""
        if not self.count:
            return RpcRecord(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, self.error_count, self.last_error_at_s)
        recent = sorted(self.recent)
        mean = sum(recent) / len(recent)
        return RpcRecord(
            self.count,
            self.recent[-1] * 1e3,
            self.min_s * 1e3,
            self.max_s * 1e3,
            self.total_s / self.count * 1e3,
            percentile(recent, 0.50) * 1e3,
            percentile(recent, 0.90) * 1e3,
            percentile(recent, 0.99) * 1e3,
            sqrt(sum((took - mean) ** 2 for took in recent) / len(recent)) * 1e3,
            self.error_count,
            self.last_error_at_s,
            tuple(took * 1e3 for took in self.recent),
        )


def percentile(ascending: list[float], share: float) -> float:
    """The value below which `share` of them lie, between neighbours in proportion. Needs at least one."""
    position = share * (len(ascending) - 1)
    below = int(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (position - below)


class PeerSamples:
    """All round trips to one peer."""

    __slots__ = (
        "append_entries",
        "consecutive_errors",
        "install_snapshot",
        "last_contact_s",
        "recent",
        "request_vote",
    )

    def __init__(self) -> None:
        self.append_entries = Samples()
        self.request_vote = Samples()
        self.install_snapshot = Samples()
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.last_contact_s: float | None = None
        self.consecutive_errors = 0

    def record(self, address: str) -> PeerRecord:
        """The figures of now."""
        return PeerRecord(
            address,
            self.append_entries.record(),
            self.request_vote.record(),
            self.install_snapshot.record(),
            self._aggregated().record(),
            self.last_contact_s,
            self.consecutive_errors < ERRORS_TO_UNREACHABLE,
            self.consecutive_errors,
        )

    def _aggregated(self) -> Samples:
        """All kinds as one."""
        kinds = (self.append_entries, self.request_vote, self.install_snapshot)
        failed_s = [kind.last_error_at_s for kind in kinds if kind.last_error_at_s is not None]
        samples = Samples()
        samples.count = sum(kind.count for kind in kinds)
        samples.total_s = sum(kind.total_s for kind in kinds)
        samples.min_s = min(kind.min_s for kind in kinds)
        samples.max_s = max(kind.max_s for kind in kinds)
        samples.recent = self.recent
        samples.error_count = sum(kind.error_count for kind in kinds)
        samples.last_error_at_s = max(failed_s, default=None)
        return samples


class RoundTrips:
    """Requests on their way and those that came back, since the process started."""

    __slots__ = ("_peers", "_waiting")

    def __init__(self) -> None:
        self._peers: dict[str, PeerSamples] = {}
        self._waiting: dict[int, tuple[float, PeerSamples, Samples]] = {}

    def sent(self, request: Request, now: float) -> None:
        """A request went out."""
        peer = self._peers.get(request.receiver)
        if peer is None:
            peer = self._peers[request.receiver] = PeerSamples()
        if isinstance(request, AppendEntries):
            samples = peer.append_entries
        elif isinstance(request, RequestVote):
            samples = peer.request_vote
        else:
            samples = peer.install_snapshot
        self._waiting[request.number] = (now, peer, samples)

    def answered(self, reply: Reply, now: float) -> None:
        """An answer came: the first to its request counts, if it is in time."""
        waiting = self._waiting.pop(reply.number, None)
        if waiting is not None:
            sent_s, peer, samples = waiting
            took_s = now - sent_s
            samples.add(took_s)
            peer.recent.append(took_s)
            peer.last_contact_s = now
            peer.consecutive_errors = 0

    def expire(self, now: float) -> None:
        """Count what has waited too long as errors; call it now and then, before the figures are read too."""
        since = now - RPC_TIMEOUT_S
        expired = []
        for number, (sent_s, peer, samples) in self._waiting.items():
            if sent_s > since:
                break
            expired.append(number)
            if peer.last_contact_s is None or sent_s > peer.last_contact_s:
                peer.consecutive_errors += 1
            samples.fail(sent_s + RPC_TIMEOUT_S)
        for number in expired:
            del self._waiting[number]

    def record(self, addresses: dict[str, str]) -> dict[str, PeerRecord]:
        """The figures of now by peer, of those that have an address; sorted."""
        return {peer: self._peers[peer].record(addresses[peer]) for peer in sorted(self._peers) if peer in addresses}
