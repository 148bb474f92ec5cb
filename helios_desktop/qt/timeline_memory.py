"""Events that memory has as a page, like one of the journal."""

import numpy as np

from helios_desktop.event import severity_of
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.search import Page
from helios_desktop.store.log import EventLog
from helios_desktop.summary import summary


def page_of_memory(log: EventLog, chosen: EventFilter, since: int, until: int) -> Page:
    """What passes of [since, until), as far as it is kept. Raises `PatternError`."""
    since = max(since, log.first)
    found = log.select(chosen, since, until - since) if since < until else []
    numbers = np.array(found, dtype=np.int64)
    at_ns, codes = log.columns(since, until)
    chosen_at, chosen_codes = at_ns[numbers - since], codes[numbers - since]
    severities = np.array([severity_of(facet.type) for facet in log.facets], dtype=np.int8)
    repeats = np.zeros(len(numbers), dtype=np.bool_)
    # A summary is made only where all else is the same.
    for at in (np.flatnonzero(chosen_codes[1:] == chosen_codes[:-1]) + 1).tolist():
        repeats[at] = summary(log[found[at]]) == summary(log[found[at - 1]])
    return Page(numbers, chosen_at, severities[chosen_codes], repeats, since, max(since, until), is_last=False)
