"""What Raft servers tell each other: the RPCs of the paper's figures 2 and 13, and what their logs hold.

Every request carries `number`, which its answer repeats, so that a round trip can be timed and a duplicate told.
"""

from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """A server's state (Raft paper, figure 4), spelt as the guide does."""

    FOLLOWER = "Follower"
    CANDIDATE = "Candidate"
    LEADER = "Leader"


class Put(Struct, frozen=True, gc=False):
    """A client's request: `key` gets a value of `size_bytes`. `number` is unique in a simulation."""

    number: int
    key: int
    size_bytes: int


class Configuration(Struct, frozen=True):
    """Who votes, sorted. In a log it holds from the moment it is appended (Raft thesis, 4.1)."""

    voters: tuple[str, ...]

    @property
    def quorum(self) -> int:
        """How many of the voters are a majority."""
        return len(self.voters) // 2 + 1


class Entry(Struct, frozen=True, gc=False):
    """One entry of a log. No command: what a new leader appends first, to commit what came before it."""

    term: int
    command: Put | Configuration | None


class Snapshot(Struct, frozen=True):
    """The state machine after `index`, and what the log needs to go on from there (figure 13).

    values: the newest request of each key; whoever holds a snapshot must not change it
    """

    index: int
    term: int
    configuration: Configuration
    values: dict[int, Put]
    size_bytes: int


class AppendEntries(Struct, frozen=True, gc=False):
    """Replicates entries; without any, a heartbeat."""

    sender: str
    receiver: str
    term: int
    number: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit_index: int


class AppendReply(Struct, frozen=True, gc=False):
    """The answer. `index`: on success up to where the logs match, else where the leader may look for a match."""

    sender: str
    receiver: str
    term: int
    number: int
    is_success: bool
    index: int


class RequestVote(Struct, frozen=True, gc=False):
    """Asks for a vote. `is_transfer`: the leader itself wished it, so that voters need not stand by it."""

    sender: str
    receiver: str
    term: int
    number: int
    last_index: int
    last_term: int
    is_transfer: bool


class VoteReply(Struct, frozen=True, gc=False):
    """The answer."""

    sender: str
    receiver: str
    term: int
    number: int
    is_granted: bool


class InstallSnapshot(Struct, frozen=True, gc=False):
    """For a follower that needs entries which the leader's log no longer has. One message carries it whole."""

    sender: str
    receiver: str
    term: int
    number: int
    snapshot: Snapshot


class SnapshotReply(Struct, frozen=True, gc=False):
    """The answer: the follower has everything up to `index`."""

    sender: str
    receiver: str
    term: int
    number: int
    index: int


class TimeoutNow(Struct, frozen=True, gc=False):
    """The leader bids a follower to campaign at once (Raft thesis, 3.10)."""

    sender: str
    receiver: str
    term: int


Request = AppendEntries | RequestVote | InstallSnapshot
Reply = AppendReply | VoteReply | SnapshotReply
Message = Request | Reply | TimeoutNow
