"""What a report draws and judges, gathered from the picture while it is folded through a range, run by run."""

from dataclasses import dataclass
from itertools import chain
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Gap
from helios_desktop.export.report_curves import Curves
from helios_desktop.export.report_lanes import Kind, Lane, Span
from helios_desktop.export.report_verdicts import Verdicts
from helios_desktop.store.leadership_spans import Lead, leads
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import STATUS_PERIOD_S, ClusterState, NodeState, Role

MOST_LANES: Final = 40
MOST_GAPS: Final = 500
_WORD_NS: Final = int(STATUS_PERIOD_S * 1_000_000_000)
_UNSETTLED_NS: Final = 30 * 1_000_000_000
"""That nobody was heard is known after the fact, but sooner than this."""

Range = tuple[int, int]
"""Its first instant, and the first one after it."""


@dataclass(frozen=True)
class Missed:
    """A stretch in which an observer missed something."""

    gap: Gap
    until_ns: int
    lasts: bool


class Gathered:
    """Call `begin` with each new state, `see` after each of its steps, `rest` now and then, and `end`."""

    def __init__(self, span: Range) -> None:
        self.span = span
        self.cluster = Lane("", *span)
        self.lanes: dict[str, Lane] = {}
        self.more_lanes: set[str] = set()
        self.curves = Curves(*span)
        self.verdicts = Verdicts()
        self.states: list[ClusterState] = []
        """The last state of each run."""
        self.observations = 0
        self._nodes: object = None
        self._led_ns = span[0]

    def begin(self, state: ClusterState, book: SeriesBook, at_ns: int, *, is_blank: bool) -> None:
        """What is known from `at_ns` on; `is_blank` where it is nothing yet."""
        self._nodes = None
        self._led_ns = at_ns
        self.curves.begin(book)
        if is_blank:
            self.verdicts.begin(at_ns)
        elif state.nodes:
            self.verdicts.see(state, at_ns)
        self._follow_nodes(state, at_ns)

    def jump(self, state: ClusterState, book: SeriesBook, at_ns: int) -> None:
        """Another picture of the same run, since something was missing between."""
        self.curves.begin(book)
        self.see(state, at_ns)

    def see(self, state: ClusterState, at_ns: int) -> None:
        """Take one step."""
        self.observations += 1
        if state.nodes is not self._nodes:
            self._follow_nodes(state, at_ns)

    def judge(self, state: ClusterState, at_ns: int) -> None:
        """Look at how the cluster does: each second, and where something notable was told."""
        self.verdicts.see(state, at_ns)

    def rest(self, state: ClusterState, book: SeriesBook) -> None:
        """Take what can wait, after a thousand steps at most."""
        self.settle(state, book, state.now_ns - _UNSETTLED_NS)

    def settle(self, state: ClusterState, book: SeriesBook, until_ns: int) -> None:
        """Take all that is known up to `until_ns`."""
        self.curves.take(book)
        self._follow_leads(state, until_ns)

    def end(self, state: ClusterState, book: SeriesBook, at_ns: int) -> None:
        """The run ends, or what is asked of it: nothing is known from `at_ns` on."""
        self.settle(state, book, at_ns)
        for lane in self.lanes.values():
            lane.leave(at_ns)
        self.verdicts.see(state, at_ns)
        self.verdicts.leave(at_ns)
        self.states.append(state)

    def not_recorded(self, since_ns: int, until_ns: int) -> None:
        """Nothing was recorded between these instants; what was before goes on only where it is told again."""
        for lane in chain((self.cluster,), self.lanes.values()):
            lane.leave(since_ns)
            lane.add(Span(Kind.UNRECORDED, since_ns, until_ns))
        self._nodes = None
        self._led_ns = max(self._led_ns, until_ns)

    def gaps(self) -> list[Missed]:
        """What observers missed within the range, oldest first; `MOST_GAPS` are enough to see how it was."""
        since_ns, until_ns = self.span
        found = []
        for state in self.states:
            for gap in state.gaps:
                end_ns = state.now_ns if gap.until_ns is None else gap.until_ns
                if gap.since_ns < until_ns and end_ns >= since_ns:
                    found.append(Missed(gap, end_ns, gap.until_ns is None))
        return sorted(found, key=lambda missed: missed.gap.since_ns)

    def _follow_nodes(self, state: ClusterState, at_ns: int) -> None:
        self._nodes = state.nodes
        for name in self.lanes.keys() - state.nodes.keys():
            self.lanes[name].leave(at_ns)
        for node in state.nodes.values():
            lane = self._lane(node.id)
            if lane is None:
                continue
            kind = _kind(node)
            if kind is Kind.LEADER:
                lane.enter(kind, at_ns, node.id, node.term)
            elif kind is Kind.SILENT and lane.kind is not Kind.UNREACHABLE and node.told_ns is not None:
                # Its last word holds until the next one was due, not until that was missed.
                lane.enter(kind, min(at_ns, node.told_ns + _WORD_NS))
            else:
                lane.enter(kind, at_ns)

    def _lane(self, name: str) -> Lane | None:
        lane = self.lanes.get(name)
        if lane is None:
            if len(self.lanes) >= MOST_LANES:
                if len(self.more_lanes) < MOST_GAPS:
                    self.more_lanes.add(name)
                return None
            lane = self.lanes[name] = Lane(name, *self.span)
        return lane

    def _follow_leads(self, state: ClusterState, until_ns: int) -> None:
        """Take who led from where it was taken last up to `until_ns`."""
        since_ns = self._led_ns
        if until_ns <= since_ns:
            return
        self._led_ns = until_ns
        # Of very many spans the latest alone, for the rest was taken.
        spans = tuple(one for one in state.leaderships if one.until_ns is None or one.until_ns > since_ns)
        unheard = tuple(one for one in state.unheard if one.until_ns is None or one.until_ns > since_ns)
        recent = replace(state, leaderships=spans, unheard=unheard, now_ns=max(state.now_ns, until_ns))
        for lead in leads(recent):
            if lead.until_ns > since_ns and lead.since_ns < until_ns:
                self.cluster.add(_span(lead, since_ns, until_ns))


def _span(lead: Lead, since_ns: int, until_ns: int) -> Span:
    known = Kind.LEADERLESS if lead.leader is None else Kind.LEADER
    kind = known if lead.is_known else Kind.SILENT
    who, term = lead.leader or "", lead.term if lead.leader is not None else None
    return Span(kind, max(lead.since_ns, since_ns), min(lead.until_ns, until_ns), who, term)


_KINDS: Final = {
    Role.LEADER: Kind.LEADER,
    Role.FOLLOWER: Kind.FOLLOWER,
    Role.CANDIDATE: Kind.CANDIDATE,
    Role.UNREACHABLE: Kind.UNREACHABLE,
    Role.UNKNOWN: Kind.UNKNOWN,
}


def _kind(node: NodeState) -> Kind:
    if node.role is Role.UNREACHABLE or node.is_reachable is False:
        return Kind.UNREACHABLE
    return Kind.SILENT if node.is_stale and node.told_ns is not None else _KINDS[node.role]
