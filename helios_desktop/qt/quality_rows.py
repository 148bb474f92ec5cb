"""The data-quality ledger as a table: a row for each thing that is counted, a cell for each observer. Pure."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from helios_desktop.export.quality import dialect
from helios_desktop.qt.losses import lost_text
from helios_desktop.qt.quantities import UNKNOWN, count_text, offset_text
from helios_desktop.store.state import ClusterState, ObserverState
from helios_desktop.words import _

_Tell = Callable[[ObserverState, ClusterState], str]


class QualityRow(Struct, frozen=True, gc=False):
    """`meaning` is for the tool tip; `cells` stand in the order of the observers."""

    title: str
    meaning: str
    cells: tuple[str, ...]


class _Line(Struct, frozen=True, gc=False):
    title: str
    meaning: str
    tell: _Tell


def quality_rows(state: ClusterState) -> tuple[QualityRow, ...]:
    """All rows; none where no observer was told anything, by whatever way."""
    observers = tuple(state.observers.values())
    if not any(observer.messages or observer.ledger.rest_answers for observer in observers):
        return ()
    return tuple(
        QualityRow(line.title, line.meaning, tuple(line.tell(observer, state) for observer in observers))
        for line in (*_ABOUT, *_by_type(observers), *_DOUBTS, *_WAYS)
    )


def _by_type(observers: Iterable[ObserverState]) -> list[_Line]:
    kinds = sorted({kind for observer in observers for kind in observer.ledger.kinds})
    meaning = _("Messages of this type, as received")
    return [_Line(f"    {kind}", meaning, _count_of(kind)) for kind in kinds]


def _count_of(kind: str) -> _Tell:
    return lambda observer, _state: count_text(observer.ledger.kinds.get(kind, 0))


def _dialect(observer: ObserverState, _state: ClusterState) -> str:
    match dialect(observer):
        case "real":
            return _("real gateway")
        case "guide":
            return _("guide")
        case _:
            return UNKNOWN


def _gaps(observer: ObserverState, state: ClusterState) -> str:
    return count_text(sum(gap.observer == observer.name for gap in state.gaps))


_ABOUT: Final = (
    _Line(
        _("Node"),
        _("The node that this gateway speaks for, by its statuses"),
        lambda observer, _state: observer.node or UNKNOWN,
    ),
    _Line(
        _("Dialect"),
        _("How its statuses are shaped: as the guide has them, or as the real Go gateway sends them"),
        _dialect,
    ),
    _Line(
        _("Messages"),
        _("All that came over its WebSocket since the session began"),
        lambda observer, _state: count_text(observer.messages),
    ),
)
_DOUBTS: Final = (
    _Line(
        _("Lost"),
        _(
            "Messages that are missing. Where the gateway numbers them, each hole is seen and counts as one at least; "
            "≈ is an estimate by the statuses that should have come every 5 s; — cannot be known"
        ),
        lambda observer, _state: lost_text(observer),
    ),
    _Line(
        _("Malformed"),
        _("Frames that could not be read; each is a row of the timeline, with its text"),
        lambda observer, _state: count_text(observer.malformed),
    ),
    _Line(
        _("Unknown"),
        _("Messages of a type that the guide does not have"),
        lambda observer, _state: count_text(observer.ledger.unknown),
    ),
    _Line(
        _("Partly unread"),
        _("Messages of which a part was of a wrong type: it was left out, and shows as —"),
        lambda observer, _state: count_text(observer.ledger.unread),
    ),
    _Line(
        _("Out of order"),
        _("Messages that came twice, or that another had overtaken; nothing was taken from them"),
        lambda observer, _state: count_text(observer.ledger.out_of_order),
    ),
    _Line(
        _("Clock offset"),
        _("The gateway’s clock against this machine’s, by the last answer to a ping"),
        lambda observer, _state: offset_text(observer.clock_offset_ns),
    ),
    _Line(
        _("Gaps"),
        _("Stretches in which something was, or may have been, missed: no connection, a hole, a topic switched off"),
        _gaps,
    ),
)
_WAYS: Final = (
    _Line(
        _("Pushed"),
        _("Changes of roles, peers, snapshots and metrics that the server told by a message of their own"),
        lambda observer, _state: count_text(observer.ledger.pushed),
    ),
    _Line(
        _("Derived"),
        _("Such changes that no server told, and that follow from two statuses"),
        lambda observer, _state: count_text(observer.ledger.derived),
    ),
    _Line(
        _("Told both ways"),
        _("Changes that were derived and that the server told as well: each is one event"),
        lambda observer, _state: count_text(observer.ledger.joined),
    ),
    _Line(
        _("REST answers"),
        _("What had to be asked for, since the gateway does not push it"),
        lambda observer, _state: count_text(observer.ledger.rest_answers),
    ),
    _Line(
        _("REST refused"),
        _("Those of the answers that were a refusal: no right, a limit, or Raft not enabled"),
        lambda observer, _state: count_text(observer.ledger.rest_failures),
    ),
)
