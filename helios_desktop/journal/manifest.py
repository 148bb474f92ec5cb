"""What a recording says of itself: whose it is, when, how much, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from helios_desktop.journal.reader import Reader, RunRow

MANIFEST: Final = "manifest"
"""Its key in `meta`; a journal, which grows, has none there."""
ANONYMISED: Final = "anonymised"
"""Another key, of recordings whose host names and addresses are made up."""
BETWEEN_RUNS: Final = "not recording"
"""The reason of a gap between two runs. Programs read it, so it is never translated."""

_OF_ONE_FILE: Final = frozenset({MANIFEST, "indexed"})
LET_GO: Final = "let go"
"""The reason of a gap that retention made within a run."""
# Retention lets go of all between two kept states, so that a hole ends with one whose own observation is gone.
_HOLES: Final = (
    "SELECT (SELECT received_ns FROM observation WHERE seq < kept.seq ORDER BY seq DESC LIMIT 1), after.received_ns "
    "FROM checkpoint AS kept JOIN observation AS after ON after.seq = kept.seq + 1 JOIN run ON run.id = kept.run "
    "WHERE NOT EXISTS (SELECT 1 FROM observation WHERE seq = kept.seq) "
    "AND EXISTS (SELECT 1 FROM observation WHERE seq >= run.first_seq AND seq < kept.seq)"
)


class MissingSpan(Struct, frozen=True):
    """A stretch of which nothing, or not all, was recorded; `lost` observations at least, as far as is known."""

    since_ns: int
    until_ns: int
    reason: str
    lost: int = 0


class Manifest(Struct, frozen=True):
    """Facts about a recording or a journal, as of one moment.

    format:        version of the tables
    cluster:       its name, "" where it is not known; so is `environment`
    sources:       addresses of gateways, without any secret
    observers:     who saw something, by name
    first_ns, last_ns: when the first and the last observation were received; None where there is none
    gaps:          what is missing, oldest first
    notes:         how many bookmarks and notes
    program:       what wrote it: of a journal, in its last run
    created_ns:    when it was saved; of a journal, when its first run began
    is_anonymised: host names and addresses are made up
    """

    format: int
    cluster: str
    environment: str
    sources: tuple[str, ...]
    observers: tuple[str, ...]
    first_ns: int | None
    last_ns: int | None
    observations: int
    events: int
    gaps: tuple[MissingSpan, ...]
    notes: int
    program: str
    created_ns: int
    is_anonymised: bool = False


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Manifest).decode


def read_manifest(reader: Reader) -> Manifest:
    """Of a recording as it was written into it, with the notes of now; of a journal as it stands.

    Raises `sqlite3.Error`.
    """
    kept = decoded(reader.meta().get(MANIFEST, ""))
    if kept is not None:
        return replace(kept, notes=_count(reader, "note"))
    return find_manifest(reader)


def find_manifest(reader: Reader, *, is_counted: bool = False) -> Manifest:
    """The same by the tables alone.

    is_counted: each observation is counted, which takes a while, instead of the first taken from the last
    """
    meta, runs, extent = reader.meta(), reader.runs(), reader.extent()
    observers = reader.connection.execute("SELECT DISTINCT observer FROM facet WHERE observer != '' ORDER BY observer")
    (version,) = reader.connection.execute("PRAGMA user_version").fetchone()
    return Manifest(
        version,
        meta.get("cluster", ""),
        meta.get("environment", ""),
        tuple(meta.get("sources", "").split()),
        tuple(observer for (observer,) in observers.fetchall()),
        extent.first_ns,
        extent.last_ns,
        _count(reader, "observation") if is_counted else extent.observations,
        extent.events,
        _missing(reader, runs),
        _count(reader, "note"),
        runs[-1].program if runs else "",
        runs[0].started_ns if runs else 0,
        is_anonymised=ANONYMISED in meta,
    )


def about_of(meta: Mapping[str, str]) -> dict[str, str]:
    """What `meta` tells of the cluster, without what holds for one file alone."""
    return {key: value for key, value in meta.items() if key not in _OF_ONE_FILE}


def decoded(kept: str) -> Manifest | None:
    """What stands in `meta`; None where a later program wrote what this one does not know, or it is broken."""
    try:
        return _decode(kept)
    except msgspec.MsgspecError:
        return None


def encoded(manifest: Manifest) -> str:
    """As it stands in `meta`."""
    return _encode(manifest).decode()


def _count(reader: Reader, table: str) -> int:
    return int(reader.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def _missing(reader: Reader, runs: Sequence[RunRow]) -> tuple[MissingSpan, ...]:
    gaps = reader.gaps()
    spans = [MissingSpan(gap.since_ns, gap.until_ns, gap.reason, gap.lost) for gap in gaps]
    for run in runs[1:]:
        before, after = reader.connection.execute(
            "SELECT (SELECT received_ns FROM observation WHERE seq < :first ORDER BY seq DESC LIMIT 1), "
            "(SELECT received_ns FROM observation WHERE seq >= :first ORDER BY seq LIMIT 1)",
            {"first": run.first_seq},
        ).fetchone()
        # Where the run before did not end well, a gap tells it until this one began.
        is_told = before is not None and any(gap.covers(before, max(before, run.started_ns)) for gap in gaps)
        if before is not None and after is not None and after > before and not is_told:
            spans.append(MissingSpan(before, after, BETWEEN_RUNS))
    holes = reader.connection.execute(_HOLES).fetchall()
    spans += [MissingSpan(before, after, LET_GO) for before, after in holes]
    return tuple(sorted(spans, key=lambda span: span.since_ns))
