"""The sentence that lies over the timeline: why it is empty, or where the chosen event is."""

from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.timeline_feed import Feed
from helios_desktop.words import _


def notice(feed: Feed, *, is_watching: bool, has_rows: bool, missing: int | None) -> str:
    """The sentence; "" for none. `missing` is the chosen event, where it is not among the rows."""
    log = feed.log
    if feed.is_searching:
        return ""
    if not has_rows:
        if not is_watching:
            return _("No events: not connected. Choose the demo or connect to a gateway.")
        if feed.searcher is None and log.end == log.start:
            return _("No events yet. Each message, connection change and derived fact will be a row here.")
        return _("No event passes the filter. “Show all” clears it.")
    if missing is None:
        return ""
    if feed.searcher is None and missing < log.first:
        went = _("The chosen event went: memory keeps the latest {n} only.")
        return went.format(n=count_text(log.end - log.first))
    if not feed.reads_all and missing >= log.end - feed.unseen:
        return _("The chosen event came after the hold.")
    return _("The chosen event is hidden by the filter. “Show all” clears it.") if feed.holds(missing) else ""
