"""One Raft server: the paper's figures 2 and 13, with the thesis's membership, transfer and quorum check.

Those are its sections 4, 3.10 and 6.2; voters are loyal to a leader whom they hear (4.2.3).
It knows no clock and no network: whoever runs it hands it messages and the time, calls `tick` when `deadline` has
come, and gets what it says through its `Host`.
"""

import random

from helios_gateway.simulation.host import Host, Timing
from helios_gateway.simulation.messages import (
    AppendEntries,
    AppendReply,
    Configuration,
    Entry,
    InstallSnapshot,
    Message,
    Put,
    RequestVote,
    Role,
    Snapshot,
    SnapshotReply,
    TimeoutNow,
    VoteReply,
)
from helios_gateway.simulation.progress import Leadership, Progress
from helios_gateway.simulation.storage import StateMachine, Storage


class Raft:
    """A running server, from its start to its stop; what outlives it is in `storage`.

    leader:     whom it takes for the leader of its term, "" if nobody
    deadline:   when `tick` is next due, in seconds like every `now`
    leadership: what it knows as a leader, None while it is not; a leader has one, whoever else has not
    """

    __slots__ = (
        "_host",
        "_last_heard_s",
        "_number",
        "_rng",
        "_snapshot_stagger",
        "_timeout_s",
        "_timing",
        "_votes",
        "_writing",
        "commit_index",
        "configuration",
        "deadline",
        "id",
        "last_applied",
        "leader",
        "leadership",
        "machine",
        "role",
        "storage",
    )

    def __init__(self, node: str, storage: Storage, host: Host, timing: Timing, rng: random.Random, now: float) -> None:
        self.id = node
        self.storage = storage
        self.machine = StateMachine(storage.snapshot)
        self.configuration = storage.configurations[-1][1]
        self.role = Role.FOLLOWER
        self.leader = ""
        self.leadership: Leadership | None = None
        self.commit_index = self.last_applied = storage.snapshot.index
        self._host = host
        self._timing = timing
        self._rng = rng
        self._votes: set[str] = set()
        self._last_heard_s = float("-inf")
        self._number = 0
        self._writing: Snapshot | None = None
        # Else all of them would write their snapshots at the same moment.
        self._snapshot_stagger = int(rng.uniform(0.0, 0.4) * timing.snapshot_every)
        self._timeout_s = 0.0
        self.deadline = 0.0
        self._wait(now)

    # What the world calls

    def tick(self, now: float) -> None:
        """`deadline` has come: a leader beats, anyone else who votes campaigns."""
        if self.leadership is not None:
            self._beat(self.leadership, now)
        elif self._may_campaign():
            self._campaign(now, is_transfer=False)
        else:
            self._wait(now)

    def receive(self, message: Message, now: float) -> None:
        """Act on a message."""
        if isinstance(message, AppendEntries):
            self._on_append_entries(message, now)
        elif isinstance(message, AppendReply):
            self._on_append_reply(message, now)
        elif isinstance(message, RequestVote):
            self._on_request_vote(message, now)
        elif isinstance(message, VoteReply):
            self._on_vote_reply(message, now)
        elif isinstance(message, InstallSnapshot):
            self._on_install_snapshot(message, now)
        elif isinstance(message, SnapshotReply):
            self._on_snapshot_reply(message, now)
        elif message.term == self.storage.term and self.leadership is None and self._may_campaign():
            self._campaign(now, is_transfer=True)

    def propose(self, put: Put) -> bool:
        """Append a client's request, to go out with the next heartbeat. False: ask the leader, or later."""
        if self.leadership is None or self.leadership.transfer_to:
            return False
        self.storage.append(Entry(self.storage.term, put))
        return True

    def change(self, *, voter: str, is_add: bool, now: float) -> bool:
        """Bring a voter in or out, one at a time; call again until it returns True: it is so, and committed.

        A new one gets the log first, without a vote. Calling it on a server that does not lead is harmless.
        """
        leadership = self.leadership
        if leadership is None or self.storage.configurations[-1][0] > self.commit_index:
            return False
        voters = self.configuration.voters
        if (voter in voters) == is_add:
            if not is_add:
                leadership.progress.pop(voter, None)
            return True
        # Without an entry of its own term committed, a leader may not know the newest configuration (the flaw that
        # the thesis's single-server change had at first).
        if self.storage.log.term_at(self.commit_index) != self.storage.term:
            return False
        if is_add:
            if voter not in leadership.progress:
                leadership.learn(voter, self.storage.log.last_index, now)
        elif len(voters) > 1:
            self._reconfigure(leadership, Configuration(tuple(v for v in voters if v != voter)), now)
        return False

    def transfer(self, target: str, now: float) -> None:
        """Hand leadership to `target`, a voter; given up after an election timeout. Only a leader can."""
        if self.leadership is not None and target in self.leadership.progress:
            self.leadership.transfer_to = target
            self.leadership.transfer_ends_s = now + self._timing.election_max_s
            self._replicate(self.leadership, self.leadership.progress[target], now)
            self._bid_to_campaign(self.leadership)

    def start_snapshot(self) -> bool:
        """Begin to write a snapshot. False: one is being written, or nothing was applied since the last."""
        if self._writing is not None or self.last_applied == self.storage.snapshot.index:
            return False
        index, machine = self.last_applied, self.machine
        self._writing = Snapshot(
            index,
            self.storage.log.term_at(index),
            self.storage.configuration_at(index),
            dict(machine.values),
            machine.size_bytes,
        )
        self._host.snapshot_started(self._writing)
        return True

    def finish_snapshot(self) -> int:
        """The disk has it: compact the log. Returns how many entries went; -1 if a leader's newer one came between."""
        snapshot, self._writing = self._writing, None
        if snapshot is None or snapshot.index <= self.storage.snapshot.index:
            return -1
        return self.storage.keep_snapshot(snapshot, self._timing.kept_entries)

    # Roles

    def _wait(self, now: float) -> None:
        """Draw an election timeout and start to wait for it (section 5.2)."""
        timing = self._timing
        self._timeout_s = self._rng.uniform(timing.election_min_s, timing.election_max_s)
        self.deadline = now + self._timeout_s

    def _become(self, role: Role) -> None:
        old, self.role = self.role, role
        if role is not Role.LEADER:
            self.leadership = None
        if old is not role:
            self._host.role_changed(old, role)

    def _follow(self, term: int, now: float) -> None:
        """Rules for all servers: a newer term, or a leader of this one, makes a follower."""
        if term > self.storage.term:
            self.storage.term = term
            self.storage.voted_for = ""
        self.leader = ""
        was_follower = self.role is Role.FOLLOWER
        self._become(Role.FOLLOWER)
        if not was_follower:
            self._wait(now)

    def _campaign(self, now: float, *, is_transfer: bool) -> None:
        storage, log = self.storage, self.storage.log
        storage.term += 1
        storage.voted_for = self.id
        self.leader = ""
        self._votes = {self.id}
        self._become(Role.CANDIDATE)
        self._wait(now)
        if self._has_won():
            self._lead(now)
            return
        for peer in self.configuration.voters:
            if peer != self.id:
                self._number += 1
                self._host.ask(
                    RequestVote(self.id, peer, storage.term, self._number, log.last_index, log.last_term, is_transfer)
                )

    def _lead(self, now: float) -> None:
        self.leader = self.id
        last_index = self.storage.log.last_index
        self.leadership = Leadership(
            {peer: Progress(peer, last_index + 1, now) for peer in self.configuration.voters if peer != self.id},
            now + self._timing.election_max_s,
        )
        self._become(Role.LEADER)
        self.storage.append(Entry(self.storage.term, None))
        self._beat(self.leadership, now)

    # Elections

    def _may_campaign(self) -> bool:
        """Whether it votes in its configuration, or did before one that may not be committed yet (thesis, 4.2.2).

        Where only the server that goes has that newest entry, nobody else could win.
        """
        at, newest = self.storage.configurations[-1]
        if self.id in newest.voters:
            return True
        return at > self.commit_index and self.id in self.storage.configurations[-2][1].voters

    def _has_won(self) -> bool:
        return len(self._votes.intersection(self.configuration.voters)) >= self.configuration.quorum

    def _on_request_vote(self, request: RequestVote, now: float) -> None:
        storage = self.storage
        if request.term > storage.term and (request.is_transfer or not self._hears_leader(now)):
            self._follow(request.term, now)
        is_granted = request.term == storage.term and self._may_vote(request)
        if is_granted:
            storage.voted_for = request.sender
            self.deadline = now + self._timeout_s
        self._host.post(VoteReply(self.id, request.sender, storage.term, request.number, is_granted))

    def _hears_leader(self, now: float) -> bool:
        return self.leadership is not None or now - self._last_heard_s < self._timing.election_min_s

    def _may_vote(self, request: RequestVote) -> bool:
        """RequestVote, rule 2: one vote a term, and only for a log at least as up to date as one's own (5.4.1)."""
        log = self.storage.log
        return self.storage.voted_for in ("", request.sender) and (request.last_term, request.last_index) >= (
            log.last_term,
            log.last_index,
        )

    def _on_vote_reply(self, reply: VoteReply, now: float) -> None:
        if reply.term > self.storage.term:
            self._follow(reply.term, now)
        elif self.role is Role.CANDIDATE and reply.term == self.storage.term and reply.is_granted:
            self._votes.add(reply.sender)
            if self._has_won():
                self._lead(now)

    # Replication: the leader

    def _beat(self, leadership: Leadership, now: float) -> None:
        self.deadline = now + self._timing.heartbeat_s
        if now >= leadership.quorum_check_s:
            since = now - self._timing.election_max_s
            if leadership.count_heard(self.configuration, self.id, since) < self.configuration.quorum:
                self._follow(self.storage.term, now)
                return
            leadership.quorum_check_s = now + self._timing.election_max_s
        for progress in leadership.progress.values():
            self._replicate(leadership, progress, now)
        if leadership.transfer_to:
            if now >= leadership.transfer_ends_s:
                leadership.transfer_to = ""
            self._bid_to_campaign(leadership)
        if self.configuration.voters == (self.id,):
            self._advance_commit(leadership, now)

    def _replicate(self, leadership: Leadership, progress: Progress, now: float) -> None:
        """Send what the follower lacks, as far as we know; it is taken for received until it says otherwise."""
        storage = self.storage
        log = storage.log
        prev_index = progress.next_index - 1
        entries: tuple[Entry, ...] = ()
        if prev_index == log.last_index:
            prev_term = log.last_term
        elif prev_index >= log.base_index:
            prev_term = log.term_at(prev_index)
            start = prev_index - log.base_index
            entries = tuple(log.entries[start : start + self._timing.batch])
            progress.next_index += len(entries)
        else:
            if now >= progress.snapshot_due_s:
                progress.snapshot_due_s = now + self._timing.election_max_s
                self._number += 1
                self._host.ask(InstallSnapshot(self.id, progress.peer, storage.term, self._number, storage.snapshot))
            # A heartbeat all the same: a follower that waits for a snapshot must not campaign.
            prev_index, prev_term = log.base_index, log.base_term
        self._number += 1
        self._host.ask(
            AppendEntries(
                self.id, progress.peer, storage.term, self._number, prev_index, prev_term, entries, self.commit_index
            )
        )

    def _on_append_reply(self, reply: AppendReply, now: float) -> None:
        storage, leadership = self.storage, self.leadership
        if reply.term != storage.term or leadership is None:
            if reply.term > storage.term:
                self._follow(reply.term, now)
            return
        progress = leadership.progress.get(reply.sender)
        if progress is None:
            return
        progress.last_heard_s = now
        if reply.is_success:
            if reply.index > progress.match_index:
                self._matched(leadership, progress, reply.index, now)
            if storage.log.last_index - progress.next_index >= self._timing.batch and self.leadership is leadership:
                self._replicate(leadership, progress, now)
        elif reply.index >= progress.match_index:
            progress.next_index = min(progress.next_index, reply.index + 1)
            if reply.index >= storage.log.base_index or now >= progress.snapshot_due_s:
                self._replicate(leadership, progress, now)

    def _on_snapshot_reply(self, reply: SnapshotReply, now: float) -> None:
        leadership = self.leadership
        if reply.term > self.storage.term:
            self._follow(reply.term, now)
        elif leadership is not None and reply.term == self.storage.term:
            progress = leadership.progress.get(reply.sender)
            if progress is not None:
                progress.last_heard_s = now
                progress.snapshot_due_s = now
                if reply.index > progress.match_index:
                    self._matched(leadership, progress, reply.index, now)

    def _matched(self, leadership: Leadership, progress: Progress, index: int, now: float) -> None:
        """A follower's log is known to match ours up to `index`."""
        progress.match_index = index
        if progress.next_index <= index:
            progress.next_index = index + 1
        if index > self.commit_index:
            self._advance_commit(leadership, now)
        if self.leadership is not leadership:
            return
        if 0 <= progress.round_ends_at <= index:
            self._finish_round(leadership, progress, now)
        if leadership.transfer_to:
            self._bid_to_campaign(leadership)

    def _advance_commit(self, leadership: Leadership, now: float) -> None:
        index = leadership.majority_match(self.configuration, self.id, self.storage.log.last_index)
        if index > self.commit_index and self._may_commit(index):
            self._commit(index)
            if self.id not in self.configuration.voters and self.storage.configurations[-1][0] <= index:
                # Removed itself: it led until that was committed (thesis, 4.2.2).
                self._follow(self.storage.term, now)

    def _may_commit(self, index: int) -> bool:
        """Only entries of the leader's own term are committed by counting (section 5.4.2, figure 8)."""
        return self.storage.log.term_at(index) == self.storage.term

    def _commit(self, index: int) -> None:
        log = self.storage.log
        batch = log.entries[self.last_applied - log.base_index : index - log.base_index]
        self.machine.apply(batch)
        self.commit_index = self.last_applied = index
        if self.leadership is not None:
            self._host.committed(batch)
        if index - self.storage.snapshot.index >= self._timing.snapshot_every + self._snapshot_stagger:
            self.start_snapshot()

    # Membership and transfer: the leader

    def _finish_round(self, leadership: Leadership, progress: Progress, now: float) -> None:
        """A new server has what the log held when the round began (thesis, 4.2.1).

        If that took less than an election timeout it may vote; else another round.
        """
        if now - progress.round_began_s >= self._timing.election_min_s:
            progress.begin_round(self.storage.log.last_index, now)
        elif self.storage.configurations[-1][0] <= self.commit_index:
            progress.round_ends_at = -1
            voters = tuple(sorted({*self.configuration.voters, progress.peer}))
            self._reconfigure(leadership, Configuration(voters), now)

    def _reconfigure(self, leadership: Leadership, configuration: Configuration, now: float) -> None:
        self.storage.append(Entry(self.storage.term, configuration))
        self._adopt_configuration()
        leadership.keep_only({*configuration.voters} - {self.id})
        for progress in leadership.progress.values():
            self._replicate(leadership, progress, now)

    def _adopt_configuration(self) -> None:
        old, new = self.configuration, self.storage.configurations[-1][1]
        if old != new:
            self.configuration = new
            self._host.configuration_changed(old, new)

    def _bid_to_campaign(self, leadership: Leadership) -> None:
        progress = leadership.progress.get(leadership.transfer_to)
        if progress is not None and progress.match_index == self.storage.log.last_index:
            self._host.post(TimeoutNow(self.id, progress.peer, self.storage.term))

    # Replication: the follower

    def _hear(self, term: int, sender: str, now: float) -> None:
        """A leader of this term or a newer one spoke."""
        if term > self.storage.term or self.role is not Role.FOLLOWER:
            self._follow(term, now)
        self.leader = sender
        self._last_heard_s = now
        self.deadline = now + self._timeout_s

    def _on_append_entries(self, request: AppendEntries, now: float) -> None:
        storage = self.storage
        log = storage.log
        if request.term < storage.term:
            self._answer_append(request, is_success=False, index=log.last_index)
            return
        if request.term == storage.term and self.role is Role.FOLLOWER:
            # What `_hear` does, without a call for each heartbeat.
            self.leader = request.sender
            self._last_heard_s = now
            self.deadline = now + self._timeout_s
        else:
            self._hear(request.term, request.sender, now)
        prev_index = request.prev_index
        if prev_index > log.last_index:
            self._answer_append(request, is_success=False, index=log.last_index)
            return
        if prev_index >= log.base_index and log.term_at(prev_index) != request.prev_term:
            self._answer_append(request, is_success=False, index=self._skip_term_back(prev_index))
            return
        match_index = prev_index + len(request.entries)
        if match_index > log.base_index and request.entries:
            self._take(request.entries, prev_index)
        if request.commit_index > self.commit_index:
            index = min(request.commit_index, match_index)
            if index > self.commit_index:
                self._commit(index)
        self._answer_append(request, is_success=True, index=match_index)

    def _take(self, entries: tuple[Entry, ...], prev_index: int) -> None:
        """AppendEntries, rules 3 and 4: only a conflict deletes what follows; what came before may come again."""
        storage, log = self.storage, self.storage.log
        configurations = len(storage.configurations)
        newest = storage.configurations[-1]
        new = 0
        for index, entry in enumerate(entries, prev_index + 1):
            if index > log.last_index:
                break
            if index > log.base_index and log.term_at(index) != entry.term:
                storage.truncate(index)
                break
            new += 1
        if new < len(entries):
            storage.extend(entries[new:])
        if len(storage.configurations) != configurations or storage.configurations[-1] is not newest:
            self._adopt_configuration()

    def _skip_term_back(self, index: int) -> int:
        """The last index before the whole conflicting term: the leader need not try each entry (section 5.3)."""
        log = self.storage.log
        term = log.term_at(index)
        while index > log.base_index and index > self.commit_index and log.term_at(index) == term:
            index -= 1
        return index

    def _answer_append(self, request: AppendEntries, *, is_success: bool, index: int) -> None:
        self._host.post(AppendReply(self.id, request.sender, self.storage.term, request.number, is_success, index))

    def _on_install_snapshot(self, request: InstallSnapshot, now: float) -> None:
        storage, snapshot = self.storage, request.snapshot
        if request.term >= storage.term:
            self._hear(request.term, request.sender, now)
            if snapshot.index > self.commit_index:
                forgotten = storage.install_snapshot(snapshot)
                self.machine = StateMachine(snapshot)
                self.commit_index = self.last_applied = snapshot.index
                self._host.snapshot_installed(snapshot, request.sender, forgotten)
                self._adopt_configuration()
        self._host.post(SnapshotReply(self.id, request.sender, storage.term, request.number, self.commit_index))
