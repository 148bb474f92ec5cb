"""What is left of a damaged recording, folded anew run by run, and how much is lost within which times."""

from collections.abc import Callable
from typing import Final

from helios_desktop.journal.manifest import MANIFEST, decoded
from helios_desktop.journal.reader import RunRow
from helios_desktop.journal.recording import RecordingError
from helios_desktop.journal.salvage import Salvage
from helios_desktop.journal.writer import Unrecorded, Writer
from helios_desktop.monitor.picture import blank_picture
from helios_desktop.monitor.refold import Refold
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.words import _

DAMAGED: Final = "damaged"
"""The reason of the gaps. Programs read it, so it is never translated."""


class Reading:
    """Call `write` once; `lost` is then how many observations are missing, at least.

    step: called now and then, so that it may raise
    """

    def __init__(self, salvage: Salvage, writer: Writer, step: Callable[[], None]) -> None:
        self.lost = 0
        self._salvage = salvage
        self._writer = writer
        self._step = step
        self._runs = list(salvage.runs)
        self._refold: Refold | None = None
        self._losses: list[Unrecorded] = []
        self._last: tuple[int, int] | None = None
        # A recording tells how much there was, and where nothing was; of a journal only its numbers do.
        self._manifest = decoded(salvage.meta.get(MANIFEST, ""))

    def write(self) -> None:
        """Fold and write all that can be read. Raises `RecordingError` where that is nothing."""
        read = counted = 0
        for seq, observation in self._salvage.observations():
            self._look_for_loss(seq, observation, self._salvage.lost - counted)
            counted = self._salvage.lost
            self._fold(seq, observation)
            self._last = seq, observation.received_ns
            read += 1
        if self._last is None:
            raise RecordingError(_("Nothing can be read of it: not one observation is left."))
        self._end()
        self._count(read, self._salvage.lost, self._last[1])
        gaps = [*self._salvage.gaps, *self._losses]
        gaps.sort(key=lambda gap: gap.since_ns)
        self._writer.write(gaps)

    def _look_for_loss(self, seq: int, observation: Observation, counted: int) -> None:
        """Between the last one that was read and this one; `counted` are lost there by the numbers alone."""
        until_ns = observation.received_ns
        last_seq, last_ns = self._last or self._before(seq, until_ns)
        missing = counted if self._manifest is None else seq - last_seq - 1
        if missing > 0 and not self._is_known(last_ns, until_ns):
            self._losses.append(Unrecorded(last_ns, until_ns, DAMAGED, missing))

    def _before(self, seq: int, received_ns: int) -> tuple[int, int]:
        """Where the file began, as far as it tells."""
        first_ns = None if self._manifest is None else self._manifest.first_ns
        first_seq = self._runs[0].first_seq if self._runs else seq
        return min(first_seq, seq) - 1, min(first_ns or received_ns, received_ns)

    def _is_known(self, since_ns: int, until_ns: int) -> bool:
        """True where nothing was before the damage either."""
        gaps = () if self._manifest is None else self._manifest.gaps
        return any((gap.since_ns, gap.until_ns) == (since_ns, until_ns) for gap in gaps)

    def _count(self, read: int, counted: int, last_ns: int) -> None:
        """Sum up; what is missing at the end is told last."""
        self.lost = counted if self._manifest is None else max(0, self._manifest.observations - read)
        rest, losses = self.lost, []
        for loss in self._losses:
            # Numbers may be left out between two runs as well.
            share = min(loss.lost, rest)
            rest -= share
            losses.append(Unrecorded(loss.since_ns, loss.until_ns, loss.reason, share))
        if rest:
            told_ns = None if self._manifest is None else self._manifest.last_ns
            losses.append(Unrecorded(last_ns, max(last_ns, told_ns or last_ns), DAMAGED, rest))
        self._losses = [loss for loss in losses if loss.lost]

    def _fold(self, seq: int, observation: Observation) -> None:
        refold = self._turn_to(seq, observation.received_ns)
        refold.see((observation,))

    def _turn_to(self, seq: int, received_ns: int) -> Refold:
        """Begin the run that this observation is of, where it is another."""
        of = None
        while self._runs and self._runs[0].first_seq <= seq:
            of = self._runs.pop(0)
        if of is None and self._refold is not None:
            return self._refold
        self._end()
        of = of or RunRow(0, received_ns, None, seq, received_ns // 1_000, "", FOLD_VERSION)
        # What a damaged row says is not believed where it cannot be.
        first_event = max(of.first_event, self._writer.last_event + 1)
        first_seq = max(min(of.first_seq, seq), self._writer.last_seq + 1)
        self._writer.begin_run(of.started_ns, first_event, of.program, FOLD_VERSION, first_seq)
        picture = blank_picture(of.started_ns, first_event)
        self._refold = Refold(self._writer, picture, lambda _count: self._step())
        return self._refold

    def _end(self) -> None:
        if self._refold is not None and self._last is not None:
            self._refold.end()
            self._writer.end_run(self._last[1])
