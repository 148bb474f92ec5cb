"""Who was in which role when, as spans of a bounded number: what the leadership lanes of a report draw."""

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Final

COLUMNS: Final = 1_000
"""What a lane can show at most; spans that fall into one of these columns are drawn as the gravest of them."""
_MOST_SPANS: Final = 4 * COLUMNS


class Kind(StrEnum):
    """What a stretch of a lane is; the order of `_GRAVEST` says which of several in one column is drawn."""

    LEADER = "leader"
    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"  # it is heard, but does not say
    SILENT = "silent"  # nobody is heard who could tell
    UNRECORDED = "unrecorded"  # nothing was recorded
    LEADERLESS = "leaderless"  # of the cluster's lane: nobody leads


_GRAVEST: Final = (
    Kind.LEADERLESS,
    Kind.UNREACHABLE,
    Kind.CANDIDATE,
    Kind.UNRECORDED,
    Kind.SILENT,
    Kind.LEADER,
    Kind.UNKNOWN,
    Kind.FOLLOWER,
)


@dataclass(frozen=True, slots=True)
class Span:
    """`who` and `term` are of whoever leads; "" and None elsewhere."""

    kind: Kind
    since_ns: int
    until_ns: int
    who: str = ""
    term: int | None = None


@dataclass(slots=True)
class Total:
    """Of all spans of a kind, however many were drawn."""

    count: int = 0
    length_ns: int = 0
    longest_ns: int = 0


class Lane:
    """The spans of one node, or of the cluster, in [since_ns, until_ns]; add them oldest first.

    Memory does not grow with their number: of too many, neighbours that one column holds become one.
    """

    def __init__(self, name: str, since_ns: int, until_ns: int) -> None:
        self.name = name
        self.totals: dict[Kind, Total] = defaultdict(Total)
        self._since_ns = since_ns
        self._until_ns = until_ns
        self._spans: list[Span] = []
        self._last: Span | None = None
        self._open: Span | None = None

    @property
    def kind(self) -> Kind | None:
        """What it is at present; None outside of all stretches."""
        return None if self._open is None else self._open.kind

    def enter(self, kind: Kind, at_ns: int, who: str = "", term: int | None = None) -> None:
        """From `at_ns` on it is so, until another `enter` or `leave`."""
        now = self._open
        if now is not None:
            if (now.kind, now.who, now.term) == (kind, who, term):
                return
            at_ns = max(at_ns, now.since_ns)
            self.leave(at_ns)
        self._open = Span(kind, at_ns, at_ns, who, term)

    def leave(self, at_ns: int) -> None:
        """Until `at_ns` it was so."""
        now, self._open = self._open, None
        if now is not None:
            self.add(replace(now, until_ns=max(at_ns, now.since_ns)))

    def add(self, span: Span) -> None:
        """Append it, cut to the range; what goes on as before is one span."""
        since_ns, until_ns = max(span.since_ns, self._since_ns), min(span.until_ns, self._until_ns)
        if until_ns <= since_ns:
            return
        last = self._last
        goes_on = last is not None and last.until_ns >= since_ns and _is_same(last, span)
        total = self.totals[span.kind]
        total.count += not goes_on
        total.length_ns += until_ns - since_ns
        if last is not None and goes_on:
            since_ns = last.since_ns
        elif last is not None:
            self._spans.append(last)
        total.longest_ns = max(total.longest_ns, until_ns - since_ns)
        self._last = replace(span, since_ns=since_ns, until_ns=until_ns)
        if len(self._spans) > _MOST_SPANS:
            self._spans = self._thinned(self._spans)

    def drawn(self) -> list[Span]:
        """What can be seen: of spans that lie in one column whole, the gravest, in the place of all of them."""
        return self._thinned(self._spans if self._last is None else [*self._spans, self._last])

    def _thinned(self, all_spans: list[Span]) -> list[Span]:
        width_ns = max(1, (self._until_ns - self._since_ns) // COLUMNS)
        shown: list[Span] = []
        for column, spans in groupby(all_spans, lambda one: self._column(one, width_ns)):
            group = list(spans)
            if column is None or len(group) == 1:
                shown += group
                continue
            gravest = min(group, key=lambda one: _GRAVEST.index(one.kind))
            shown.append(replace(gravest, since_ns=group[0].since_ns, until_ns=group[-1].until_ns))
        return shown

    def _column(self, span: Span, width_ns: int) -> int | None:
        """The column that holds the whole span; None where it reaches into another."""
        first, last = ((at_ns - self._since_ns) // width_ns for at_ns in (span.since_ns, span.until_ns - 1))
        return first if first == last else None


def _is_same(one: Span, other: Span) -> bool:
    return (one.kind, one.who, one.term) == (other.kind, other.who, other.term)
