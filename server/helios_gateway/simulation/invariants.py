"""The five safety properties of the Raft paper's figure 3, looked at from outside, with all servers in sight."""

from typing import Final

from helios_gateway.simulation.cluster import Cluster
from helios_gateway.simulation.messages import Configuration, Entry, Snapshot
from helios_gateway.simulation.raft import Raft
from helios_gateway.simulation.server import Server
from helios_gateway.simulation.storage import Log, StateMachine

_EMPTY: Final = Snapshot(0, 0, Configuration(()), {}, 0)


class ViolationError(AssertionError):
    """Raft is broken: `law` names the property as figure 3 does."""

    def __init__(self, law: str, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


class _Seen:
    """A server as it was after the last step."""

    __slots__ = ("base_index", "commit_index", "entries", "led_term", "raft", "snapshot")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.base_index = 0
        self.raft: Raft | None = None
        self.led_term = 0
        self.commit_index = 0
        self.snapshot: Snapshot | None = None


class Safety:
    """Give it to a simulation as `inspect`, from its start: it raises `ViolationError` at the step that breaks a law.

    committed: every entry that a leader ever committed; the one with index 1 is the first
    """

    def __init__(self) -> None:
        self.committed: list[Entry] = []
        self._commit_terms: list[int] = []
        self._leaders: dict[int, str] = {}
        self._entries: dict[tuple[int, int], tuple[Entry, int]] = {}
        self._seen: dict[str, _Seen] = {}
        self._replayed = StateMachine(_EMPTY)
        self._replayed_index = 0

    def __call__(self, cluster: Cluster) -> None:
        """Look at everyone, after a step."""
        for server in cluster.servers.values():
            seen = self._seen.get(server.id)
            if seen is None:
                seen = self._seen[server.id] = _Seen()
            self._look(server, seen, cluster)

    def replay(self, index: int) -> StateMachine:
        """The state machine after the committed entries up to `index`; leave it as it is."""
        if index < self._replayed_index:
            self._replayed, self._replayed_index = StateMachine(_EMPTY), 0
        self._replayed.apply(self.committed[self._replayed_index : index])
        self._replayed_index = index
        return self._replayed

    def _look(self, server: Server, seen: _Seen, cluster: Cluster) -> None:
        raft, storage, log = server.raft, server.storage, server.storage.log
        if raft is not seen.raft:
            seen.raft, seen.led_term, seen.commit_index = raft, 0, 0
        if log.base_index != seen.base_index or log.entries != seen.entries:
            first_new = self._check_append_only(server, seen)
            self._check_matching(server.id, log, first_new)
            seen.commit_index = min(seen.commit_index, first_new - 1)
            seen.entries, seen.base_index = log.entries.copy(), log.base_index
        if raft is not None:
            if raft.leadership is None:
                seen.led_term = 0
            elif seen.led_term != storage.term:
                seen.led_term = storage.term
                self._check_election(server.id, log, storage.term)
            if raft.commit_index > seen.commit_index:
                self._check_commits(server.id, raft, seen.commit_index, cluster)
                seen.commit_index = raft.commit_index
        if storage.snapshot is not seen.snapshot:
            seen.snapshot = storage.snapshot
            self._check_snapshot(server.id, storage.snapshot)

    def _check_append_only(self, server: Server, seen: _Seen) -> int:
        """Leader Append-Only. Returns the first index whose entry was not there before."""
        log, old = server.storage.log, seen.entries
        index = max(log.base_index, seen.base_index) + 1
        old_last = seen.base_index + len(old)
        end = min(log.last_index, old_last)
        while index <= end and log.entry_at(index) == old[index - seen.base_index - 1]:
            index += 1
        leads = server.raft is not None and server.raft.leadership is not None
        is_same_leader = leads and seen.led_term == server.storage.term
        if is_same_leader and index <= old_last and old_last > log.base_index:
            raise ViolationError("Leader Append-Only", f"{server.id} changed its entry {index} while it led")
        return index

    def _check_matching(self, node: str, log: Log, first_new: int) -> None:
        """Log Matching: by induction, when each (index, term) is one entry that follows one term everywhere."""
        for index in range(first_new, log.last_index + 1):
            entry, prev_term = log.entry_at(index), log.term_at(index - 1)
            known = self._entries.setdefault((index, entry.term), (entry, prev_term))
            if known != (entry, prev_term):
                raise ViolationError("Log Matching", f"{node} holds another entry {index} of term {entry.term}")

    def _check_election(self, node: str, log: Log, term: int) -> None:
        """Election Safety, and Leader Completeness for what earlier terms committed."""
        other = self._leaders.setdefault(term, node)
        if other != node:
            raise ViolationError("Election Safety", f"{other} and {node} both lead term {term}")
        for index in range(log.base_index + 1, len(self.committed) + 1):
            if self._commit_terms[index - 1] < term:
                self._check_holds(node, log, index, term)

    def _check_holds(self, node: str, log: Log, index: int, term: int) -> None:
        if index > log.last_index or (index > log.base_index and log.entry_at(index) != self.committed[index - 1]):
            raise ViolationError("Leader Completeness", f"{node} leads term {term} without committed entry {index}")

    def _check_commits(self, node: str, raft: Raft, before: int, cluster: Cluster) -> None:
        """State Machine Safety: nobody applies another entry at an index; a leader's new ones join the record."""
        log = raft.storage.log
        if raft.commit_index > log.last_index:
            raise ViolationError("State Machine Safety", f"{node} lost entry {raft.commit_index}, which it had applied")
        for index in range(max(before, log.base_index) + 1, raft.commit_index + 1):
            entry = log.entry_at(index)
            if index <= len(self.committed):
                if entry != self.committed[index - 1]:
                    raise ViolationError("State Machine Safety", f"{node} applied another entry {index}")
                continue
            self.committed.append(entry)
            self._commit_terms.append(raft.storage.term)
            for other in cluster.leaders():
                if other.storage.term > raft.storage.term:
                    self._check_holds(other.id, other.storage.log, index, other.storage.term)
        if raft.commit_index > len(self.committed):
            raise ViolationError("State Machine Safety", f"{node} applied entry {raft.commit_index} before any leader")

    def _check_snapshot(self, node: str, snapshot: Snapshot) -> None:
        """State Machine Safety: a snapshot is what the committed entries make."""
        index = snapshot.index
        if index == 0:
            return
        is_known = index <= len(self.committed) and self.committed[index - 1].term == snapshot.term
        if not is_known or self.replay(index).values != snapshot.values:
            raise ViolationError("State Machine Safety", f"{node} has a snapshot of {index} that nobody committed so")
