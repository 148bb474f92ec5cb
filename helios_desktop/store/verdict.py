"""Is the cluster well? One line, and what it rests on."""

from enum import StrEnum

from msgspec import Struct

from helios_desktop.event import Disagreement, Dispute
from helios_desktop.observation import Phase
from helios_desktop.store.state import STALE_AFTER_S, ClusterState, NodeState, Role
from helios_desktop.words import _, ngettext

NS_PER_S = 1_000_000_000
STALE_AFTER_NS = round(STALE_AFTER_S * NS_PER_S)
LAG_WORTH_A_WORD = 1_000
"""Entries that a node is behind before the verdict speaks of it."""


class Level(StrEnum):
    """How well."""

    WELL = "well"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


class Verdict(Struct, frozen=True, gc=False):
    """`text` is one line for the eye, `reasons` are whole sentences, the gravest first; both translated."""

    level: Level
    text: str
    reasons: tuple[str, ...] = ()


class Count(Struct, frozen=True, gc=False):
    """Members in reach, out of reach, and those of whom nobody tells."""

    well: int
    lost: int
    untold: int

    @property
    def members(self) -> int:
        """All of them."""
        return self.well + self.lost + self.untold

    @property
    def quorum(self) -> int:
        """A majority of the voting members (Raft paper §5.2); every member that is told votes."""
        return self.members // 2 + 1


def is_picture_old(state: ClusterState, now_ns: int) -> bool:
    """True where nothing moved it for so long, not even a tick, that nothing in it may look live: nobody collects."""
    return now_ns - state.now_ns > STALE_AFTER_NS


def verdict(state: ClusterState, now_ns: int | None = None) -> Verdict:
    """Judge the merged picture. What is not told is said to be unknown, never taken for well.

    `now_ns` is the present, by default that of the picture: a picture that is old by then tells nothing of the present.
    """
    if not state.nodes:
        return Verdict(Level.UNKNOWN, _("Nothing is known of the cluster yet"))
    if now_ns is not None and is_picture_old(state, now_ns):
        last = _("The last that is known is {age} old.").format(age=_age(now_ns - state.now_ns))
        return Verdict(Level.UNKNOWN, _unheard(), (last,))
    reasons = _reasons(state)
    if all(observer.is_stale for observer in state.observers.values()) and not _is_told_unreachable(state):
        return Verdict(Level.UNKNOWN, _unheard(), reasons)
    count = count_members(state)
    if any(one.kind is Dispute.TWO_LEADERS for one in state.disagreements):
        return Verdict(Level.PROBLEM, _("Two leaders in one term: what is written may be lost"), reasons)
    if count.well + count.untold < count.quorum:
        return Verdict(Level.PROBLEM, _no_quorum(state, count), reasons)
    if state.leader is None:
        return _leaderless(state, count, reasons)
    if state.is_commit_stalled:
        moved_ns = state.now_ns if state.commit_moved_ns is None else state.commit_moved_ns
        text = _("Commits stand still for {age}").format(age=_age(state.now_ns - moved_ns))
        return Verdict(Level.PROBLEM, text, reasons)
    return _led(count, reasons, is_disputed=bool(state.disagreements))


def _unheard() -> str:
    return _("Unknown: nothing is heard from the cluster at present")


def _led(count: Count, reasons: tuple[str, ...], *, is_disputed: bool) -> Verdict:
    healthy = _healthy(count)
    if count.untold:
        untold = ngettext("{n} not told", "{n} not told", count.untold).format(n=count.untold)
        level = Level.WARNING if count.lost or is_disputed else Level.UNKNOWN
        return Verdict(level, _("{healthy}, {untold}").format(healthy=healthy, untold=untold), reasons)
    spare = count.well - count.quorum
    can_lose = ngettext("can lose {n}", "can lose {n}", spare).format(n=spare)
    outlook = can_lose if spare > 0 else _("can lose none")
    level = Level.WARNING if count.lost or is_disputed else Level.WELL
    return Verdict(level, _("{healthy}: {outlook}").format(healthy=healthy, outlook=outlook), reasons)


