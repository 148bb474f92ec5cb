"""Who led when, and how long nobody did: pure functions of the picture.

A stretch in which no gateway was heard is nobody's: who led then is not known, which is neither "led" nor "leaderless".
"""

from collections.abc import Iterator

from msgspec import Struct

from helios_desktop.store.state import ClusterState, LeadershipSpan


class Lead(Struct, frozen=True, gc=False):
    """A stretch of the cluster's life: `leader` led `term`; None with `is_known` is a leaderless one."""

    leader: str | None
    term: int | None
    since_ns: int
    until_ns: int
    is_known: bool = True

    @property
    def duration_ns(self) -> int:
        """How long it lasted."""
        return self.until_ns - self.since_ns


def leads(state: ClusterState) -> tuple[Lead, ...]:
    """Who led from when to when, oldest first, until `state.now_ns`; unknown stretches are cut out of it."""
    return tuple(lead for span in state.leaderships for lead in _cut(span, state))


def leader_at(state: ClusterState, at_ns: int) -> Lead | None:
    """Who led at that instant; None before anything was told of it."""
    return next((lead for lead in leads(state) if lead.since_ns <= at_ns < lead.until_ns), None)


def leaderless_ns(state: ClusterState, since_ns: int, until_ns: int) -> int:
    """How long, of that stretch, nobody is known to have led; what is unknown does not count."""
    return sum(_overlap(lead, since_ns, until_ns) for lead in leads(state) if lead.is_known and lead.leader is None)


def unknown_ns(state: ClusterState, since_ns: int, until_ns: int) -> int:
    """How long, of that stretch, no gateway was heard, so that nobody knows who led."""
    return sum(_overlap(lead, since_ns, until_ns) for lead in leads(state) if not lead.is_known)


def _overlap(lead: Lead, since_ns: int, until_ns: int) -> int:
    return max(0, min(lead.until_ns, until_ns) - max(lead.since_ns, since_ns))


def _cut(span: LeadershipSpan, state: ClusterState) -> Iterator[Lead]:
    at_ns, end_ns = span.since_ns, state.now_ns if span.until_ns is None else span.until_ns
    for gap in state.unheard:
        since_ns = max(gap.since_ns, at_ns)
        until_ns = min(state.now_ns if gap.until_ns is None else gap.until_ns, end_ns)
        if until_ns <= since_ns:
            continue
        if since_ns > at_ns:
            yield Lead(span.leader, span.term, at_ns, since_ns)
        yield Lead(None, None, since_ns, until_ns, is_known=False)
        at_ns = until_ns
    if end_ns > at_ns:
        yield Lead(span.leader, span.term, at_ns, end_ns)
