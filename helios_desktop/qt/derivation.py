"""How we come to know of an event: told by a server, concluded, or both; and when it must have happened. Pure words."""

from typing import Final

from helios_desktop.event import Event
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.codec import decode
from helios_desktop.qt.times import TimeStyle, clock_text, interval_text
from helios_desktop.words import _, ngettext

DERIVED_MARK: Final = "ƒ"


def origin_text(event: Event) -> str:
    """Who says so; "" for what a server said and nothing else bears out."""
    if not event.evidence:
        return ""
    if event.is_derived:
        return ngettext(
            "Derived from {n} observation: no server said so.",
            "Derived from {n} observations: no server said so.",
            len(event.evidence),
        ).format(n=len(event.evidence))
    if any(one is event.observation for one in event.evidence):
        return _("Concluded at first, then told by the server.")
    return _("Told by the server, and borne out or filled in by what came after.")


def happened_text(event: Event, style: TimeStyle) -> str:
    """When it must have happened, of what was concluded; "" for what a server told at its time."""
    if event.after_ns is not None:
        return _("It happened {interval}.").format(interval=interval_text(event.after_ns, event.at_ns, style))
    if event.is_derived:
        at = clock_text(event.at_ns, style)
        return _("It happened before {at}; nothing says how long before.").format(at=at)
    return ""


def evidence_text(observation: Observation, teller: str) -> str:
    """One line for an observation: what it is, and who told it."""
    match observation.kind:
        case Kind.FRAME:
            what = decode(observation.text).type or _("frame")
        case Kind.SENT:
            what = _("sent by us")
        case Kind.REST:
            what = observation.source
        case Kind.CONNECTION:
            what = _("connection")
        case Kind.TICK:
            what = _("silence until then")
    return "  ".join(part for part in (what, teller) if part)
