"""What is known of one cluster: frozen facts, each with who told it and when.

Kept per observer and merged into one picture. `fold.py` makes a new state of an old one and an observation; a part
that did not change stays the same object, so that whoever draws compares by identity.
All `*_ns` instants are wall clock nanoseconds since the epoch, on the clock of this machine.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from msgspec import Struct

from helios_desktop.event import Disagreement, Event, Gap
from helios_desktop.observation import Cause, Observation, Phase
from helios_desktop.protocol.messages import (
    CustomMetrics,
    Latency,
    PeerLatency,
    Snapshot,
    Stats,
    Status,
    Uptime,
    UptimeHistory,
)
from helios_desktop.protocol.subscription import Topic

T = TypeVar("T")

STATUS_PERIOD_S: Final = 5.0
"""How often a gateway sends a status (guide, "Status Update")."""
STALE_AFTER_S: Final = 2 * STATUS_PERIOD_S + 1.0
"""Two missed beats, and a second for the network: from then on old data must not look live."""


class Role(StrEnum):
    """A node's role, or why it is not known (interface.md, rule 12)."""

    LEADER = "leader"
    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    UNREACHABLE = "unreachable"  # somebody said so, or it refuses connections; never guessed from mere silence
    UNKNOWN = "unknown"


class Told(Struct, Generic[T], frozen=True, gc=False):
    """A value and the observation that told it: whose, when (`received_ns`), and the raw text."""

    value: T
    observation: Observation

    @property
    def at_ns(self) -> int:
        """When it was received."""
        return self.observation.received_ns


class TopicState(Struct, frozen=True, gc=False):
    """One of the seven subscriptions of one observer.

    requested:    what our last `subscribe` said; a client that never subscribed gets all
    requested_ns: when we said so, None before the first
    is_confirmed: traffic (or, for a topic turned off, its absence for two of its periods) bore it out
    count:        messages since the session began
    rate_hz:      over the last ten seconds
    """

    requested: bool = True
    requested_ns: int | None = None
    is_confirmed: bool = False
    count: int = 0
    rate_hz: float = 0.0
    last_seen_ns: int | None = None


class Mark(Struct, frozen=True, gc=False):
    """How many messages had come by `at_ns`, of all topics and of each in the order of `Topic`: what rates are of."""

    at_ns: int
    messages: int
    counts: tuple[int, ...]


class Ledger(Struct, frozen=True, gc=False):
    """How good what one observer told is: counts since its session began.

    kinds:        messages by type, as received; the types beyond `MAX_KINDS` stand together under "other"
    unknown:      messages of a type that nobody knows
    unread:       messages of which a part was of a wrong type and was left out, so that it shows as not told
    out_of_order: messages that were older than what came before them, or came twice; nothing was taken from them
    missed_beats: statuses that should have come by the gateway's cadence and did not: an estimate, since only our own
                  gateway numbers its messages
    rest_answers, rest_failures: polls that were answered, and those of them that were refused
    pushed:       role, peer, snapshot and metric changes that the server told
    derived:      those that we concluded; joined: those that we concluded and the server told as well
    """

    kinds: Mapping[str, int] = MappingProxyType({})
    unknown: int = 0
    unread: int = 0
    out_of_order: int = 0
    missed_beats: int = 0
    rest_answers: int = 0
    rest_failures: int = 0
    pushed: int = 0
    derived: int = 0
    joined: int = 0


class ObserverState(Struct, frozen=True, gc=False):
    """All that one session told, and how it stands.

    node:       the node that its gateway speaks for; None before the first status
    since_ns:   when the phase was entered
    opened_ns:  when the present socket became live; None without one
    last_ns:    the last frame of any kind
    beat_ns:    the last status
    rtt_ns:     round trip of the last JSON ping; clock_offset_ns: server clock minus ours, by that pong
    is_stale:   live, but no status for `STALE_AFTER_S`, or not live at all
    is_silent:  a `node_silent` was told and no `node_heard` since
    messages, malformed, lost: counts since the session began; `lost` counts the holes found, each at least one message
    boot, seq:  the last seen of our gateway's envelope; seq is of this socket
    left_seq:   the last seen on the sockets before, until the first frame of this one says whether it goes on there
    is_catching_up: what comes was told while there was no connection, until a pong ends it
    marks:      of the last ticks, oldest first, for the rates
    term:       of the node, by status or state_change, whichever came last
    stamp:      the server's own timestamp of the last status, "" where it told none
    login_path: where its last login worked, "" before
    is_real:    it speaks the real gateway's dialect, in which most topics are never pushed (wire.md §3)
    history:    what its node did in its sessions, as REST told it
    raft_off:   the answer over REST that says that Raft is not enabled there
    reach:      what it told last of its calls to each peer, by status, push or REST
    commit_high: the highest commit index that its node told within this life of its process
    waits_ns:   since when each of its statuses tells of entries that wait to be committed; None where the last does not
    pushes:     texts of the last changes that were pushed, to know one that comes twice
    term_told, members_told: the term and the members of its last status, with the status that told them so first
    """

    name: str
    phase: Phase = Phase.IDLE
    cause: Cause = Cause.NONE
    detail: str = ""
    attempt: int = 0
    since_ns: int | None = None
    retry_at_ns: int | None = None
    token_expires_at_ns: int | None = None
    epoch: int = 0
    opened_ns: int | None = None
    last_ns: int | None = None
    beat_ns: int | None = None
    ping_ns: int | None = None
    rtt_ns: int | None = None
    clock_offset_ns: int | None = None
    is_stale: bool = True
    is_silent: bool = False
    messages: int = 0
    rate_hz: float = 0.0
    malformed: int = 0
    lost: int = 0
    boot: str | None = None
    seq: int | None = None
    left_seq: int | None = None
    is_catching_up: bool = False
    topics: Mapping[Topic, TopicState] = MappingProxyType({topic: TopicState() for topic in Topic})
    marks: tuple[Mark, ...] = ()
    node: str | None = None
    status: Told[Status] | None = None
    role: Told[Role] | None = None  # by status, state_change or the error of a node that is stopped, the last of them
    term: int | None = None
    latency: Told[Latency] | None = None
    uptime: Told[Uptime] | None = None
    snapshot: Told[Snapshot] | None = None
    metrics: Told[CustomMetrics] | None = None  # of the guide's dialect: all that were ever named, latest value each
    ledger: Ledger = Ledger()
    stamp: str = ""
    login_path: str = ""
    is_real: bool = False
    history: Told[UptimeHistory] | None = None
    raft_off: Told[str] | None = None
    reach: Told[Mapping[str, PeerLatency]] | None = None
    commit_high: Told[int] | None = None
    waits_ns: int | None = None
    pushes: tuple[str, ...] = ()
    term_told: Told[int] | None = None
    members_told: Told[frozenset[str]] | None = None


