"""What happened, as a person on call would tell it: events in their order made into few lines."""

from typing import Final, TypeGuard

from helios_desktop.event import (
    ConnectionEvent,
    Disagreement,
    Event,
    Gap,
    LeaderChange,
    LeaderLost,
    NodeReach,
    NodeRestarted,
    TermChange,
)
from helios_desktop.export.report_lines import Break, Candidacy, Contradiction, Election, Line, Told
from helios_desktop.export.report_sentences import Sentence, sentence
from helios_desktop.export.report_words import Clock
from helios_desktop.protocol.messages import PeerChange, ServerError, StateChange

MOST_LINES: Final = 300
_NS: Final = 1_000_000_000
_AT_ONCE_NS: Final = _NS // 2
"""What one happening tells comes within so long, whoever tells it first."""
_TOGETHER_NS: Final = 2 * _NS
"""Nodes that go or come within so long do it together."""
_VOTE_NS: Final = 10 * _NS
"""A candidacy that brought no leader by then was in vain."""
_AGAIN_NS: Final = 60 * _NS
"""What comes again within so long is told once, with how often."""
_MOST_KNOWN: Final = 1_000

_Key = tuple[str, ...]


class Story:
    """Call `see` with each event in order. Memory does not grow with their number."""

    def __init__(self) -> None:
        self.more = 0
        """Lines beyond `MOST_LINES`, which are not kept."""
        self.more_ns = 0
        """When the last of them began."""
        self._lines: list[Line] = []
        self._waiting: list[Event] = []
        self._known: dict[_Key, Told] = {}
        self._disputes: dict[_Key, Contradiction] = {}
        self._unreachable: set[str] = set()
        self._leader: str | None = None
        self._election: Election | None = None
        self._candidacy: Candidacy | None = None
        self._is_vain = False

    def see(self, event: Event) -> None:
        """Take the next event."""
        self._settle(event.at_ns)
        match event.body:
            case LeaderLost():
                self._lose(event, event.body)
            case LeaderChange():
                self._lead(event, event.body)
            case StateChange():
                self._change_role(event, event.body)
            case TermChange():
                self._raise_term(event, event.body)
            case NodeReach():
                self._reach(event, event.body)
            case Disagreement():
                self._disagree(event, event.body)
            case ServerError():
                self._waiting.append(event)  # of a node that is stopped, its gateway says nothing else
            case _:
                self._tell(event)

    def break_off(self, since_ns: int, until_ns: int, reason: str = "") -> None:
        """Between these instants nothing, or not all, was recorded. What was going on then has no known end."""
        self.end(since_ns)
        self._keep(Break(since_ns, until_ns, reason))

    def end(self, at_ns: int) -> None:
        """Nothing is known beyond `at_ns` of what is going on."""
        self._settle(at_ns + 2 * _VOTE_NS)
        if self._election is not None:
            self._election.ended_ns = max(at_ns, self._election.at_ns)
        self._election = self._candidacy = None
        self._known.clear()
        self._disputes.clear()
        self._unreachable.clear()

    @property
    def is_full(self) -> bool:
        """True where it keeps no more lines."""
        return len(self._lines) >= MOST_LINES

    def sentences(self, clock: Clock) -> list[Sentence]:
        """The story, in the order of time."""
        return [sentence(line, clock) for line in sorted(self._lines, key=lambda line: line.at_ns)]

    # Who leads

    def _lose(self, event: Event, body: LeaderLost) -> None:
        self._election = Election(event.at_ns, body, event.at_ns)
        held, self._candidacy = self._candidacy, None
        if held is not None and not self._is_vain:
            self._election.candidates += held.nodes
        self._keep(self._election)
        self._leader = None

    def _lead(self, event: Event, body: LeaderChange) -> None:
        election, self._election = self._election, None
        held = self._candidacy
        if held is not None and not self._is_vain:
            self._candidacy = None
            if body.new_leader not in held.nodes:
                self._keep(held)
        if election is None:
            self._keep(Election(event.at_ns, None, event.at_ns, won=body))
        else:
            election.won, election.ended_ns = body, event.at_ns
        self._leader = body.new_leader

    def _change_role(self, event: Event, body: StateChange) -> None:
        node, role = event.node or event.observer, body.new_state.lower()
        if role != "candidate":
            self._waiting.append(event)
        elif self._election is not None:
            if node not in self._election.candidates:
                self._election.candidates.append(node)
        else:
            held = self._stand(event.at_ns)
            if node not in held.nodes:
                held.nodes.append(node)
            if body.term:
                held.first_term = body.term if held.first_term is None else held.first_term
                held.last_term = max(body.term, held.last_term or 0)

    def _raise_term(self, event: Event, body: TermChange) -> None:
        if self._election is not None:
            return
        if self._candidacy is None:
            self._waiting.append(event)
            return
        held = self._stand(event.at_ns)
        held.first_term = body.new_term if held.first_term is None else held.first_term
        held.last_term = max(body.new_term, held.last_term or 0)

    def _stand(self, at_ns: int) -> Candidacy:
        held = self._candidacy
        if held is None:
            held, self._is_vain = Candidacy(at_ns, at_ns, []), False
            self._candidacy = held
        held.last_ns = at_ns
        return held

    # Who is there

    def _reach(self, event: Event, body: NodeReach) -> None:
        election = self._election
        if event.type == "peer_unreachable":
            self._unreachable.add(body.node_id)
            if _is_of(election, body.node_id) and event.at_ns - election.at_ns <= _TOGETHER_NS:
                election.is_unreachable = True
                return
        elif event.type == "peer_reachable":
            self._unreachable.discard(body.node_id)
        self._tell(event)

    def _disagree(self, event: Event, body: Disagreement) -> None:
        key = (body.kind.value, body.about)
        known = self._disputes.get(key)
        if known is not None and event.at_ns - known.last_ns > _AGAIN_NS and known.over_ns is not None:
            known = None
        if body.until_ns is not None:
            if known is not None:
                known.over_ns = known.last_ns = event.at_ns
            else:
                self._tell(event)
        elif known is not None:
            known.count, known.last_ns, known.over_ns = known.count + 1, event.at_ns, None
        else:
            self._disputes[key] = known = Contradiction(event.at_ns, event.at_ns, body)
            self._keep(known)

    # How it becomes lines

    def _settle(self, now_ns: int) -> None:
        """Decide on what had to wait for what else would be told of it."""
        held = self._candidacy
        if held is not None and not self._is_vain and now_ns - held.at_ns > _VOTE_NS:
            self._is_vain = True
            self._keep(held)
        if held is not None and self._is_vain and now_ns - held.last_ns > _AGAIN_NS:
            self._candidacy = None
        while self._waiting and now_ns - self._waiting[0].at_ns > _AT_ONCE_NS:
            event = self._waiting.pop(0)
            if self._is_news(event):
                self._tell(event)

    def _is_news(self, event: Event) -> bool:
        """False for what another line says already."""
        node = event.node or event.observer
        match event.body:
            case ServerError():
                return node not in self._unreachable
            case StateChange(new_state=new, old_state=old):
                if new.lower() == "leader":
                    return node != self._leader
                if old.lower() == "leader":
                    return not self._is_deposed(node)
                return bool(old) and old.lower() not in ("candidate", "unknown") and new.lower() != "follower"
            case TermChange(new_term=term):
                last = next((line for line in reversed(self._lines) if isinstance(line, Election)), None)
                return last is None or last.won is None or (last.won.term or 0) < term
            case _:
                return True

    def _is_deposed(self, node: str) -> bool:
        return any(
            isinstance(line, Election) and line.lost is not None and line.lost.leader == node
            for line in self._lines[-4:]
        )

    def _tell(self, event: Event) -> None:
        """Add to a line that says the same, or begin one."""
        key = _key(event)
        known = self._known.get(key)
        is_together = _is_common(event)
        subject = event.node if isinstance(event.body, NodeReach | NodeRestarted) else event.observer
        within_ns = _TOGETHER_NS if is_together else _AGAIN_NS
        if known is not None and event.at_ns - known.last_ns <= within_ns and not _is_reverse(known.event, event):
            if not is_together:
                known.count, known.last_ns = known.count + 1, event.at_ns
                return
            if subject not in known.subjects:
                known.subjects.append(subject)
                return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = known = Told(event.at_ns, event.at_ns, event, [subject])
        self._keep(known)

    def _keep(self, line: Line) -> None:
        if len(self._lines) < MOST_LINES:
            self._lines.append(line)
        else:
            self.more += 1
            self.more_ns = max(self.more_ns, line.at_ns)