def _leaderless(state: ClusterState, count: Count, reasons: tuple[str, ...]) -> Verdict:
    since_ns = _leaderless_since_ns(state)
    is_electing = any(node.role is Role.CANDIDATE and not node.is_stale for node in state.nodes.values())
    if since_ns is None and not is_electing:
        # The real gateway's followers do not know their leader (wire.md §4, row 10).
        text = _("{healthy}, who leads is not told").format(healthy=_healthy(count))
        return Verdict(Level.UNKNOWN, text, reasons)
    if since_ns is None:
        return Verdict(Level.PROBLEM, _("No leader: an election is on"), reasons)
    age = _age(state.now_ns - since_ns)
    return Verdict(Level.PROBLEM, _("No leader for {age}").format(age=age), reasons)


def _no_quorum(state: ClusterState, count: Count) -> str:
    # Writes end with the leader or with the member that was one too many, whichever was lost first.
    lost_at = sorted(told.at_ns for told in state.unreachable.values())[count.members - count.quorum :]
    leaderless_ns = _leaderless_since_ns(state)
    since = [*lost_at[:1], *(() if leaderless_ns is None else (leaderless_ns,))]
    healthy = _healthy(count)
    if not since:
        return _("No quorum, writes have stopped: {healthy}").format(healthy=healthy)
    age = _age(state.now_ns - min(since))
    return _("No quorum, writes stopped {age} ago: {healthy}").format(healthy=healthy, age=age)


def _healthy(count: Count) -> str:
    return _("{n} of {total} healthy").format(n=count.well, total=count.members)


def _leaderless_since_ns(state: ClusterState) -> int | None:
    if state.leaderships and state.leaderships[-1].leader is None:
        return state.leaderships[-1].since_ns
    return None


def count_members(state: ClusterState) -> Count:
    """What the verdict rests on."""
    nodes = state.nodes.values()
    lost = sum(_is_lost(node) for node in nodes)
    well = sum(node.is_reachable is True and not _is_lost(node) for node in nodes)
    return Count(well, lost, len(nodes) - lost - well)


def _is_lost(node: NodeState) -> bool:
    return node.role is Role.UNREACHABLE or node.is_reachable is False


def _is_told_unreachable(state: ClusterState) -> bool:
    # Every node stopped: each gateway is heard, and says so.
    return (
        bool(state.nodes)
        and all(node.role is Role.UNREACHABLE for node in state.nodes.values())
        and any(observer.phase is Phase.LIVE for observer in state.observers.values())
    )


def _reasons(state: ClusterState) -> tuple[str, ...]:
    reasons = [disagreement_text(one) for one in state.disagreements]
    is_led_twice = any(one.kind is Dispute.TWO_LEADERS for one in state.disagreements)
    for node in state.nodes.values():
        told = state.unreachable.get(node.id)
        if told is not None:
            reasons.append(_("{node} is out of reach.").format(node=node.id))
        elif node.is_own_stale and node.own_ns is not None:
            age = _age(state.now_ns - node.own_ns)
            reasons.append(_("{node} was last heard {age} ago.").format(node=node.id, age=age))
        # Of two that lead one term, neither is the one that merely does not know yet.
        if node.role is Role.LEADER and node.id != state.leader and not node.is_stale and not is_led_twice:
            reasons.append(_("{node} still takes itself for the leader.").format(node=node.id))
        if node.lag is not None and node.lag >= LAG_WORTH_A_WORD and not node.is_stale:
            lag = ngettext("{node} is {n} entry behind.", "{node} is {n} entries behind.", node.lag)
            reasons.append(lag.format(node=node.id, n=node.lag))
    return tuple(reasons)


def disagreement_text(one: Disagreement) -> str:
    """A contradiction as one translated sentence: what it is, and who says what."""
    match one.kind:
        case Dispute.TWO_LEADERS:
            what = _("Two leaders in one term")
        case Dispute.TERMS_DIFFER:
            what = _("Nodes are in different terms")
        case Dispute.MEMBERS_DIFFER:
            what = _("Nodes list different members")
        case Dispute.COMMIT_WENT_BACK:
            what = _("A commit index went back")
    says = "; ".join(
        _("{node} says {text}").format(node=saying.node or saying.observer, text=saying.text) for saying in one.sayings
    )
    return _("{what}: {says}.").format(what=what, says=says)


def _age(duration_ns: int) -> str:
    seconds = max(0, duration_ns) // NS_PER_S
    if seconds < 60:
        return _("{n} s").format(n=seconds)
    if seconds < 3_600:
        return _("{m} min {s} s").format(m=seconds // 60, s=seconds % 60)
    return _("{h} h {m} min").format(h=seconds // 3_600, m=seconds % 3_600 // 60)