class NodeState(Struct, frozen=True, gc=False):
    """One member in the merged picture; None is "not told", never zero.

    role:       as its own observer tells it, else as the others do
    told_by:    the observer that `role`, `term` and the indices are from; "" where nobody told any
    told_ns:    when it did
    is_direct:  told by the node's own gateway
    is_stale:   role and term that stand here are old and must not look live
    own_ns:     when its own gateway last told indices, uptime and snapshot; None where nobody hears it
    is_own_stale: those are old, whatever others still tell of the node
    lag:        entries that the leader has committed and this node has not, by statuses of the same beat, or by
                the leader's match index; lag_ns: when the newer of the two was received
    latency:    AppendEntries round trips from the leader to this node; latency_ns: when told; None for the leader
    uptime_ns:  of this session as told, at `uptime_told_ns`
    history:    starts, stops, crashes and elections of its past, where REST told them
    is_reachable: as its own gateway or the leader says; None where neither does
    """

    id: str
    role: Role = Role.UNKNOWN
    address: str = ""
    term: int | None = None
    commit_index: int | None = None
    last_applied: int | None = None
    leader: str | None = None
    told_by: str = ""
    told_ns: int | None = None
    is_direct: bool = False
    is_stale: bool = True
    own_ns: int | None = None
    is_own_stale: bool = True
    lag: int | None = None
    lag_ns: int | None = None
    latency: Stats | None = None
    latency_ns: int | None = None
    uptime_ns: int | None = None
    uptime_told_ns: int | None = None
    history: UptimeHistory | None = None
    snapshot: Told[Snapshot] | None = None
    is_reachable: bool | None = None


class LeadershipSpan(Struct, frozen=True, gc=False):
    """Who led from when to when; `leader` None is a leaderless stretch, `until_ns` None lasts."""

    leader: str | None
    term: int | None
    since_ns: int
    until_ns: int | None = None


class Unheard(Struct, frozen=True, gc=False):
    """A stretch in which no observer told anything: who led then is not known. `until_ns` None lasts."""

    since_ns: int
    until_ns: int | None = None


RecentKey = tuple[str, str, str | int]
"""Type, whom it is about, and what became of it."""


class Recent(Struct, frozen=True, gc=False):
    """An event that may yet be told once more, by the other way.

    lacks: what the server left out of it, which a later status may fill in: "term", "address" or ""
    """

    event: Event
    lacks: str = ""


class ClusterState(Struct, frozen=True, gc=False):
    """The whole picture.

    now_ns:      when the last observation was made
    observers:   by name, in the order in which they came
    nodes:       members by id, sorted; a removed member leaves
    leader:      who leads as far as we know; None where nobody is known to
    leader_since_ns: since when we know it; None before the first
    term:        the highest term known
    leaderships: the latest spans, oldest first, at most `MAX_SPANS`; the last one lasts
    gaps:        the latest gaps, oldest first, at most `MAX_SPANS`; those that last have no end
    led_term:    the latest term that anybody led, 0 before the first
    commit_run:  how many statuses in a row moved the commit index, before it last stood still
    members:     ids of the members, by statuses and peer changes; `nodes` has one entry for each
    unreachable: members that are told to be out of reach, with the reason
    disagreements: the contradictions between observers that last, the gravest first
    unheard:     the latest stretches without any word, oldest first, at most `MAX_SPANS`
    recent:      the last events that a push or a status may complete, by happening
    last_tick:   the last tick; seconds that are missing after it were slept
    """

    now_ns: int = 0
    observers: Mapping[str, ObserverState] = MappingProxyType({})
    nodes: Mapping[str, NodeState] = MappingProxyType({})
    leader: str | None = None
    leader_since_ns: int | None = None
    term: int | None = None
    commit_index: int | None = None
    commit_moved_ns: int | None = None
    is_commit_stalled: bool = False
    leaderships: tuple[LeadershipSpan, ...] = ()
    gaps: tuple[Gap, ...] = ()
    led_term: int = 0
    commit_run: int = 0
    members: frozenset[str] = frozenset()
    unreachable: Mapping[str, Told[str]] = MappingProxyType({})
    disagreements: tuple[Disagreement, ...] = ()
    unheard: tuple[Unheard, ...] = ()
    recent: Mapping[RecentKey, Recent] = MappingProxyType({})
    last_tick: Observation | None = None


MAX_SPANS: Final = 2_000
MAX_KINDS: Final = 32
