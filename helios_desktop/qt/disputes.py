"""Contradictions between observers in words: who says what, since when, and whom it concerns. Pure functions."""

from typing import Final

from helios_desktop.event import Disagreement, Dispute, Saying
from helios_desktop.qt.naming import title_of
from helios_desktop.qt.times import TimeStyle, clock_text, span_text
from helios_desktop.store.state import ClusterState, ObserverState, Role
from helios_desktop.store.verdict import Level, disagreement_text
from helios_desktop.words import _

MARK: Final = "≠"
_PROBLEMS: Final = frozenset({Dispute.TWO_LEADERS, Dispute.COMMIT_WENT_BACK})
"""What Raft rules out (paper, figure 3); the others may be mere delay."""


def level_of(one: Disagreement) -> Level:
    """How grave it is."""
    return Level.PROBLEM if one.kind in _PROBLEMS else Level.WARNING


def about_node(state: ClusterState, node: str) -> tuple[Disagreement, ...]:
    """Those in which this node says something, or of which it is the matter; the gravest first."""
    return tuple(
        one for one in state.disagreements if one.about == node or any(saying.node == node for saying in one.sayings)
    )


def lasting_text(one: Disagreement, now_ns: int) -> str:
    """`for 12 s`: how long it has lasted as far as we know."""
    return _("for {age}").format(age=_age(one.since_ns, now_ns))


def whole_text(one: Disagreement, state: ClusterState, now_ns: int, style: TimeStyle) -> str:
    """The sentence, and a line for each who says something: what, since when, and when lately."""
    lines = (_saying_text(saying, state, now_ns, style) for saying in one.sayings)
    return "\n".join((disagreement_text(one), *lines))


def two_leaders(state: ClusterState) -> tuple[int, tuple[str, ...]] | None:
    """The term that is claimed twice, and who is said to lead it; None where nobody contradicts the leader."""
    for one in state.disagreements:
        if one.kind is Dispute.TWO_LEADERS:
            named = {_named(state.observers.get(saying.observer)) for saying in one.sayings}
            return int(one.about), tuple(sorted(node for node in named if node is not None))
    return None


def claim_text(term: int, leaders: tuple[str, ...]) -> str:
    """`node1 and node3 both claim term 5`."""
    *others, last = leaders
    if len(others) == 1:
        return _("{one} and {other} both claim term {term}").format(one=others[0], other=last, term=term)
    return _("{some} and {last} all claim term {term}").format(some=", ".join(others), last=last, term=term)


def _named(observer: ObserverState | None) -> str | None:
    """Whom an observer takes for the leader."""
    if observer is None:
        return None
    if observer.role is not None and observer.role.value is Role.LEADER:
        return observer.node
    return None if observer.status is None else observer.status.value.leader_id


def _saying_text(saying: Saying, state: ClusterState, now_ns: int, style: TimeStyle) -> str:
    return _("{who}: {text}, since {since}, last told {age} ago").format(
        who=title_of(saying.observer, state),
        text=saying.text,
        since=clock_text(saying.since_ns, style),
        age=_age(saying.last_ns, now_ns),
    )


def _age(at_ns: int, now_ns: int) -> str:
    return span_text(max(0, now_ns - at_ns))
