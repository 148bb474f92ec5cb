"""What an exported file says of itself: whose events, of when, how chosen, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from helios_desktop.event import Gap
from helios_desktop.export.event_data import gap_record, instant
from helios_desktop.export.quality import quality_record
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.protocol.timestamps import format_timestamp
from helios_desktop.store.log import EventFilter

DISTRIBUTION = "helios-desktop"


def program_version() -> str:
    """Of this program, as installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True)
class ExportMeta:
    """Facts about an export that its events do not tell. Build it with `meta_of`.

    cluster:     its name
    sources:     the gateways' addresses, without any secret
    exported_at_ns: when
    filter:      how the events were chosen, None where all were
    gaps:        stretches in which something was missed
    quality:     the data-quality ledger of each observer since the monitor began, as `quality_record` gives it
    went:        how many older events were no longer kept
    is_complete: False where the time asked for was cut short
    """

    cluster: str
    sources: tuple[str, ...]
    exported_at_ns: int
    filter: EventFilter | None = None
    gaps: tuple[Gap, ...] = ()
    quality: Mapping[str, object] = field(default_factory=dict)
    went: int = 0
    is_complete: bool = True
    program_version: str = field(default_factory=program_version)


@dataclass(frozen=True)
class Extent:
    """What was counted of the events themselves; the instants are when the first and last were received."""

    count: int
    by_type: Mapping[str, int]
    first_ns: int | None
    last_ns: int | None


def meta_of(
    monitor: Monitor,
    *,
    filter: EventFilter | None = None,  # noqa: A002 - what it is
    went: int = 0,
    is_complete: bool = True,
) -> ExportMeta:
    """Describe what is exported of a monitor now."""
    state = monitor.state
    return ExportMeta(
        cluster=monitor.target.name,
        sources=tuple(str(address) for address in monitor.target.addresses),
        exported_at_ns=monitor.now_ns(),
        filter=filter,
        gaps=state.gaps,
        quality=quality_record(state),
        went=went,
        is_complete=is_complete,
    )


def meta_record(meta: ExportMeta, extent: Extent, *, file_format: str, time_zone: str) -> dict[str, object]:
    """The JSON of the first line, or of the `.meta.json` file; instants are RFC 3339 in UTC."""
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
        "range": {"from": instant(extent.first_ns), "to": instant(extent.last_ns)},
        "filter": None if meta.filter is None else _filter_record(meta.filter),
        "events": extent.count,
        "by_type": dict(sorted(extent.by_type.items())),
        "older_events_dropped": meta.went,
        "complete": meta.is_complete,
        "gaps": [gap_record(gap) for gap in meta.gaps],
        "quality": dict(meta.quality),
    }


def _filter_record(chosen: EventFilter) -> dict[str, object]:
    return {
        "types": None if chosen.types is None else sorted(chosen.types),
        "hidden_types": sorted(chosen.hidden_types),
        "text": chosen.text,
        "severities": None if chosen.severities is None else [s.name.lower() for s in sorted(chosen.severities)],
        "nodes": None if chosen.nodes is None else sorted(chosen.nodes),
        "hidden_nodes": sorted(chosen.hidden_nodes),
        "observers": None if chosen.observers is None else sorted(chosen.observers),
        "hidden_observers": sorted(chosen.hidden_observers),
    }
