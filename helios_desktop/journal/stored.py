"""Observations and events as the rows of a journal, and back."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from helios_desktop.event import Event, Severity
from helios_desktop.fact_codec import StoredFact, restore_fact, store_fact
from helios_desktop.observation import MONITOR, Kind, Observation
from helios_desktop.protocol.codec import decode
from helios_desktop.protocol.messages import Malformed, PeerChange, StateChange
from helios_desktop.summary import summary

KINDS: Final = (Kind.FRAME, Kind.SENT, Kind.REST, Kind.CONNECTION, Kind.TICK)
"""By the number that stands in a file."""
KindNumber = Annotated[int, Meta(ge=0, lt=len(KINDS))]
KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}
_FRAME: Final = Kind.FRAME  # by itself, since each message asks, and Python 3.11 looks members of an enum up slowly
_FILLED: Final = frozenset({StateChange, PeerChange})
"""Bodies into which the fold writes what the server left out."""

ObservationKey = tuple[str, int, int, str]
"""Observer, epoch, when it was received, and its kind: enough to find it again, in any copy of the file."""


class Told(Struct, frozen=True, gc=False, omit_defaults=True):
    """What an event says beyond its facet, where the frame itself does not say it all."""

    fact: StoredFact
    timestamp: str = ""
    evidence: tuple[ObservationKey, ...] = ()
    after_ns: int | None = None
    is_pushed: bool = False


class Row(Struct, frozen=True, gc=False):
    """One row of the timeline as it is read from a journal: what a list shows of an event.

    seq:     of its observation
    is_told: it says more than the frame that told it
    """

    id: int
    at_ns: int
    type: str
    node: str
    observer: str
    severity: Severity
    is_derived: bool
    summary: str
    seq: int
    is_told: bool = False


_NOTHING: Final = Observation(MONITOR, 0, 0, Kind.TICK)
_encode: Final = msgspec.json.Encoder().encode
_decode_told: Final = msgspec.json.Decoder(Told).decode


def told_of(event: Event) -> str | None:
    """The JSON of `event.told`; None where the event is its frame as it decodes, so that nothing else need be kept."""
    if (
        event.observation.kind is _FRAME
        and not event.evidence
        and event.after_ns is None
        and event.body.__class__ not in _FILLED
    ):
        return None
    evidence = tuple([key_of(observation) for observation in event.evidence])
    told = Told(store_fact(event.body), event.timestamp, evidence, event.after_ns, event.is_pushed)
    return _encode(told).decode()


def evidence_keys(told: str | None) -> tuple[ObservationKey, ...]:
    """Which observations an event follows from, oldest first."""
    return () if told is None else _decode_told(told).evidence


def key_of(observation: Observation) -> ObservationKey:
    """What an observation is found by."""
    return (observation.observer, observation.epoch, observation.received_ns, observation.kind.value)


def plain_event(observation: Observation, node: str) -> Event:
    """The event of a frame that was kept as a plain one."""
    message = decode(observation.text)
    event_type = "malformed" if isinstance(message.body, Malformed) else message.type
    at_ns, observer = observation.received_ns, observation.observer
    return Event(event_type, at_ns, message.timestamp, observer, node, message.body, observation)


def told_event(row: Row, told: str, observation: Observation, evidence: tuple[Observation, ...]) -> Event:
    """The event that `told_of` wrote, with its observation and those that it follows from.

    Raises `msgspec.MsgspecError` where a later program wrote what this one does not know.
    """
    read = _decode_told(told)
    return Event(
        row.type,
        row.at_ns,
        read.timestamp,
        row.observer,
        row.node,
        restore_fact(read.fact),
        observation,
        evidence,
        read.after_ns,
        is_pushed=read.is_pushed,
    )


def summary_of(event_type: str, told: str | None, text: str) -> str:
    """What a list shows of an event that is not indexed yet; `text` is the observation's.

    Only its type where a later program told it in a way that this one does not know.
    """
    if told is None:
        return summary(plain_event(Observation(MONITOR, 0, 0, Kind.FRAME, text), ""))
    try:
        body = restore_fact(_decode_told(told).fact)
    except msgspec.MsgspecError:
        return event_type
    return summary(Event(event_type, 0, "", "", "", body, _NOTHING))
