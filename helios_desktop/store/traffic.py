"""What frames tell by merely coming: counts, rates, round trips, losses, and whether a gateway fell silent."""

from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Gap
from helios_desktop.observation import Observation, Phase
from helios_desktop.protocol.frames import Message
from helios_desktop.protocol.messages import Latency, Malformed, Pong, ServerError, Status, Unknown, Uptime
from helios_desktop.protocol.subscription import (
    Ping,
    Subscribe,
    Topic,
    Unsubscribe,
    decode_request,
    topic_of,
)
from helios_desktop.protocol.timestamps import parse_timestamp
from helios_desktop.store.order import PUSHED, missed_beats, remember
from helios_desktop.store.state import (
    MAX_KINDS,
    STALE_AFTER_S,
    STATUS_PERIOD_S,
    Ledger,
    Mark,
    ObserverState,
    TopicState,
)

NS: Final = 1_000_000_000
HEARD: Final = frozenset({Phase.LIVE, Phase.POLLING})
"""Phases in which a status is due."""
RATE_OVER_NS: Final = 10 * NS
STALE_AFTER_NS: Final = int(STALE_AFTER_S * NS)
_PERIODS_S: Final[dict[Topic, float]] = {Topic.STATUS: STATUS_PERIOD_S, Topic.LATENCY: 1.0, Topic.UPTIME: 10.0}
OTHER_KINDS: Final = "other"
_COUNTED_BY_KIND: Final[frozenset[type]] = frozenset({Latency, Uptime, ServerError, Pong})
"""Of these a message counts as one of its kind, and as nothing else."""
_PERIOD_OF_EVENTS_S: Final = 5.0
"""Topics without a beat: how long half of the silence is that bears out that they are off."""


def count_frame(
    observer: ObserverState, message: Message, observation: Observation, *, is_late: bool, is_after_loss: bool
) -> ObserverState:
    """Count a frame, follow our gateway's envelope, and take round trip and clock offset from a pong."""
    now_ns = observation.received_ns
    body_type = type(message.body)
    topics = observer.topics
    topic = topic_of(message.type)
    if topic is not None:
        seen = topics[topic]
        topics = dict(topics)
        # A message that was under way when its topic was turned off confirms nothing.
        topics[topic] = TopicState(
            seen.requested, seen.requested_ns, seen.requested, seen.count + 1, seen.rate_hz, now_ns
        )
    ledger = _book(observer, message, observation, is_late=is_late)
    if message.boot is not None and observer.boot is not None and message.boot != observer.boot:
        # Another run of the gateway: what the former one measured must not stand beside what this one tells.
        observer = replace(observer, latency=None, uptime=None, snapshot=None, metrics=None, reach=None)
    if body_type is Pong:
        observer = _take_pong(observer, message, now_ns)
    return replace(
        observer,
        epoch=observation.epoch,
        last_ns=now_ns,
        messages=observer.messages + 1,
        malformed=observer.malformed + (body_type is Malformed),
        lost=observer.lost + is_after_loss,
        boot=message.boot if message.boot is not None else observer.boot,
        seq=message.seq if message.seq is not None else observer.seq,
        topics=topics,
        ledger=ledger,
        pushes=remember(observer, message, observation) if body_type in PUSHED else observer.pushes,
    )


def _book(observer: ObserverState, message: Message, observation: Observation, *, is_late: bool) -> Ledger:
    book, body_type = observer.ledger, type(message.body)
    kinds = dict(book.kinds)
    kind = "malformed" if body_type is Malformed else message.type
    if kind not in kinds and len(kinds) >= MAX_KINDS:
        kind = OTHER_KINDS  # a hostile server could name a new type with each frame
    kinds[kind] = kinds.get(kind, 0) + 1
    if body_type in _COUNTED_BY_KIND and not (message.unread or is_late):
        return replace(book, kinds=kinds)
    return Ledger(
        kinds,
        book.unknown + (body_type is Unknown),
        book.unread + bool(message.unread),
        book.out_of_order + is_late,
        book.missed_beats + (missed_beats(observer, observation) if body_type is Status else 0),
        book.rest_answers,
        book.rest_failures,
        book.pushed + (body_type in PUSHED),
        book.derived,
        book.joined,
    )


def count_answer(observer: ObserverState, *, is_refused: bool = False, is_late: bool = False) -> ObserverState:
    """Count an answer over REST."""
    book = observer.ledger
    counted = replace(
        book,
        rest_answers=book.rest_answers + 1,
        rest_failures=book.rest_failures + is_refused,
        out_of_order=book.out_of_order + is_late,
    )
    return replace(observer, ledger=counted)


def count_events(observer: ObserverState, *, derived: int, joined: int) -> ObserverState:
    """Count what was concluded from what it told, and what the server told as well."""
    if not (derived or joined):
        return observer
    book = observer.ledger
    return replace(observer, ledger=replace(book, derived=book.derived + derived, joined=book.joined + joined))


def has_lost(observer: ObserverState, message: Message, observation: Observation) -> bool:
    """True where `prev` names another message than the last that came, within one socket of one gateway's run.

    True as well where our gateway says by an `error` that it left messages out.
    """
    if type(message.body) is ServerError and _left_out(message.body):
        return message.prev is not None
    return (
        message.prev is not None
        and observer.seq is not None
        and message.prev != observer.seq
        and message.boot == observer.boot
        and observation.epoch == observer.epoch
    )


