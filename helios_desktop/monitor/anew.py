"""Stretches of a recording folded anew into another: where another fold made its events, or its texts are to change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_other

from msgspec.structs import replace

from helios_desktop.journal.copying import gaps_within, notes_within
from helios_desktop.journal.note import PutNote
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stretch import Stretch, Within, unbroken
from helios_desktop.journal.writer import Writer
from helios_desktop.monitor.beginning import Step, beginning_of
from helios_desktop.monitor.picture import blank_picture
from helios_desktop.monitor.refold import Refold
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.store.state import ClusterState


@dataclass(frozen=True)
class Rewriting:
    """What becomes of each text, and of a state that was folded from the texts as they were."""

    text: Callable[[str], str]
    state: Callable[[ClusterState], ClusterState]


AS_IT_IS = Rewriting(lambda text: text, lambda state: state)


def write_anew(
    writer: Writer, reader: Reader, found: Sequence[Stretch], within: Within, rewriting: Rewriting, step: Step
) -> None:
    """Write them, with the gaps and notes of that time. `step` is called with the number of observations."""
    for stretch in found:
        for part in unbroken(reader, stretch):
            _write(writer, reader, part, rewriting, step)
    text = rewriting.text
    writer.write([with_other(gap, reason=text(gap.reason)) for gap in gaps_within(reader, within)])
    writer.write([PutNote(replace(note, text=text(note.text))) for note in notes_within(reader, within)])


def _write(writer: Writer, reader: Reader, part: Stretch, rewriting: Rewriting, step: Step) -> None:
    run = part.run
    picture = blank_picture(run.started_ns, run.first_event)
    if part.is_begun:
        beginning = beginning_of(reader, part, step)
        picture = with_other(beginning, state=rewriting.state(beginning.state)).picture()
    program = rewriting.text(run.program)
    writer.begin_run(run.started_ns, picture.log.start, program, FOLD_VERSION, part.first_seq)
    refold = Refold(writer, picture, step)
    if part.is_begun:
        refold.begin()
    refold.see(_rewritten(reader.observations(part.first_seq - 1, part.last_seq), rewriting.text))
    refold.end()
    ended_ns = run.ended_ns if part.is_ended else part.last_ns
    if ended_ns is not None:
        writer.end_run(ended_ns)


def _rewritten(observations: Iterable[tuple[int, Observation]], text: Callable[[str], str]) -> Iterable[Observation]:
    for _seq, seen in observations:
        yield replace(seen, observer=text(seen.observer), text=text(seen.text), source=text(seen.source))
