"""How recordings of one cluster lie behind each other in one file: by run and time; what two of them have, once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from helios_desktop.journal.copying import Part
from helios_desktop.journal.manifest import ANONYMISED, about_of
from helios_desktop.journal.reader import CheckpointRow, Reader
from helios_desktop.journal.recording import RecordingError, reading
from helios_desktop.journal.stretch import Stretch, Within, before, seq_of, stretches
from helios_desktop.monitor.beginning import states_of
from helios_desktop.store.samples import SamplesError, samples_after
from helios_desktop.words import _

Step = Callable[[int], None]


def about_all(readers: Sequence[Reader], *, is_one_cluster: bool) -> Mapping[str, str]:
    """What `meta` tells of all of them together: of the first, with the addresses of all.

    Raises `RecordingError` where they are of several clusters, or made-up names would mean different hosts.
    """
    told = [about_of(reader.meta()) for reader in readers]
    names = sorted({about["cluster"] for about in told if about.get("cluster")})
    if len(names) > 1 and not is_one_cluster:
        sentence = _("These recordings are of different clusters: {names}. Join only those of one cluster.")
        raise RecordingError(sentence.format(names=", ".join(names)))
    for reader, about in zip(readers, told, strict=True):
        if ANONYMISED in about and len(told) > 1:
            sentence = _(
                "In {path} host names are made up, and may mean other hosts than in another recording. "
                "Join the recordings with the true names first, then save the result without them."
            )
            raise RecordingError(sentence.format(path=reader.path))
    sources = dict.fromkeys(address for about in told for address in about.get("sources", "").split())
    merged: dict[str, str] = {}
    for about in reversed(told):
        merged.update({key: value for key, value in about.items() if value})
    return {**merged, "sources": "\n".join(sources)}


def all_of(reader: Reader) -> list[Stretch]:
    """All that it holds. Raises `RecordingError` where it is damaged."""
    with reading(reader.path):
        return stretches(reader, Within())


def joined(readers: Sequence[Reader], found: Sequence[Stretch], step: Step) -> list[Part]:
    """The parts of the new file, in their order and with their numbers; `found` are all stretches. `step` may raise.

    Raises `RecordingError` where a file is damaged.
    """
    by_path = {reader.path: reader for reader in readers}
    in_order = sorted(found, key=lambda one: (*_run_of(one), one.first_ns, -one.last_ns))
    parts: list[Part] = []
    for _run, of_run in groupby(in_order, key=_run_of):
        for stretch, is_cut in _taken_once(by_path, list(of_run)):
            part = begun(by_path[stretch.path], stretch, step)
            parts.append(_behind(parts[-1], part, by_path, is_cut=is_cut) if parts else part)
    return parts


def _run_of(stretch: Stretch) -> tuple[int, str]:
    """One life of a recorder, whichever file it is in."""
    return stretch.run.started_ns, stretch.run.program


def _taken_once(readers: Mapping[Path, Reader], found: Sequence[Stretch]) -> list[tuple[Stretch, bool]]:
    """Of one run, by their beginnings: each ends where the next one begins that goes on longer.

    True where the one before was cut so, and this one goes on in its midst.
    """
    taken: list[tuple[Stretch, bool]] = []
    for stretch in found:
        if not taken:
            taken.append((stretch, False))
            continue
        earlier, was_cut = taken[-1]
        at = _place_in(readers, earlier, stretch)
        if at is None:
            taken.append((stretch, False))
        elif stretch.last_ns > earlier.last_ns:
            rest = before(readers[earlier.path], earlier, at)
            taken[-1:] = [(stretch, was_cut)] if rest is None else [(rest, was_cut), (stretch, True)]
    return taken


def _place_in(readers: Mapping[Path, Reader], earlier: Stretch, stretch: Stretch) -> int | None:
    """Which observation of `earlier` is the first of `stretch`; None where it has none of it."""
    with reading(stretch.path):
        first = readers[stretch.path].observation(stretch.first_seq)
    with reading(earlier.path):
        return None if first is None else seq_of(readers[earlier.path], earlier, first)


def begun(reader: Reader, stretch: Stretch, step: Step) -> Part:
    """A stretch with its own numbers, and the states that it begins with."""
    if not stretch.is_begun:
        return Part(stretch, stretch.run.first_event)
    with reading(reader.path):
        states = states_of(reader, stretch, step)
    return Part(stretch, states[0].next_event, states=states)


def _behind(earlier: Part, part: Part, readers: Mapping[Path, Reader], *, is_cut: bool) -> Part:
    """The same part with the numbers that it has behind another."""
    stretch, last = part.stretch, earlier.stretch
    used_seq, used_event = last.last_seq + earlier.seq_shift, last.end_event + earlier.event_shift
    if _is_one_run(last, stretch) and part.states and (is_cut or _is_adjacent(last, part)):
        event_shift = max(earlier.event_shift, used_event - part.first_event)
        states = _without_known(part.states, _last_state_ns(readers[last.path], earlier))
        return replace(
            part,
            seq_shift=used_seq + 1 - stretch.first_seq,
            event_shift=event_shift,
            is_continued=True,
            states=states,
        )
    # A state at its beginning has a number of its own, between the two.
    first_seq = stretch.first_seq - len(part.states[:1])
    return replace(
        part,
        seq_shift=0 if first_seq > used_seq else used_seq + 1 - first_seq,
        event_shift=0 if part.first_event >= used_event else used_event - part.first_event,
    )


def _is_one_run(last: Stretch, stretch: Stretch) -> bool:
    """True where one fold may go on from the other."""
    return _run_of(last) == _run_of(stretch) and last.run.fold == stretch.run.fold


def _is_adjacent(last: Stretch, part: Part) -> bool:
    """True where one begins where the other ends, by the numbers of one and the same recorder."""
    return part.stretch.first_seq == last.last_seq + 1 and part.first_event == last.end_event


def _last_state_ns(reader: Reader, part: Part) -> int:
    """Until when the graphs are told by the states of a part."""
    stretch = part.stretch
    (last_ns,) = reader.connection.execute(
        "SELECT max(at_ns) FROM checkpoint WHERE run = ? AND seq >= ? AND seq <= ?",
        (stretch.run.id, stretch.first_seq - 1, stretch.last_seq),
    ).fetchone()
    told = [] if last_ns is None else [int(last_ns)]
    return max([*told, *(state.at_ns for state in part.states)], default=0)


def _without_known(states: Sequence[CheckpointRow], until_ns: int) -> Sequence[CheckpointRow]:
    """The first of them without samples of the graphs that an earlier state has."""
    try:
        first = replace(states[0], samples=samples_after(states[0].samples, until_ns))
    except SamplesError:
        first = states[0]  # of a later program; whoever reads it leaves the graphs empty
    return (first, *states[1:])