def loss(observer: ObserverState, message: Message, observation: Observation) -> Gap:
    """The gap that `has_lost` found. A hole alone does not tell how many: `seq` counts other clients' messages too."""
    since_ns = observation.received_ns if observer.last_ns is None else observer.last_ns
    lost = _left_out(message.body) if isinstance(message.body, ServerError) else None
    return Gap(observer.name, "lost", since_ns, observation.received_ns, lost=lost)


def _left_out(error: ServerError) -> int | None:
    """How many messages our gateway did not send, by this error; None where it says nothing of the kind."""
    return error.lost if error.lost is not None and error.lost > 0 else None


def goes_on(observer: ObserverState, message: Message) -> bool:
    """True where the first message of a socket follows upon the last of the one before: nothing was missed."""
    return message.prev is not None and message.prev == observer.left_seq and message.boot == observer.boot


def _take_pong(observer: ObserverState, message: Message, now_ns: int) -> ObserverState:
    if observer.ping_ns is None:
        return observer
    rtt_ns = max(0, now_ns - observer.ping_ns)
    server_ns = parse_timestamp(message.timestamp)
    offset_ns = None if server_ns is None else server_ns - (observer.ping_ns + now_ns) // 2
    return replace(observer, ping_ns=None, rtt_ns=rtt_ns, clock_offset_ns=offset_ns, is_catching_up=False)


def take_sent(observer: ObserverState, observation: Observation) -> ObserverState:
    """Follow what we sent ourselves: the time of a ping, the topics that a subscription asks for."""
    request = decode_request(observation.text)
    now_ns = observation.received_ns
    match request:
        case Ping():
            return replace(observer, epoch=observation.epoch, ping_ns=now_ns)
        case Subscribe(topics=wanted):
            pass
        case Unsubscribe():
            wanted = frozenset()
        case _:
            return observer
    topics = {
        topic: _request(seen, is_requested=topic in wanted, now_ns=now_ns) for topic, seen in observer.topics.items()
    }
    return replace(observer, epoch=observation.epoch, topics=topics)


def _request(seen: TopicState, *, is_requested: bool, now_ns: int) -> TopicState:
    if seen.is_confirmed and seen.requested == is_requested:
        return seen
    return replace(seen, requested=is_requested, requested_ns=now_ns, is_confirmed=False)


def leave_live(observer: ObserverState) -> ObserverState:
    """Forget what held for the socket that ended."""
    topics = {
        topic: replace(seen, is_confirmed=False) if seen.is_confirmed else seen
        for topic, seen in observer.topics.items()
    }
    return replace(
        observer,
        opened_ns=None,
        is_stale=True,
        ping_ns=None,
        seq=None,
        left_seq=observer.left_seq if observer.seq is None else observer.seq,
        is_catching_up=False,
        raft_off=None,
        topics=topics,
    )


def take_tick(observer: ObserverState, now_ns: int) -> ObserverState:
    """A second went by: rates, silence, and topics that stay away as asked. The same object where nothing changed."""
    observer = _confirm_silence(_rate(observer, now_ns), now_ns)
    if not observer.is_stale:
        heard_ns = observer.beat_ns if observer.beat_ns is not None else observer.opened_ns
        if heard_ns is not None and now_ns - heard_ns > STALE_AFTER_NS:
            return replace(observer, is_stale=True)
    return observer


def _rate(observer: ObserverState, now_ns: int) -> ObserverState:
    marks = observer.marks
    if marks and marks[-1].messages == observer.messages and not observer.rate_hz:
        return observer
    since_ns = now_ns - RATE_OVER_NS
    begin = 0
    while begin + 1 < len(marks) and marks[begin + 1].at_ns <= since_ns:
        begin += 1
    counts = tuple(seen.count for seen in observer.topics.values())
    marks = (*marks[begin:], Mark(now_ns, observer.messages, counts))
    base = marks[0]
    # Marks are left out while nothing comes, so an old one counts as ten seconds old.
    passed_s = min(max(now_ns - base.at_ns, NS), RATE_OVER_NS) / NS
    topics = {
        topic: _topic_rate(seen, (seen.count - count) / passed_s)
        for (topic, seen), count in zip(observer.topics.items(), base.counts, strict=True)
    }
    return replace(observer, marks=marks, rate_hz=(observer.messages - base.messages) / passed_s, topics=topics)


def _topic_rate(seen: TopicState, rate_hz: float) -> TopicState:
    return seen if seen.rate_hz == rate_hz else replace(seen, rate_hz=rate_hz)


def _confirm_silence(observer: ObserverState, now_ns: int) -> ObserverState:
    if observer.phase is not Phase.LIVE:
        return observer
    borne_out = {
        topic: replace(seen, is_confirmed=True)
        for topic, seen in observer.topics.items()
        if not seen.requested and not seen.is_confirmed and _is_quiet(topic, seen, now_ns)
    }
    return replace(observer, topics={**observer.topics, **borne_out}) if borne_out else observer


def _is_quiet(topic: Topic, seen: TopicState, now_ns: int) -> bool:
    since_ns = max(seen.requested_ns or 0, seen.last_seen_ns or 0)
    return now_ns - since_ns >= 2 * _PERIODS_S.get(topic, _PERIOD_OF_EVENTS_S) * NS
