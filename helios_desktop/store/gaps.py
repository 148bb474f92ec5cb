"""Stretches of time in which something was missed: kept in the state from their start, told as events at their end."""

from msgspec.structs import replace

from helios_desktop.event import Event, Gap
from helios_desktop.observation import Cause, Observation, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.state import MAX_SPANS, ClusterState, ObserverState
from helios_desktop.store.traffic import HEARD

Gaps = tuple[Gap, ...]


def gap_event(gap: Gap, node: str, observation: Observation) -> Event:
    """The row of a gap that is over; `node` is the one that its observer speaks for, "" where that is not known."""
    return Event("gap", observation.received_ns, "", gap.observer, node, gap, observation, (observation,))


def add(gaps: Gaps, gap: Gap) -> Gaps:
    """Append; of too many the oldest goes that is over."""
    if len(gaps) < MAX_SPANS:
        return (*gaps, gap)
    oldest = next((at for at, kept in enumerate(gaps) if kept.until_ns is not None), 0)
    return (*gaps[:oldest], *gaps[oldest + 1 :], gap)


def end(gaps: Gaps, now_ns: int, observer: str, cause: str, topic: Topic | None = None) -> tuple[Gaps, Gap | None]:
    """End the gap of that kind that lasts, if there is one."""
    return _end(gaps, _lasting(gaps, observer, cause, topic), now_ns)


def end_of_disconnection(gaps: Gaps, observer: str, now_ns: int, *, is_whole: bool) -> tuple[Gaps, Gap | None]:
    """End it with the first message after it; where `is_whole`, that goes on from before: 0 messages were lost."""
    return _end(gaps, _lasting(gaps, observer, "disconnected", None), now_ns, lost=0 if is_whole else None)


def _lasting(gaps: Gaps, observer: str, cause: str, topic: Topic | None) -> int | None:
    """Where the gap of that kind stands that lasts."""
    for at in range(len(gaps) - 1, -1, -1):
        gap = gaps[at]
        if gap.until_ns is None and gap.observer == observer and gap.cause == cause and gap.topic == topic:
            return at
    return None


def _end(gaps: Gaps, at: int | None, now_ns: int, lost: int | None = None) -> tuple[Gaps, Gap | None]:
    if at is None:
        return gaps, None
    ended = replace(gaps[at], until_ns=max(now_ns, gaps[at].since_ns), lost=lost)
    return (*gaps[:at], ended, *gaps[at + 1 :]), ended


def end_of_removed(gaps: Gaps, now_ns: int, observers: frozenset[str]) -> Gaps:
    """End what lasts of observers whose node was removed: nobody misses anything of it any more."""
    return tuple(
        replace(gap, until_ns=max(now_ns, gap.since_ns)) if gap.until_ns is None and gap.observer in observers else gap
        for gap in gaps
    )


def follow_phase(
    state: ClusterState, before: ObserverState, after: ObserverState, observation: Observation
) -> tuple[Gaps, Gap | None]:
    """Open a gap where the observer left live, end it where it is live again.

    Where our own gateway may go on from where it was, the first message ends it (`end_of_disconnection`).
    """
    gaps, now_ns = state.gaps, observation.received_ns
    if after.phase is Phase.LIVE and after.left_seq is not None:
        return gaps, None
    if after.phase in HEARD:
        return end(gaps, now_ns, after.name, "disconnected")
    if before.phase not in HEARD or _lasting(gaps, after.name, "disconnected", None) is not None:
        return gaps, None
    if after.phase is Phase.CLOSED and after.node is not None and after.node not in state.members:
        return gaps, None  # the monitor let go of a member that was removed
    # Of a connection that fell silent, or a machine that slept, nothing was heard since the last frame.
    is_silent = after.cause in {Cause.SILENT, Cause.SLEPT} and before.last_ns is not None
    since_ns = before.last_ns if is_silent and before.last_ns is not None else now_ns
    return add(gaps, Gap(after.name, "disconnected", since_ns)), None


def follow_topics(
    gaps: Gaps, before: ObserverState, after: ObserverState, observation: Observation
) -> tuple[Gaps, list[Gap]]:
    """Open a gap for each topic that we turned off, end those of topics that we turned on."""
    ended = []
    for topic, asked in after.topics.items():
        if asked.requested is before.topics[topic].requested:
            continue
        if asked.requested:
            gaps, gap = end(gaps, observation.received_ns, after.name, "topic_off", topic)
            ended += [gap] if gap is not None else []
        else:
            gaps = add(gaps, Gap(after.name, "topic_off", observation.received_ns, topic=topic))
    return gaps, ended
