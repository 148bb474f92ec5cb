"""What a bookmark is on, in words."""

from collections.abc import Mapping

from helios_desktop.journal.note import Note
from helios_desktop.qt.times import TimeStyle, second_text, span_text, zone_label
from helios_desktop.words import _


def note_about(note: Note, told: Mapping[int, str], style: TimeStyle) -> str:
    """The summary of its event, how long its range is, or that it is an instant."""
    if note.event is not None:
        return told.get(note.event) or _("an event that is not kept any more")
    if note.until_ns is not None:
        until = second_text(note.until_ns, TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style)
        return _("{span}, until {until}").format(span=span_text(note.until_ns - note.at_ns), until=until)
    return _("this instant")


def instant_about(at_ns: int, until_ns: int | None, summary: str, style: TimeStyle) -> str:
    """What a new bookmark will be on, as a line for its dialog."""
    style = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
    at = f"{second_text(at_ns, style)} {zone_label(style, at_ns)}"
    if summary:
        return _("On the event of {at}: {summary}").format(at=at, summary=summary)
    if until_ns is not None:
        until = f"{second_text(until_ns, style)} {zone_label(style, until_ns)}"
        return _("On the time from {at} to {until}").format(at=at, until=until)
    return _("On {at}").format(at=at)
