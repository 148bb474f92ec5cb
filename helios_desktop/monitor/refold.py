"""Observations folded anew into a new file: what a damaged, an older or a disguised recording is made from."""

from collections.abc import Callable, Iterable
from typing import Final

from helios_desktop.journal.recorder import CHECKPOINT_EVERY
from helios_desktop.journal.writer import Checkpoint, Item, Seen, Writer
from helios_desktop.monitor.picture import Picture
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION, store
from helios_desktop.store.samples import Versions, new_samples, versions

_BATCH: Final = 1_000


class Refold:
    """Writes one run. Call `begin` for a run that was begun before, `see` for each observation, and `end`.

    step: called with the number of observations that were written
    states_every: so many observations are between two kept states
    """

    def __init__(
        self, writer: Writer, picture: Picture, step: Callable[[int], None], states_every: int = CHECKPOINT_EVERY
    ) -> None:
        self._writer = writer
        self._picture = picture
        self._step = step
        self._states_every = states_every
        self._kept: Versions = {}
        self._waiting: list[Item] = []
        self._seen = 0

    def begin(self) -> None:
        """Keep the state with which it begins."""
        self._waiting.append(self._checkpoint())

    def see(self, observations: Iterable[Observation]) -> None:
        """Fold and write them."""
        for observation in observations:
            events, numbers = self._picture.see(observation)
            self._waiting.append(Seen(observation, events, numbers))
            self._seen += 1
            if self._seen % self._states_every == 0:
                self._waiting.append(self._checkpoint())
            if len(self._waiting) >= _BATCH:
                self._write()

    def put(self, item: Item) -> None:
        """Write something else in its place among them."""
        self._waiting.append(item)

    def end(self) -> None:
        """Write what waits, and the last state."""
        self._waiting.append(self._checkpoint())
        self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._writer.write(waiting)
        self._step(len(waiting))

    def _checkpoint(self) -> Checkpoint:
        picture = self._picture
        samples = new_samples(picture.series, self._kept)
        self._kept = versions(picture.series)
        return Checkpoint(picture.state.now_ns, picture.log.end, FOLD_VERSION, store(picture.state), samples)
