"""The picture of a cluster at an instant of a recording: the nearest state before it, folded on."""

from dataclasses import dataclass
from typing import Final

from helios_desktop.journal.reader import CheckpointRow, Reader, RunRow
from helios_desktop.monitor.picture import Picture, blank_picture
from helios_desktop.store.checkpoint import FOLD_VERSION, CheckpointError, restore
from helios_desktop.store.fold import fold
from helios_desktop.store.log import EventLog
from helios_desktop.store.samples import SamplesError, book_of, broken_off
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState

SAMPLED_CHECKPOINTS: Final = 200
"""How far back the graphs reach: at the pace of a real cluster, more than a day."""


@dataclass(frozen=True)
class Place:
    """Where in a recording somebody stands: the picture after observation `seq` of the run `run`."""

    picture: Picture
    seq: int
    run: RunRow


def goes_on(reader: Reader, place: Place, seq: int, until_ns: int) -> bool:
    """True where the picture after `seq`, which is not before the place's, is that of the place folded on.

    Where a run began in between, or something seen could not be recorded, only the next kept state tells it.
    """
    now_ns = place.picture.state.now_ns
    return not any(run.first_seq <= seq for run in reader.runs() if run.id > place.run.id) and not any(
        gap.until_ns > now_ns and gap.since_ns <= until_ns for gap in reader.gaps()
    )


class EmptyError(Exception):
    """The recording has no observation."""


def place_at(reader: Reader, seq: int) -> Place:
    """The picture after observation `seq`; of the first one, where `seq` is before it.

    Takes as long as folding what was recorded between two checkpoints. Raises `EmptyError` and `sqlite3.Error`.
    """
    runs = reader.runs()
    if not runs:
        raise EmptyError
    run = next((run for run in reversed(runs) if run.first_seq <= seq), runs[0])
    kept = _kept(reader, run, seq)
    if kept is None:
        picture, at = blank_picture(run.started_ns, run.first_event), run.first_seq - 1
    else:
        state, row = kept
        picture, at = Picture(state, EventLog(start=row.next_event), _series(reader, row)), row.seq
    for number, observation in reader.observations(at, max(seq, run.first_seq)):
        picture.see(observation)
        at = number
    return Place(picture, at, run)


def state_at(reader: Reader, run: RunRow, seq: int, known: tuple[ClusterState, int] | None = None) -> ClusterState:
    """The state alone after observation `seq` of a run; `known` is one of the same run, with the number it is after.

    Raises `sqlite3.Error`.
    """
    kept = _kept(reader, run, seq)
    state, at = ClusterState(now_ns=run.started_ns), run.first_seq - 1
    if kept is not None:
        state, at = kept[0], kept[1].seq
    if known is not None and at <= known[1] <= seq:
        state, at = known
    for _number, observation in reader.observations(at, seq):
        state, _events = fold(state, observation)
    return state


def _kept(reader: Reader, run: RunRow, seq: int) -> tuple[ClusterState, CheckpointRow] | None:
    """The last state of the run that was kept at `seq` or before, and where it stands."""
    row = reader.checkpoint(seq, FOLD_VERSION)
    if row is None or row.run != run.id:
        return None
    try:
        return restore(row.state), row
    except CheckpointError:
        return None  # what it was made of is there all the same


def _series(reader: Reader, kept: CheckpointRow) -> SeriesBook:
    try:
        rows = reader.samples(kept.run, kept.seq, SAMPLED_CHECKPOINTS)
        return book_of(broken_off(row.samples) if row.is_after_hole else row.samples for row in rows)
    except SamplesError:
        return SeriesBook()
