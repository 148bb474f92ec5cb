"""What waits to be written: a bounded queue from the loop to the thread that writes."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from helios_desktop.journal.note import PutNote, RemoveNote
from helios_desktop.journal.writer import Checkpoint, Item, Seen, Unrecorded

MAX_BYTES: Final = 64 * 1024 * 1024
ITEM_BYTES: Final = 400
"""What an observation takes in memory besides its text, and so does each of its events."""


class Inbox:
    """Items in their order. `put…` and `finish` are for the loop, `wait`, `take` and `written` for the thread.

    Where it is full, what comes is counted and let go, and the next one that fits is preceded by an `Unrecorded`.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.reason = ""
        """Why it may be full: what an `Unrecorded` says."""
        self.lost = 0
        """How many observations were let go."""
        self._max_bytes = max_bytes
        self._items: deque[Item] = deque()
        # Each written by one thread alone, so that no lock is needed.
        self._put_bytes = self._put_count = 0
        self._written_bytes = self._written_count = 0
        self._losing_since_ns: int | None = None
        self._losing_until_ns = 0
        self._losing_reason = ""
        self._lost_now = 0
        self._filled = threading.Event()

    @property
    def waiting(self) -> int:
        """How many observations were put and are not written."""
        return self._put_count - self._written_count

    def put(self, seen: Seen) -> bool:
        """Append an observation; gives False where there was no room for it."""
        size = _size(seen)
        if self._put_bytes - self._written_bytes + size > self._max_bytes:
            observation = seen.observation
            if self._losing_since_ns is None:
                self._losing_since_ns, self._losing_reason = observation.received_ns, self.reason
                self._lost_now = 0
            self._losing_until_ns = observation.received_ns
            self._lost_now += 1
            self.lost += 1
            return False
        if self._losing_since_ns is not None:
            self._put_gap(seen.observation.received_ns)
        self._put_bytes += size
        self._put_count += 1
        self._items.append(seen)
        if not self._filled.is_set():
            self._filled.set()
        return True

    def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Append it, whatever there is; it counts for nothing."""
        self._items.append(checkpoint)

    def put_note(self, item: PutNote | RemoveNote) -> None:
        """Append it, whatever there is."""
        self._items.append(item)
        self._filled.set()

    def finish(self) -> None:
        """Nothing more comes: what was let go at the end is told, too."""
        if self._losing_since_ns is not None:
            self._put_gap(self._losing_until_ns)

    def wait(self, timeout_s: float) -> bool:
        """Until something is there, so long at most; gives whether there is."""
        return self._filled.wait(timeout_s)

    def wake(self) -> None:
        """End a `wait` now."""
        self._filled.set()

    def take(self, most: int) -> list[Item]:
        """The oldest ones, `most` at most. Their room is free once they are `written`."""
        self._filled.clear()
        items = self._items
        # Not a loop over the deque: the loop's thread appends meanwhile.
        taken = [items.popleft() for _ in range(min(most, len(items)))]
        if items:
            self._filled.set()
        return taken

    def written(self, items: Sequence[Item]) -> None:
        """These are on the disk."""
        seen = [item for item in items if isinstance(item, Seen)]
        self._written_bytes += sum([_size(one) for one in seen])
        self._written_count += len(seen)

    def __len__(self) -> int:
        return len(self._items)

    def _put_gap(self, until_ns: int) -> None:
        since_ns, self._losing_since_ns = self._losing_since_ns, None
        if since_ns is not None:
            self._items.append(Unrecorded(since_ns, until_ns, self._losing_reason, self._lost_now))


def _size(seen: Seen) -> int:
    return len(seen.observation.text) + ITEM_BYTES * (1 + len(seen.events))
