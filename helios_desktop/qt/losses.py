"""How many messages are missing: known where the gateway numbers them, estimated by its cadence where it does not."""

from collections.abc import Iterable

from helios_desktop.export.quality import is_numbered
from helios_desktop.qt.quantities import UNKNOWN, count_text
from helios_desktop.store.state import ObserverState
from helios_desktop.words import _


def is_estimated(observer: ObserverState) -> bool:
    """True where losses can only be told by the statuses that should have come."""
    return observer.is_real and not is_numbered(observer)


def lost_of(observer: ObserverState) -> int | None:
    """How many, as far as that can be known; None where it cannot."""
    if is_numbered(observer):
        return observer.lost
    return observer.ledger.missed_beats if observer.is_real else None


def total_lost(observers: Iterable[ObserverState]) -> int | None:
    """Those of all of whom it can be known; None where it can be of nobody."""
    known = [lost for observer in observers if (lost := lost_of(observer)) is not None]
    return sum(known) if known else None


def lost_text(observer: ObserverState) -> str:
    """`3`, `≈ 3 (by cadence)`, or a dash."""
    lost = lost_of(observer)
    if lost is None:
        return UNKNOWN
    return _("≈ {n} (by cadence)").format(n=count_text(lost)) if is_estimated(observer) else count_text(lost)
