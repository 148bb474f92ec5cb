"""What an exported file says of itself: whose events, of when, how chosen, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from helios_desktop.event import Gap
from helios_desktop.event_filter import EventFilter
from helios_desktop.export.event_data import gap_record, instant
from helios_desktop.export.quality import joined_quality
from helios_desktop.export.source import EVERYTHING, Reading
from helios_desktop.journal.manifest import MissingSpan, read_manifest
from helios_desktop.journal.note import Note
from helios_desktop.journal.passage import Counted
from helios_desktop.journal.reader import Reader
from helios_desktop.monitor.past import state_at
from helios_desktop.protocol.timestamps import format_timestamp
from helios_desktop.store.state import ClusterState
from helios_desktop.version import DISTRIBUTION, program_version

_LAST: Final = 2**63 - 1


@dataclass(frozen=True)
class ExportMeta:
    """Facts about an export that its events do not tell. Build it with `meta_of`.

    cluster:     its name
    sources:     the gateways' addresses, without any secret
    exported_at_ns: when
    filter:      how the events were chosen, None where all were
    gaps:        stretches in which something was missed
    unrecorded:  stretches of which nothing, or not all, was recorded
    notes:       bookmarks and notes
    quality:     the data-quality ledger of each observer since recording began, as `joined_quality` gives it
    went:        how many older events were no longer kept
    is_complete: False where the time asked for was cut short
    is_anonymised: host names and addresses are made up
    """

    cluster: str
    sources: tuple[str, ...]
    exported_at_ns: int
    filter: EventFilter | None = None
    gaps: tuple[Gap, ...] = ()
    unrecorded: tuple[MissingSpan, ...] = ()
    notes: tuple[Note, ...] = ()
    quality: Mapping[str, object] = field(default_factory=dict)
    went: int = 0
    is_complete: bool = True
    is_anonymised: bool = False
    program_version: str = field(default_factory=program_version)


def meta_of(reading: Reading, *, exported_at_ns: int, is_complete: bool = True) -> ExportMeta:
    """Describe what is exported of a source. Gaps and notes are those within the time that is chosen.

    Raises `sqlite3.Error`. Folds a little, so give it to a thread.
    """
    source, chosen, reader = reading.source, reading.chosen, reading.reader
    states = [] if reader is None else states_of(reader, chosen)
    if source.state is not None:
        states[-1:] = [source.state]
    meta = ExportMeta(
        cluster=source.cluster,
        sources=source.addresses,
        exported_at_ns=exported_at_ns,
        filter=None if chosen == EVERYTHING else chosen,
        gaps=tuple(
            gap for state in states for gap in state.gaps if _is_within(chosen, gap.since_ns, gap.until_ns or _LAST)
        ),
        quality=joined_quality(states),
        went=source.gone,
        is_complete=is_complete,
    )
    return meta if reader is None else _with_file(meta, reader, chosen)


def states_of(reader: Reader, chosen: EventFilter) -> list[ClusterState]:
    """The last state of each run within the time that is chosen. Raises `sqlite3.Error`."""
    runs = reader.runs()
    end = reader.seq_at(_LAST if chosen.until_ns is None else chosen.until_ns - 1)
    begin = 0 if chosen.since_ns is None else reader.seq_at(chosen.since_ns)
    states = []
    for number, run in enumerate(runs):
        last = min(end, runs[number + 1].first_seq - 1 if number + 1 < len(runs) else end)
        if run.first_seq <= last and last >= begin:
            states.append(state_at(reader, run, last))
    return states


def _with_file(meta: ExportMeta, reader: Reader, chosen: EventFilter) -> ExportMeta:
    manifest = read_manifest(reader)
    runs = reader.runs()
    return ExportMeta(
        cluster=meta.cluster or manifest.cluster,
        sources=meta.sources or manifest.sources,
        exported_at_ns=meta.exported_at_ns,
        filter=meta.filter,
        gaps=meta.gaps,
        unrecorded=tuple(span for span in manifest.gaps if _is_within(chosen, span.since_ns, span.until_ns)),
        notes=tuple(note for note in reader.notes() if _is_within(chosen, note.at_ns, note.until_ns or note.at_ns)),
        quality=meta.quality,
        went=max(0, reader.first_event() - runs[0].first_event) if runs and chosen.since_ns is None else 0,
        is_complete=meta.is_complete,
        is_anonymised=manifest.is_anonymised,
    )


def _is_within(chosen: EventFilter, since_ns: int, until_ns: int) -> bool:
    return (chosen.until_ns is None or since_ns < chosen.until_ns) and (
        chosen.since_ns is None or until_ns >= chosen.since_ns
    )


def meta_record(
    meta: ExportMeta, counted: Counted, *, file_format: str, time_zone: str, is_of_events: bool = True
) -> dict[str, object]:
    """The JSON of the first line, or of the `.meta.json` file; instants are RFC 3339 in UTC.

    is_of_events: False where observations are counted, by their kinds
    """
    total, parts = ("events", "by_type") if is_of_events else ("observations", "by_kind")
    return {
        "type": "meta",
        "format": file_format,
        "program": DISTRIBUTION,
        "version": meta.program_version,
        "exported_at": format_timestamp(meta.exported_at_ns),
        "time_zone": time_zone,
        "cluster": meta.cluster,
        "source": meta.sources[0] if meta.sources else None,
        "sources": list(meta.sources),
        "anonymised": meta.is_anonymised,
        "range": {"from": instant(counted.first_ns), "to": instant(counted.last_ns)},
        "filter": None if meta.filter is None else filter_record(meta.filter),
        total: counted.total,
        parts: dict(sorted(counted.by_type.items())),
        "older_events_dropped": meta.went,
        "complete": meta.is_complete,
        "gaps": [gap_record(gap) for gap in meta.gaps],
        "not_recorded": [span_record(span) for span in meta.unrecorded],
        "notes": notes_record(meta.notes),
        "quality": dict(meta.quality),
    }


def filter_record(chosen: EventFilter) -> dict[str, object]:
    """How events were chosen; null is "not by this"."""
    return {
        "types": None if chosen.types is None else sorted(chosen.types),
        "hidden_types": sorted(chosen.hidden_types),
        "text": chosen.text,
        "pattern": chosen.pattern,
        "severities": None if chosen.severities is None else [s.name.lower() for s in sorted(chosen.severities)],
        "nodes": None if chosen.nodes is None else sorted(chosen.nodes),
        "hidden_nodes": sorted(chosen.hidden_nodes),
        "observers": None if chosen.observers is None else sorted(chosen.observers),
        "hidden_observers": sorted(chosen.hidden_observers),
        "since": instant(chosen.since_ns),
        "until": instant(chosen.until_ns),
    }


def span_record(span: MissingSpan) -> dict[str, object]:
    """A stretch that was not recorded, with the observations that are known to be lost."""
    return {
        "since": instant(span.since_ns),
        "until": instant(span.until_ns),
        "reason": span.reason,
        "lost": span.lost,
    }


def notes_record(notes: Sequence[Note]) -> list[dict[str, object]]:
    """Bookmarks (without text) and notes, each of an instant or a range."""
    return [
        {
            "at": instant(note.at_ns),
            "until": instant(note.until_ns),
            "text": note.text,
            "written_at": instant(note.written_ns),
        }
        for note in notes
    ]
