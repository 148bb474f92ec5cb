"""How a stretch of a recording begins in the midst of a run: the state before it, so that what follows makes sense."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from helios_desktop.journal.reader import CheckpointRow, Reader
from helios_desktop.journal.stretch import Stretch
from helios_desktop.monitor.picture import Picture, blank_picture
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION, CheckpointError, restore, store
from helios_desktop.store.log import EventLog
from helios_desktop.store.samples import new_samples
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState

_STEP: Final = 1_000
Step = Callable[[int], None]


@dataclass(frozen=True)
class Beginning:
    """The state before the first observation of a stretch, and the number that its first event has.

    samples: those of the graphs since the state that it was folded from
    """

    state: ClusterState
    next_event: int
    samples: bytes

    def picture(self) -> Picture:
        """To fold on from; its graphs begin here."""
        return Picture(self.state, EventLog(start=self.next_event), SeriesBook())


def beginning_of(reader: Reader, stretch: Stretch, step: Step) -> Beginning:
    """Of a stretch that is begun by another, or by a state; else blank.

    step: called with 0 now and then, so that it may raise
    """
    run, before = stretch.run, stretch.first_seq - 1
    picture, at = blank_picture(run.started_ns, run.first_event), run.first_seq - 1
    kept = reader.checkpoint(before, FOLD_VERSION)
    if kept is not None and kept.run == run.id:
        try:
            state = restore(kept.state)
        except CheckpointError:
            pass  # what it was made of is there all the same
        else:
            picture, at = Picture(state, EventLog(start=kept.next_event), SeriesBook()), kept.seq
            if at == before:
                return Beginning(state, kept.next_event, kept.samples)
    for observation in _with_steps(reader, at, before, step):
        picture.see(observation)
    return Beginning(picture.state, picture.log.end, new_samples(picture.series, {}))


def states_of(reader: Reader, stretch: Stretch, step: Step) -> tuple[CheckpointRow, ...]:
    """What a copy of a begun stretch needs: its beginning, and the first state after it, with the samples since."""
    run, before = stretch.run, stretch.first_seq - 1
    kept = reader.checkpoint(before, run.fold)
    if kept is not None and kept.run == run.id and kept.seq == before:
        return (kept,)
    beginning = beginning_of(reader, stretch, step)
    state = beginning.state
    first = CheckpointRow(
        before, state.now_ns, run.id, beginning.next_event, FOLD_VERSION, store(state), beginning.samples
    )
    following = _first_within(reader, stretch)
    if following is None:
        return (first,)
    picture = beginning.picture()
    for observation in _with_steps(reader, before, following.seq, step):
        picture.see(observation)
    return first, CheckpointRow(
        following.seq,
        following.at_ns,
        following.run,
        following.next_event,
        following.fold,
        following.state,
        new_samples(picture.series, {}),
    )


def _first_within(reader: Reader, stretch: Stretch) -> CheckpointRow | None:
    (seq,) = reader.connection.execute(
        "SELECT min(seq) FROM checkpoint WHERE run = ? AND seq >= ? AND seq <= ? AND fold = ?",
        (stretch.run.id, stretch.first_seq, stretch.last_seq, FOLD_VERSION),
    ).fetchone()
    return None if seq is None else reader.checkpoint(seq, FOLD_VERSION)


def _with_steps(reader: Reader, after: int, until: int, step: Step) -> Iterator[Observation]:
    for count, (_seq, observation) in enumerate(reader.observations(after, until)):
        if count % _STEP == 0:
            step(0)
        yield observation
