"""What only a leader knows: how far each follower is (Raft paper, figure 2, volatile state on leaders)."""

from helios_gateway.simulation.messages import Configuration


class Progress:
    """A follower, or a new server that gets the log before it may vote.

    last_heard_s:   when it last answered an AppendEntries or InstallSnapshot of this term
    snapshot_due_s: before that no second snapshot goes out; the first may still be on its way
    round_ends_at:  of a new server, the index that ends its round of catching up (thesis, 4.2.1); -1 for a voter
    """

    __slots__ = (
        "last_heard_s",
        "match_index",
        "next_index",
        "peer",
        "round_began_s",
        "round_ends_at",
        "snapshot_due_s",
    )

    def __init__(self, peer: str, next_index: int, now: float) -> None:
        self.peer = peer
        self.next_index = next_index
        self.match_index = 0
        self.last_heard_s = now
        self.snapshot_due_s = now
        self.round_began_s = now
        self.round_ends_at = -1

    def begin_round(self, last_index: int, now: float) -> None:
        """It shall get the log up to `last_index`."""
        self.round_began_s = now
        self.round_ends_at = last_index


class Leadership:
    """One leader's knowledge, for one term.

    quorum_check_s:  when it next asks itself whether a majority still answers
    transfer_to:     to whom it is handing over, "" if to nobody; while it does, it takes no requests
    transfer_ends_s: when it gives that up
    """

    __slots__ = ("progress", "quorum_check_s", "transfer_ends_s", "transfer_to")

    def __init__(self, progress: dict[str, Progress], quorum_check_s: float) -> None:
        self.progress = progress
        self.quorum_check_s = quorum_check_s
        self.transfer_to = ""
        self.transfer_ends_s = 0.0

    def learn(self, peer: str, last_index: int, now: float) -> None:
        """Begin to bring a new server up to date; replaces another that was being brought."""
        self.keep_only({peer for peer, progress in self.progress.items() if progress.round_ends_at < 0})
        self.progress[peer] = progress = Progress(peer, last_index + 1, now)
        progress.begin_round(last_index, now)

    def keep_only(self, peers: set[str]) -> None:
        """Forget all others."""
        for peer in [peer for peer in self.progress if peer not in peers]:
            del self.progress[peer]
        if self.transfer_to not in self.progress:
            self.transfer_to = ""

    def majority_match(self, configuration: Configuration, leader: str, last_index: int) -> int:
        """The highest index that a majority of the voters has."""
        progress = self.progress
        matches = sorted(
            [last_index if voter == leader else progress[voter].match_index for voter in configuration.voters]
        )
        return matches[len(matches) - configuration.quorum]

    def count_heard(self, configuration: Configuration, leader: str, since_s: float) -> int:
        """How many voters answered since then, the leader among them."""
        return sum(voter == leader or self.progress[voter].last_heard_s >= since_s for voter in configuration.voters)
