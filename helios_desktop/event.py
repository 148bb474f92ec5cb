"""What an observation means: one fact on the timeline, received or derived.

`docs/events.md` lists every type with its keys and its one severity.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from helios_desktop.observation import Cause, Observation, Phase
from helios_desktop.protocol.messages import (
    Body,
)
from helios_desktop.protocol.subscription import Topic


class Severity(IntEnum):
    """How much a type asks for attention, rising."""

    INFO = 0
    NOTICE = 1
    WARNING = 2
    PROBLEM = 3


class ConnectionEvent(Struct, frozen=True, gc=False):
    """`connection`, `connection_lost`, `connection_refused`: a session entered another phase."""

    phase: Phase
    cause: Cause
    detail: str
    attempt: int
    retry_at_ns: int | None


class Gap(Struct, frozen=True, gc=False):
    """A stretch of time in which something was, or may have been, missed. A fact of the state and an event.

    topic:    None where all of them are missing
    lost:     how many messages, where the gateway told it; None where it did not. 0 of "disconnected": it went on
              from where it was, so that all came, only later
    until_ns: None while it lasts
    """

    observer: str
    cause: str  # "disconnected", "lost" or "topic_off"
    since_ns: int
    until_ns: int | None = None
    topic: Topic | None = None
    lost: int | None = None


class LeaderChange(Struct, frozen=True, gc=False):
    """`leader_change`: another node leads, or the same one a later term. `old_leader` None: none was known."""

    old_leader: str | None
    new_leader: str
    term: int | None


class LeaderLost(Struct, frozen=True, gc=False):
    """`leader_lost`: nobody whom we hear leads any more."""

    leader: str
    term: int | None
    reason: str


class TermChange(Struct, frozen=True, gc=False):
    """`term_change`: the highest term known of the cluster rose."""

    old_term: int
    new_term: int


class NodeReach(Struct, frozen=True, gc=False):
    """`peer_unreachable`, `peer_reachable`, `node_silent`, `node_heard`: a node went out of reach or came back."""

    node_id: str
    reason: str
    since_ns: int | None = None


class NodeRestarted(Struct, frozen=True, gc=False):
    """`node_restarted`: its uptime went back. In nanoseconds."""

    node_id: str
    old_uptime_ns: int
    new_uptime_ns: int


class CommitProgress(Struct, frozen=True, gc=False):
    """`commit_stalled`, `commit_resumed`: the cluster's commit index stands still although entries wait, or moves."""

    commit_index: int
    stalled_ns: int


class NodeCrashed(Struct, frozen=True, gc=False):
    """`node_crashed`: its gateway counts one more crash, found when the process came up again."""

    node_id: str
    old_crashes: int
    new_crashes: int


class Slept(Struct, frozen=True, gc=False):
    """`slept`: no second was counted for so long: this machine slept, or the program stood still."""

    since_ns: int
    until_ns: int


class Saying(Struct, frozen=True, gc=False):
    """What one observer says in a disagreement: `text` in plain English, since and lately when it said so."""

    observer: str
    node: str
    text: str
    since_ns: int
    last_ns: int
    observation: Observation


class Dispute(StrEnum):
    """What observers of one cluster can disagree about; also the type of the event that tells it."""

    TWO_LEADERS = "two_leaders"  # two leaders in one term, which Raft rules out (paper, figure 3: election safety)
    TERMS_DIFFER = "terms_differ"  # a node is in another term than the rest, although asked later
    MEMBERS_DIFFER = "members_differ"  # nodes list different members
    COMMIT_WENT_BACK = "commit_went_back"  # a node's commit index fell within one life of its process


class Disagreement(Struct, frozen=True, gc=False):
    """A contradiction between observers, or of one with itself, while it lasts. A fact of the state and an event.

    about:    what distinguishes it from others of its kind: the term, the node; "" where there can be but one
    sayings:  who says what, by observer; two at least
    until_ns: None while it lasts; then it is the fact of `agreement`
    """

    kind: Dispute
    about: str
    since_ns: int
    sayings: tuple[Saying, ...]
    until_ns: int | None = None


Fact = (
    Body
    | ConnectionEvent
    | Gap
    | LeaderChange
    | LeaderLost
    | TermChange
    | NodeReach
    | NodeRestarted
    | NodeCrashed
    | CommitProgress
    | Slept
    | Disagreement
)


class Event(Struct, frozen=True, gc=False):
    """One row of the timeline.

    type:        as received; `malformed` for a frame that is no message; else a type of our own
    at_ns:       its place on the time axis: when the observation that told it was received
    timestamp:   the server's own text, "" where there is none
    observer:    who told it
    node:        whom it is about, "" for the cluster or the connection
    observation: what told it; the raw text is there
    evidence:    of a derived event, the observations that it follows from, oldest first: the last that was otherwise,
                 and the one that showed it. Of a pushed one, those that completed it. Empty for all others
    after_ns:    of a derived event: it happened after this instant and until `at_ns`; None where nothing bounds it
    completes:   the earlier event of the same happening whose place this one takes: shown once, told by two
    is_pushed:   a server said so, be it after we had derived it
    """

    type: str
    at_ns: int
    timestamp: str
    observer: str
    node: str
    body: Fact
    observation: Observation
    evidence: tuple[Observation, ...] = ()
    after_ns: int | None = None
    completes: "Event | None" = None
    is_pushed: bool = False

    @property
    def is_derived(self) -> bool:
        """True where no server said so, but we conclude it."""
        return bool(self.evidence) and not self.is_pushed

    @property
    def severity(self) -> Severity:
        """That of its type."""
        return severity_of(self.type)


def keep(events: list[Event], told: Iterable[Event]) -> None:
    """Append what was told; what completes an earlier event takes the place of that one."""
    for event in told:
        place = len(events)
        if event.completes is not None:
            place = next((at for at in range(place - 1, -1, -1) if events[at] is event.completes), place)
        events[place : place + 1] = [event]


SEVERITIES: Final[dict[str, Severity]] = {
    "status": Severity.INFO,
    "status_update": Severity.INFO,
    "state_change": Severity.NOTICE,
    "peer_change": Severity.NOTICE,
    "latency": Severity.INFO,
    "uptime": Severity.INFO,
    "snapshot": Severity.INFO,
    "custom_metrics": Severity.INFO,
    "error": Severity.WARNING,
    "pong": Severity.INFO,
    "malformed": Severity.WARNING,
    "connection": Severity.INFO,
    "connection_lost": Severity.PROBLEM,
    "connection_refused": Severity.PROBLEM,
    "gap": Severity.WARNING,
    "leader_change": Severity.NOTICE,
    "leader_lost": Severity.PROBLEM,
    "term_change": Severity.NOTICE,
    "peer_unreachable": Severity.PROBLEM,
    "peer_reachable": Severity.NOTICE,
    "node_silent": Severity.WARNING,
    "node_heard": Severity.NOTICE,
    "node_restarted": Severity.WARNING,
    "node_crashed": Severity.PROBLEM,
    "slept": Severity.WARNING,
    "two_leaders": Severity.PROBLEM,
    "terms_differ": Severity.WARNING,
    "members_differ": Severity.WARNING,
    "commit_went_back": Severity.PROBLEM,
    "agreement": Severity.NOTICE,
    "commit_stalled": Severity.PROBLEM,
    "commit_resumed": Severity.NOTICE,
}


def severity_of(event_type: str) -> Severity:
    """One severity a type; a type that nobody knows is a notice."""
    return SEVERITIES.get(event_type, Severity.NOTICE)
