"""The events of a report, each with what it rests on: a bounded number of them, and of text."""

import re
from dataclasses import dataclass
from typing import Final

from helios_desktop.event import Event, Severity
from helios_desktop.observation import Kind, Observation, connection_change
from helios_desktop.protocol.codec import UNREADABLE, decode
from helios_desktop.summary import summary
from helios_desktop.words import _

MOST_EVENTS: Final = 2_000
MOST_RAW: Final = 8_000
"""Characters shown of one raw text."""
MOST_RAW_IN_ALL: Final = 12_000_000
"""And of all of them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation behind an event; `left_out` characters of its text are not shown."""

    at_ns: int
    what: str
    raw: str
    left_out: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. It happened after `after_ns` and until `at_ns` where that is not None."""

    number: int
    at_ns: int
    type: str
    node: str
    observer: str
    severity: Severity
    summary: str
    mark: str
    after_ns: int | None
    evidence: tuple[Evidence, ...]


class EventTable:
    """Keeps the first `MOST_EVENTS` of the events that it sees, which come oldest first."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []
        self._room = MOST_RAW_IN_ALL

    @property
    def is_full(self) -> bool:
        """True where it takes no more."""
        return len(self.rows) >= MOST_EVENTS

    def see(self, number: int, event: Event) -> None:
        """Take the next event."""
        if not self.is_full:
            self.rows.append(self._row(event, number))

    def _row(self, event: Event, number: int) -> EventRow:
        pushed = _("told, and borne out") if event.evidence else ""
        mark = _("derived") if event.is_derived else pushed
        behind = event.evidence or (event.observation,)
        evidence = tuple(self._evidence(observation) for observation in behind)
        return EventRow(
            number, event.at_ns, event.type, event.node, event.observer, event.severity, summary(event), mark,
            event.after_ns if event.evidence else None, evidence,
        )  # fmt: skip

    def _evidence(self, observation: Observation) -> Evidence:
        text = observation.text
        shown = text[: min(MOST_RAW, self._room)]
        self._room -= len(shown)
        return Evidence(observation.received_ns, _what(observation), shown, len(text) - len(shown))


def _what(observation: Observation) -> str:
    """What an observation is, in words."""
    observer = observation.observer
    match observation.kind:
        case Kind.FRAME:
            kind = _type_of(observation)
            return _("{type} from {observer}").format(type=kind, observer=observer)
        case Kind.SENT:
            return _("{type} sent to {observer}").format(type=_type_of(observation), observer=observer)
        case Kind.REST:
            return _("answer {status} of {observer} to {call}").format(
                status=observation.status, observer=observer, call=observation.source
            )
        case Kind.CONNECTION:
            try:
                phase = connection_change(observation).phase.value
            except UNREADABLE:
                phase = _("another phase")
            return _("the connection to {observer}: {phase}").format(observer=observer, phase=phase)
        case Kind.TICK:
            return _("a second went by without a word")


def _type_of(observation: Observation) -> str:
    return decode(observation.text).type or _("a malformed frame")


_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff0-\ufffb\ufffe\uffff]"
)


def visible(text: object) -> object:
    """The same with control and direction characters, and what is no character, written out as JSON escapes."""
    # Not of what a macro made, which is markup already and of a class of its own.
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) if text.__class__ is str else text
