"""How good what was seen is: the data-quality ledger of each observer, as a record and as a line for the eye."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from helios_desktop.store.state import ClusterState, ObserverState
from helios_desktop.words import _, ngettext

_NS_PER_MS: Final = 1_000_000
_LATEST: Final = frozenset({"node_id", "dialect", "clock_offset_ms"})
"""What is not counted."""


def quality_record(state: ClusterState) -> dict[str, object]:
    """The ledgers by observer, and the sums of what is missing. Null is "not known"."""
    observers = state.observers.values()
    return {
        "malformed": sum(observer.malformed for observer in observers),
        "lost": sum(observer.lost for observer in observers),
        "lost_estimated": sum(observer.ledger.missed_beats for observer in observers),
        "observers": {observer.name: _observer_record(observer, state) for observer in observers},
    }


def joined_quality(states: Sequence[ClusterState]) -> dict[str, Any]:
    """The same of several runs of a recording, oldest first: sums, and what is not counted as it was last known."""
    records: list[dict[str, Any]] = [quality_record(state) for state in states]
    observers: dict[str, Mapping[str, Any]] = {}
    for record in records:
        for name, told in record["observers"].items():
            observers[name] = _added(observers[name], told) if name in observers else told
    sums = {key: sum(record[key] for record in records) for key in ("malformed", "lost", "lost_estimated")}
    return {**sums, "observers": observers}


def _added(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    added: dict[str, Any] = {}
    for key, told in after.items():
        known = before[key]
        if known is None or told is None or key in _LATEST:
            added[key] = known if told is None else told
        elif isinstance(told, dict):
            added[key] = dict(sorted((Counter(known) + Counter(told)).items()))
        else:
            added[key] = known + told
    return added


def _observer_record(observer: ObserverState, state: ClusterState) -> dict[str, object]:
    book = observer.ledger
    offset_ns = observer.clock_offset_ns
    return {
        "node_id": observer.node,
        "dialect": dialect(observer),
        "messages": observer.messages,
        "by_type": dict(sorted(book.kinds.items())),
        "lost": observer.lost if is_numbered(observer) else None,
        "lost_estimated": book.missed_beats if observer.is_real else None,
        "malformed": observer.malformed,
        "unknown": book.unknown,
        "partly_unread": book.unread,
        "out_of_order": book.out_of_order,
        "clock_offset_ms": None if offset_ns is None else round(offset_ns / _NS_PER_MS, 3),
        "gaps": sum(gap.observer == observer.name for gap in state.gaps),
        "pushed": book.pushed,
        "derived": book.derived,
        "derived_and_pushed": book.joined,
        "rest_answers": book.rest_answers,
        "rest_refused": book.rest_failures,
    }


def is_numbered(observer: ObserverState) -> bool:
    """True where its gateway numbers its messages, so that a loss is seen and not estimated."""
    return observer.boot is not None


def dialect(observer: ObserverState) -> str | None:
    """`guide` or `real` by the shape of its statuses (wire.md §4, row 8); None before the first."""
    if observer.status is None:
        return None
    return "real" if observer.is_real else "guide"


def quality_lines(state: ClusterState) -> list[str]:
    """One translated line an observer: what came, what is missing, and what was concluded."""
    return [
        _line(observer, state)
        for observer in state.observers.values()
        if observer.messages or observer.ledger.rest_answers
    ]


def _line(observer: ObserverState, state: ClusterState) -> str:
    book = observer.ledger
    name = observer.name if observer.node in (None, observer.name) else f"{observer.name} ({observer.node})"
    parts = [ngettext("{n} message", "{n} messages", observer.messages).format(n=observer.messages)]
    if is_numbered(observer):
        parts.append(_("{n} lost").format(n=observer.lost))
    elif observer.is_real:
        parts.append(_("about {n} lost").format(n=book.missed_beats))
    for count, words in (
        (observer.malformed, _("{n} malformed")),
        (book.unknown, _("{n} unknown")),
        (book.unread, _("{n} partly unread")),
        (book.out_of_order, _("{n} out of order")),
    ):
        if count:
            parts.append(words.format(n=count))
    gaps = sum(gap.observer == observer.name for gap in state.gaps)
    if gaps:
        parts.append(ngettext("{n} gap", "{n} gaps", gaps).format(n=gaps))
    parts.append(_("{pushed} pushed, {derived} derived").format(pushed=book.pushed, derived=book.derived))
    if book.rest_answers:
        parts.append(ngettext("{n} REST answer", "{n} REST answers", book.rest_answers).format(n=book.rest_answers))
    if observer.clock_offset_ns is not None:
        parts.append(_("clock {offset:+.0f} ms").format(offset=observer.clock_offset_ns / _NS_PER_MS))
    return f"{name}: " + ", ".join(parts)
