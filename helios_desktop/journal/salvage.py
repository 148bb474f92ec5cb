"""What can still be read of a damaged journal or recording: all before the damage, and all after it.

The file is not changed. Folding what was read, and making a new file of it, is `monitor/rebuild.py`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self, TypeGuard

from helios_desktop.journal.note import Note
from helios_desktop.journal.pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF, Pages, Row, Value
from helios_desktop.journal.reader import RunRow
from helios_desktop.journal.segments import NOTED_NS
from helios_desktop.journal.stored import KINDS
from helios_desktop.journal.writer import Unrecorded
from helios_desktop.observation import Observation

PROGRESS_PAGES: Final = 1_000
_INDEXED: Final = "indexed"
_MOST_A_PAGE: Final = 300
"""More rows than that no page holds."""


class Salvage:
    """Use it as a context. Raises OSError.

    Opening looks through the whole file, which takes about half a minute a gigabyte, and so does reading it.
    `runs`, `gaps`, `notes` and `meta` are those that can be read, oldest first. `lost` is known once `observations`
    was read to its end: how many are missing among those that there must have been, as far as that can be told.
    """

    def __init__(self, source: Path, progress: Callable[[float], None] = lambda _done: None) -> None:
        self.meta: dict[str, str] = {}
        self.lost = 0
        self._pages = Pages(source)
        self._progress = progress
        self._runs: dict[int, RunRow] = {}
        self._gaps: dict[int, Unrecorded] = {}
        self._notes: dict[int, Note] = {}
        self._names: dict[int, str] = {}
        self._states: set[int] = set()
        self._told: set[int] = set()
        self._leaves: list[tuple[int, int]] = []
        self._look_through()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pages.__exit__(*exception)

    @property
    def runs(self) -> list[RunRow]:
        """Lives of recorders."""
        return [self._runs[number] for number in sorted(self._runs)]

    @property
    def gaps(self) -> list[Unrecorded]:
        """Stretches that could not be recorded at the time."""
        return [self._gaps[number] for number in sorted(self._gaps)]

    @property
    def notes(self) -> list[Note]:
        """Bookmarks and notes."""
        return [self._notes[number] for number in sorted(self._notes)]

    def observations(self) -> Iterator[tuple[int, Observation]]:
        """All that can be read, in their order, with their numbers."""
        last, last_ns = 0, 0
        self.lost = 0
        ends = [*(first for first, _page in self._leaves[1:]), 2**63]
        for count, ((_first, page), end) in enumerate(zip(self._leaves, ends, strict=False)):
            for row in self._pages.rows(page):
                # A number that does not belong between its neighbours is damaged itself.
                observation = self._observation(row) if last < row.rowid < end else None
                if observation is None:
                    continue
                if not self._is_let_go(last_ns, row.rowid):
                    self.lost += row.rowid - 1 - (last or min(self._states | {row.rowid - 1}))
                last, last_ns = row.rowid, observation.received_ns
                yield last, observation
            if count % PROGRESS_PAGES == 0:
                self._progress(0.5 + 0.5 * count / len(self._leaves))
        # States and events tell how far it went; not where their own numbers are damaged.
        most = last + _MOST_A_PAGE * self._pages.count
        self.lost += max([last, *(seq for seq in (*self._states, *self._told) if seq <= most)]) - last
        self._progress(1.0)

    def _is_let_go(self, last_ns: int, seq: int) -> bool:
        """True where retention may have left the hole before `seq`: it ends where a state was kept.

        What is before it has a note, or is the rest of the one segment that was being let go.
        """
        if seq - 1 not in self._states:
            return False
        is_noted = any(note.at_ns <= last_ns + NOTED_NS for note in self._notes.values())
        return is_noted or seq - 1 == min(state for state in self._states if state >= self._leaves[0][0] - 1)

    def _look_through(self) -> None:
        free = self._pages.free()
        for number in range(1, self._pages.count + 1):
            if number % PROGRESS_PAGES == 0:
                self._progress(0.5 * number / self._pages.count)
            if number in free:
                continue
            match self._pages.kind(number):
                case kind if kind == TABLE_LEAF:
                    self._look_at_table(number)
                case kind if kind in {INDEX_LEAF, INDEX_INTERIOR}:
                    for row in self._pages.rows(number):
                        self._look_at_index(row)
        self._leaves.sort()

    def _look_at_table(self, number: int) -> None:
        for row in self._pages.rows(number):
            if _is_observation(row.values) and row.rowid > 0:
                self._leaves.append((row.rowid, number))
                return
            if _is_event(row.values):
                self._told.add(row.values[3])
                return  # they are derived anew
            if _is_of_index(row.values):
                return
            self._look_at_row(row)

    def _look_at_row(self, row: Row) -> None:
        match row.values:
            case (None, str(text)):
                self._names[row.rowid] = text
            case (None, int(at_ns), int(run), int(), int(), bytes(), bytes()) if at_ns > 0 and run > 0:
                self._states.add(row.rowid)
            case (None, int(started_ns), int() | None as ended_ns, int(seq), int(event), str(program), int(fold)):
                self._runs[row.rowid] = RunRow(row.rowid, started_ns, ended_ns, seq, event, program, fold)
                self._states.add(seq - 1)
            case (None, int(since_ns), int(until_ns), str(reason), int(lost)):
                self._gaps[row.rowid] = Unrecorded(since_ns, until_ns, reason, lost)
            case (None, int(at_ns), int() | None as until_ns, int() | None as event, str(text), int(written_ns)):
                self._notes[row.rowid] = Note(row.rowid, at_ns, until_ns, event, text, written_ns)

    def _look_at_index(self, row: Row) -> None:
        match row.values:
            case (str(key), str(value)) if key != _INDEXED:
                self.meta[key] = value
            case (str(text), int(number)):
                # Names stand in their index too, in case their own page is broken.
                self._names.setdefault(number, text)

    def _observation(self, row: Row) -> Observation | None:
        if not _is_observation(row.values):
            return None
        _seq, received_ns, observer, epoch, kind, text, source, status = row.values
        return Observation(self._name(observer), epoch, received_ns, KINDS[kind], text, self._name(source), status or 0)

    def _name(self, number: int | None) -> str:
        return "" if number is None else self._names.get(number, f"unknown-{number}")


_ObservationValues = tuple[None, int, int, int, int, str, int | None, int | None]


def _is_observation(values: tuple[Value, ...]) -> TypeGuard[_ObservationValues]:
    match values:
        case (None, int(), int(observer), int(), int(kind), str(), int() | None, int() | None):
            return observer > 0 and 0 <= kind < len(KINDS)
        case _:
            return False


_EventValues = tuple[None, int, int, int, str | None, str | None]


def _is_event(values: tuple[Value, ...]) -> TypeGuard[_EventValues]:
    match values:
        case (None, int(), int(), int(), str() | None, str() | None):
            return True
        case _:
            return False


def _is_of_index(values: tuple[Value, ...]) -> bool:
    """True of full text's own tables."""
    match values:
        case (None, bytes()):
            return True
        case _:
            return False
