"""A filter in words, for the line that says what is filtered."""

from helios_desktop.event import Severity
from helios_desktop.qt.timeline_cells import severity_name
from helios_desktop.qt.timeline_filter import CHANGES, TimelineFilter
from helios_desktop.qt.times import TimeStyle, second_text, zone_label
from helios_desktop.words import _, ngettext

_MOST_NAMED = 3


def filter_words(chosen: TimelineFilter, style: TimeStyle) -> str:
    """What is filtered, part by part; "" where nothing is."""
    events = chosen.events
    parts: list[str] = []
    if events.types is not None:
        parts.append(_("only {names}").format(names=_names(events.types)))
    if events.hidden_types == CHANGES.events.hidden_types:
        parts.append(_("only changes"))
    elif events.hidden_types:
        parts.append(_("not {names}").format(names=_names(events.hidden_types)))
    if events.severities is not None:
        parts.append(_severities(events.severities))
    if events.nodes is not None:
        parts.append(_("about {names}").format(names=_names(events.nodes)))
    if events.hidden_nodes:
        parts.append(_("not about {names}").format(names=_names(events.hidden_nodes)))
    if events.observers is not None:
        parts.append(_("told by {names}").format(names=_names(events.observers)))
    if events.hidden_observers:
        parts.append(_("not told by {names}").format(names=_names(events.hidden_observers)))
    parts += _times(events.since_ns, events.until_ns, style)
    if events.text:
        parts.append(_("with “{text}”").format(text=events.text))
    if events.pattern:
        parts.append(_("matching /{pattern}/").format(pattern=events.pattern))
    return " · ".join(parts)


def _times(since_ns: int | None, until_ns: int | None, style: TimeStyle) -> list[str]:
    parts = []
    if since_ns is not None:
        parts.append(_("since {at}").format(at=_at(since_ns, style)))
    if until_ns is not None:
        parts.append(_("before {at}").format(at=_at(until_ns, style)))
    return parts


def _at(at_ns: int, style: TimeStyle) -> str:
    # An instant that bounds a filter stands still: it is never told as an age.
    fixed = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
    return f"{second_text(at_ns, fixed)} {zone_label(fixed, at_ns)}"


def _severities(severities: frozenset[Severity]) -> str:
    return _("only {names}").format(names=", ".join(severity_name(severity) for severity in sorted(severities)))


def _names(names: frozenset[str]) -> str:
    shown = sorted(names)[:_MOST_NAMED]
    more = len(names) - len(shown)
    text = ", ".join(name or _("none") for name in shown)
    return text if not more else text + ngettext(" and {n} more", " and {n} more", more).format(n=more)
