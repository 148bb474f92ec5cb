"""From one event of a journal to the next one, or the one before, however far that is."""

from typing import Final

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal import query
from helios_desktop.journal.reader import Reader

_BACK_AT_ONCE: Final = 64
"""One observation tells a few events; so many are looked at for one of an earlier observation."""


def event_after(reader: Reader, first: int, chosen: EventFilter) -> int | None:
    """The least number from `first` on of an event that passes all but text, pattern and time; None where none does."""
    connection = reader.connection
    facets = query.facets_of(connection, chosen)
    found = query.page_after(connection, facets, first, query.LAST, 1, is_rare=True)
    return found[0] if found else None


def event_before(reader: Reader, end: int, seq: int, chosen: EventFilter) -> int | None:
    """The greatest number below `end` of an event that passes and was told before observation `seq`."""
    before = end
    while numbers := reader.select(chosen, before, _BACK_AT_ONCE):
        rows = reader.rows(numbers)
        for number in numbers:
            if number in rows and rows[number].seq < seq:
                return number
        before = numbers[-1]
    return None
