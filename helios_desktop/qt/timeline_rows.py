"""Which events a list holds, by number, and how they fold: what is told again stands once, with a count. Pure."""

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Repeats = npt.NDArray[np.bool_]

Kinds = npt.NDArray[np.uint8]

_NONE: Final[Numbers] = np.empty(0, dtype=np.int64)
_NO_KINDS: Final[Kinds] = np.empty(0, dtype=np.uint8)


class _Is(IntEnum):
    """What an event is to the one before it."""

    OTHER = 0
    SAME = 1  # folded: both stand in one row
    SAME_BUT_SHOWN = 2  # unfolded: each has a row


class Rows:
    """Numbers in ascending order; never changed, only replaced. A row is one event, or a run of the same told again.

    Such a row shows the last of its run.
    """

    def __init__(self, numbers: Numbers = _NONE, kinds: Kinds = _NO_KINDS) -> None:
        if len(kinds) and kinds[0] != _Is.OTHER:
            kinds = kinds.copy()
            kinds[0] = _Is.OTHER
        self._numbers = numbers
        self._is = kinds
        self._ends = np.flatnonzero(np.append(kinds[1:] != _Is.SAME, True)) if len(kinds) else _NONE

    def __len__(self) -> int:
        """How many rows."""
        return len(self._ends)

    @property
    def numbers(self) -> Numbers:
        """All events, also those that are folded away. Not to be changed."""
        return self._numbers

    def number_at(self, row: int) -> int:
        """The event that the row shows: the last of its run. Raises IndexError."""
        return int(self._numbers[self._ends[row]])

    def run_at(self, row: int) -> Numbers:
        """All events of a row, oldest first."""
        return self._numbers[self._begin(row) : self._ends[row] + 1]

    def row_of(self, number: int) -> int | None:
        """The row in which an event stands; None where it is not held."""
        at = int(np.searchsorted(self._numbers, number))
        if at == len(self._numbers) or self._numbers[at] != number:
            return None
        return int(np.searchsorted(self._ends, at))

    def row_from(self, number: int) -> int:
        """The first row that shows this event or a later one; the number of rows where none does."""
        at = int(np.searchsorted(self._numbers, number))
        return int(np.searchsorted(self._ends, at))

    def appended(self, numbers: Numbers, repeats: Repeats) -> "Rows":
        """With these too, all greater than any; repeats[0] compares with the last one so far."""
        coming = repeats.astype(np.uint8)
        if len(coming) and len(self._is) and self._is[-1] == _Is.SAME_BUT_SHOWN:
            others = np.flatnonzero(~repeats)
            coming[: others[0] if len(others) else len(coming)] = _Is.SAME_BUT_SHOWN
        return Rows(np.concatenate((self._numbers, numbers)), np.concatenate((self._is, coming)))

    def prepended(self, numbers: Numbers, repeats: Repeats, *, repeats_last: bool) -> "Rows":
        """With these too, all less than any; `repeats_last`: the first one so far is the same as the last of these."""
        known = self._is
        if len(known) and repeats_last:
            known = known.copy()
            is_shown = len(known) > 1 and known[1] == _Is.SAME_BUT_SHOWN
            known[0] = _Is.SAME_BUT_SHOWN if is_shown else _Is.SAME
        return Rows(np.concatenate((numbers, self._numbers)), np.concatenate((repeats.astype(np.uint8), known)))

    def without_before(self, number: int) -> "Rows":
        """Without what is less."""
        at = int(np.searchsorted(self._numbers, number))
        return Rows(self._numbers[at:].copy(), self._is[at:].copy())

    def without_from(self, number: int) -> "Rows":
        """Without it and what is greater."""
        at = int(np.searchsorted(self._numbers, number))
        return Rows(self._numbers[:at].copy(), self._is[:at].copy())

    def unfolded(self, row: int) -> "Rows":
        """With a row of its own for each event of this one."""
        changed = self._is.copy()
        changed[self._begin(row) + 1 : self._ends[row] + 1] = _Is.SAME_BUT_SHOWN
        return Rows(self._numbers, changed)

    def folded(self, row: int) -> "Rows":
        """With the run that the row is of in one row again."""
        first, last = self._run(row)
        changed = self._is.copy()
        changed[first + 1 : last + 1] = _Is.SAME
        return Rows(self._numbers, changed)

    def first_of_run(self, row: int) -> int:
        """The first row of the unfolded run that the row is of: itself where it is of none."""
        return int(np.searchsorted(self._ends, self._run(row)[0]))

    def is_unfolded(self, row: int) -> bool:
        """True where it is one of a run of which each has a row."""
        first, last = self._run(row)
        return bool((self._is[first + 1 : last + 1] == _Is.SAME_BUT_SHOWN).any())

    def _run(self, row: int) -> tuple[int, int]:
        first = last = int(self._ends[row])
        while self._is[first] != _Is.OTHER:
            first -= 1
        while last + 1 < len(self._is) and self._is[last + 1] != _Is.OTHER:
            last += 1
        return first, last

    def _begin(self, row: int) -> int:
        # A negative row would be counted from the end.
        return int(self._ends[row - 1]) + 1 if row > 0 else 0