def _is_of(election: Election | None, node: str) -> TypeGuard[Election]:
    """True while nobody leads in the place of this node."""
    return election is not None and election.lost is not None and election.lost.leader == node


def _is_common(event: Event) -> bool:
    """True for what happens to many at once: it is told of all of them together."""
    match event.body:
        case NodeReach() | NodeRestarted() | ConnectionEvent() | Gap(cause="disconnected"):
            return True
        case _:
            return False


def _is_reverse(before: Event, after: Event) -> bool:
    """True where a member was added and removed, or the other way round."""
    change, other = before.body, after.body
    return isinstance(change, PeerChange) and isinstance(other, PeerChange) and change.event_type != other.event_type


def _key(event: Event) -> _Key:
    """What lines must have in common to be told as one."""
    match event.body:
        case NodeReach() | NodeRestarted():
            return (event.type,)
        case PeerChange(peer_id=peer):
            return (event.type, peer)
        case ServerError(error=error):
            return (event.type, event.observer, error[:200])
        case ConnectionEvent(cause=cause):
            return (event.type, cause.value)
        case Gap(cause="disconnected", lost=lost):
            return (event.type, "disconnected" if lost is None else "resumed")
        case Gap(cause=cause):
            return (event.type, event.observer, cause)
        case _:
            return (event.type, event.observer, event.node)
