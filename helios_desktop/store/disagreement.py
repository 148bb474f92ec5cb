"""Where observers of one cluster contradict each other, or one contradicts itself: who says what, since when.

Statuses of several gateways are told at different moments, so that a difference alone is none: it counts where each
said it again after the other had said otherwise. Two nodes that both say of themselves that they lead one term need no
such grace, since Raft rules them out; but a follower may name its leader of the last term for a moment.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from helios_desktop.event import Disagreement, Dispute, Saying
from helios_desktop.store.leadership import UNHEARD
from helios_desktop.store.state import ClusterState, ObserverState, Role, Told

GRACE_NS: Final = 1_000_000_000
"""What one node did may take so long to reach another: ten heartbeats of the real gateway."""
NAMED_MEMBERS: Final = 12


def find(state: ClusterState) -> tuple[Disagreement, ...]:
    """What is contradicted now, the gravest first; what lasted before keeps its beginning."""
    heard = [observer for observer in state.observers.values() if _is_heard(observer)]
    if not state.disagreements and not _may_differ(heard):
        return ()
    known = {(before.kind, before.about): before.since_ns for before in state.disagreements}
    found = (*_two_leaders(heard), *_commits(heard), *_terms(heard, state), *_members(heard, state))
    return tuple(
        Disagreement(kind, about, known.get((kind, about), state.now_ns), sayings) for kind, about, sayings in found
    )


_Found = tuple[Dispute, str, tuple[Saying, ...]]


def _is_heard(observer: ObserverState) -> bool:
    # What was told while there was no connection is of then, and contradicts nobody now.
    if observer.is_stale or observer.is_catching_up or observer.status is None or observer.phase in UNHEARD:
        return False
    return observer.role is None or observer.role.value is not Role.UNREACHABLE


def _may_differ(heard: Iterable[ObserverState]) -> bool:
    """A quick look at what nearly always is so: all say the same, and nobody went back."""
    first: ObserverState | None = None
    for observer in heard:
        if _has_gone_back(observer):
            return True
        if first is None:
            first = observer
        elif (
            observer.term_told is None
            or first.term_told is None
            or observer.members_told is None
            or first.members_told is None
            or observer.term_told.value != first.term_told.value
            or observer.members_told.value != first.members_told.value
            or _names(observer) != _names(first)
        ):
            return True
    return False


def _names(observer: ObserverState) -> str | None:
    """Whom it takes for the leader."""
    if observer.role is not None and observer.role.value is Role.LEADER:
        return observer.node
    return None if observer.status is None else observer.status.value.leader_id


def _has_gone_back(observer: ObserverState) -> bool:
    status, high = observer.status, observer.commit_high
    index = None if status is None else status.value.commit_index
    return high is not None and index is not None and index < high.value


def _two_leaders(heard: Iterable[ObserverState]) -> Iterator[_Found]:
    by_term: dict[int, dict[str, list[Saying]]] = {}
    for observer in heard:
        claim = _claim(observer)
        if claim is not None:
            term, leader, saying = claim
            by_term.setdefault(term, {}).setdefault(leader, []).append(saying)
    for term, by_leader in sorted(by_term.items(), reverse=True):
        if sum(_is_sure(leader, by_leader) for leader in by_leader) > 1:
            sayings = tuple(saying for leader in sorted(by_leader) for saying in by_leader[leader])
            yield Dispute.TWO_LEADERS, str(term), sayings


def _is_sure(leader: str, by_leader: Mapping[str, list[Saying]]) -> bool:
    """True where it says so itself, or others still say so after another claim was there to be heard of."""
    others_ns = min(
        (saying.since_ns for other, told in by_leader.items() if other != leader for saying in told), default=0
    )
    return any(saying.node == leader or saying.last_ns >= others_ns + GRACE_NS for saying in by_leader[leader])


def _claim(observer: ObserverState) -> tuple[int, str, Saying] | None:
    if observer.role is None or observer.status is None or observer.node is None or not observer.term:
        return None
    if observer.role.value is Role.LEADER:
        text = f"it leads term {observer.term}"
        return observer.term, observer.node, _say(observer, text, observer.role)
    status = observer.status.value
    named, term = status.leader_id, status.term
    if named is None or not term or named == observer.node or observer.role.value is not Role.FOLLOWER:
        return None
    return term, named, _say(observer, f"{named} leads term {term}", observer.term_told or observer.status)


def _commits(heard: Iterable[ObserverState]) -> Iterator[_Found]:
    for observer in heard:
        status, high = observer.status, observer.commit_high
        if status is not None and high is not None and observer.node is not None and _has_gone_back(observer):
            earlier = _say(observer, f"commit index {high.value}", high, last_ns=high.at_ns)
            now = _say(observer, f"commit index {status.value.commit_index} after that", status)
            yield Dispute.COMMIT_WENT_BACK, observer.node, (earlier, now)


def _terms(heard: Iterable[ObserverState], state: ClusterState) -> Iterator[_Found]:
    told = [
        (observer, observer.term_told)
        for observer in heard
        # Who was removed may go on alone, from term to term.
        if observer.term_told is not None and observer.node in state.members
    ]
    highest = max((term.value for _observer, term in told), default=0)
    first_ns = min((term.at_ns for _observer, term in told if term.value == highest), default=0)
    behind = [observer for observer, term in told if term.value < highest and _last_ns(observer) >= first_ns + GRACE_NS]
    if behind:
        sayings = tuple(
            _say(observer, f"term {term.value}", term)
            for observer, term in told
            if term.value == highest or observer in behind
        )
        yield Dispute.TERMS_DIFFER, "", sayings


def _members(heard: Iterable[ObserverState], state: ClusterState) -> Iterator[_Found]:
    told = [
        (observer, observer.members_told)
        for observer in heard
        # Who was removed may not know it yet.
        if observer.members_told is not None and observer.node in state.members
    ]
    if any(
        mine.value != yours.value
        and _last_ns(one) >= yours.at_ns + GRACE_NS
        and _last_ns(other) >= mine.at_ns + GRACE_NS
        for (one, mine), (other, yours) in combinations(told, 2)
    ):
        sayings = tuple(_say(observer, f"members {_listing(members.value)}", members) for observer, members in told)
        yield Dispute.MEMBERS_DIFFER, "", sayings


def _last_ns(observer: ObserverState) -> int:
    return 0 if observer.status is None else observer.status.at_ns


def _say(observer: ObserverState, text: str, told: Told[Any], last_ns: int | None = None) -> Saying:
    latest_ns = max(told.at_ns, _last_ns(observer)) if last_ns is None else last_ns
    return Saying(observer.name, observer.node or "", text, told.at_ns, latest_ns, told.observation)


def _listing(members: frozenset[str]) -> str:
    names = sorted(members)
    shown = ", ".join(names[:NAMED_MEMBERS])
    return shown if len(names) <= NAMED_MEMBERS else f"{shown} and {len(names) - NAMED_MEMBERS} more"


def by_key(disagreements: Iterable[Disagreement]) -> Mapping[tuple[Dispute, str], Disagreement]:
    """Which contradiction each of them is, whoever says what in it by now."""
    return {(one.kind, one.about): one for one in disagreements}
