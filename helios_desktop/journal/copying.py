"""Rows copied from file to file within SQLite, block by block, so that memory stays flat and others go on writing."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from helios_desktop.journal.note import COLUMNS, Note, put
from helios_desktop.journal.reader import CheckpointRow, Reader
from helios_desktop.journal.stretch import Stretch, Within
from helios_desktop.journal.writer import MINUTE_NS, Unrecorded

BLOCK: Final = 10_000


@dataclass(frozen=True)
class Part:
    """A stretch, and how it stands in the new file.

    seq_shift, event_shift: what is added to its numbers
    is_continued:  it goes on where the part before it ends, so that both are one run
    first_event:   the number, in the source, of the first event that folding from its beginning gives
    states:        what is to be among its checkpoints, in place of those of the same number in the source
    """

    stretch: Stretch
    first_event: int
    seq_shift: int = 0
    event_shift: int = 0
    is_continued: bool = False
    states: Sequence[CheckpointRow] = field(default=())


@contextmanager
def attached(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Have another file as `source` of this connection's statements, to read, as it is when the first one reads it."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    connection.execute("ATTACH ? AS source", (uri,))
    try:
        try:
            connection.execute("SELECT count(*) FROM source.sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            # As `open_to_read`: its log cannot be joined to it on a read-only disk.
            connection.execute("DETACH source")
            connection.execute("ATTACH ? AS source", (f"{uri}&immutable=1",))
        connection.execute("BEGIN")
        yield
        connection.commit()
    finally:
        connection.rollback()
        connection.execute("DETACH source")


def copy_part(connection: sqlite3.Connection, part: Part, step: Callable[[int], None]) -> int:
    """Copy one part of the attached `source` into `main`; gives its run there.

    step: called with the number of rows that were copied; what it raises ends the copying
    """
    run = _begin_run(connection, part)
    for first, last in _blocks(connection, "observation", "seq", part.stretch.first_seq, part.stretch.last_seq):
        _copy_observations(connection, first, last, part.seq_shift)
        step(last - first + 1)
    for first, last in _blocks(connection, "event", "id", part.stretch.first_event, part.stretch.end_event - 1):
        step(_copy_events(connection, first, last, part))
    _copy_checkpoints(connection, part, run)
    return run


def copy_gaps(connection: sqlite3.Connection, gaps: Sequence[Unrecorded]) -> None:
    """Add gaps that are not there yet, by their time."""
    columns = "since_ns, until_ns, reason, lost"
    rows = connection.execute(f"SELECT {columns} FROM main.gap").fetchall()  # noqa: S608 - our own names
    known = [Unrecorded(*row) for row in rows]
    all_of_them = sorted(dict.fromkeys([*known, *gaps]), key=lambda gap: (gap.since_ns, gap.until_ns))
    connection.execute("DELETE FROM main.gap")
    for gap in all_of_them:
        connection.execute(
            f"INSERT INTO main.gap ({columns}) VALUES (?, ?, ?, ?)",  # noqa: S608 - our own names
            (gap.since_ns, gap.until_ns, gap.reason, gap.lost),
        )


def copy_notes(connection: sqlite3.Connection, notes: Sequence[Note], parts: Sequence[Part]) -> None:
    """Add notes that are not there yet; `parts` are all of the file that they are from."""
    known = {Note(*row) for row in connection.execute(f"SELECT {COLUMNS} FROM main.note")}  # noqa: S608 - our own names
    taken = {note.id for note in known}
    for note in notes:
        moved = replace(note, event=_moved(note.event, parts))
        if moved in known:
            continue
        if moved.id in taken:
            moved = replace(moved, id=max(taken) + 1)
        put(connection, moved)
        taken.add(moved.id)


def gaps_within(reader: Reader, within: Within) -> list[Unrecorded]:
    """Those that touch a time, oldest first."""
    return [gap for gap in reader.gaps() if gap.until_ns >= within.least_ns and gap.since_ns < within.most_ns]


def notes_within(reader: Reader, within: Within) -> list[Note]:
    """Those that touch a time, oldest first."""
    return [
        note
        for note in reader.notes()
        if max(note.until_ns or note.at_ns, note.at_ns) >= within.least_ns and note.at_ns < within.most_ns
    ]


def _moved(event: int | None, parts: Sequence[Part]) -> int | None:
    if event is None:
        return None
    for part in parts:
        if part.stretch.first_event <= event < part.stretch.end_event:
            return event + part.event_shift
    return event


def _begin_run(connection: sqlite3.Connection, part: Part) -> int:
    stretch = part.stretch
    ended_ns = stretch.run.ended_ns if stretch.is_ended else stretch.last_ns
    if part.is_continued:
        (run,) = connection.execute("SELECT max(id) FROM main.run").fetchone()
        connection.execute("UPDATE main.run SET ended_ns = ? WHERE id = ?", (ended_ns, run))
        return int(run)
    cursor = connection.execute(
        "INSERT INTO main.run (started_ns, ended_ns, first_seq, first_event, program, fold) VALUES (?, ?, ?, ?, ?, ?)",
        (
            stretch.run.started_ns,
            ended_ns,
            stretch.first_seq + part.seq_shift,
            part.first_event + part.event_shift,
            stretch.run.program,
            stretch.run.fold,
        ),
    )
    return cursor.lastrowid or 0


def _blocks(connection: sqlite3.Connection, table: str, key: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    while first <= last:
        (end,) = connection.execute(
            f"SELECT max({key}) FROM (SELECT {key} FROM source.{table} "  # noqa: S608 - our own names
            f"WHERE {key} >= ? AND {key} <= ? ORDER BY {key} LIMIT {BLOCK})",
            (first, last),
        ).fetchone()
        if end is None:
            return
        yield first, end
        first = end + 1


def _copy_observations(connection: sqlite3.Connection, first: int, last: int, shift: int) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO main.name (text) SELECT text FROM source.name WHERE id IN ("
        "SELECT observer FROM source.observation WHERE seq BETWEEN :first AND :last UNION "
        "SELECT source FROM source.observation WHERE seq BETWEEN :first AND :last) ORDER BY id",
        {"first": first, "last": last},
    )
    connection.execute(
        "INSERT INTO main.observation (seq, received_ns, observer, epoch, kind, text, source, status) "
        "SELECT old.seq + ?, old.received_ns, observer.id, old.epoch, old.kind, old.text, origin.id, old.status "
        "FROM source.observation AS old "
        "JOIN source.name AS old_observer ON old_observer.id = old.observer "
        "JOIN main.name AS observer ON observer.text = old_observer.text "
        "LEFT JOIN source.name AS old_origin ON old_origin.id = old.source "
        "LEFT JOIN main.name AS origin ON origin.text = old_origin.text "
        "WHERE old.seq BETWEEN ? AND ? ORDER BY old.seq",
        (shift, first, last),
    )


def _copy_events(connection: sqlite3.Connection, first: int, last: int, part: Part) -> int:
    connection.execute(
        "INSERT OR IGNORE INTO main.facet (type, node, observer, severity, is_derived) "
        "SELECT type, node, observer, severity, is_derived FROM source.facet "
        "WHERE id IN (SELECT facet FROM source.event WHERE id BETWEEN ? AND ?) ORDER BY id",
        (first, last),
    )
    copied = connection.execute(
        "INSERT INTO main.event (id, at_ns, facet, seq, summary, told) "
        "SELECT old.id + ?, old.at_ns, facet.id, old.seq + ?, old.summary, old.told "
        "FROM source.event AS old JOIN source.facet AS of ON of.id = old.facet "
        "JOIN main.facet AS facet USING (type, node, observer, is_derived) "
        "WHERE old.id BETWEEN ? AND ? ORDER BY old.id",
        (part.event_shift, part.seq_shift, first, last),
    ).rowcount
    connection.execute(
        "INSERT INTO main.tally (minute, facet, count) "
        "SELECT at_ns / ?, facet, count(*) FROM main.event WHERE id BETWEEN ? AND ? GROUP BY 1, 2 "
        "ON CONFLICT DO UPDATE SET count = count + excluded.count",
        (MINUTE_NS, first + part.event_shift, last + part.event_shift),
    )
    return copied


def _copy_checkpoints(connection: sqlite3.Connection, part: Part, run: int) -> None:
    insert = "INSERT OR IGNORE INTO main.checkpoint (seq, at_ns, run, next_event, fold, state, samples) "
    for state in part.states:
        connection.execute(
            insert + "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                state.seq + part.seq_shift,
                state.at_ns,
                run,
                state.next_event + part.event_shift,
                state.fold,
                state.state,
                state.samples,
            ),
        )
    connection.execute(
        insert + "SELECT seq + ?, at_ns, ?, next_event + ?, fold, state, samples FROM source.checkpoint "  # noqa: S608 - ours
        "WHERE seq BETWEEN ? AND ? AND run = ? ORDER BY seq",
        (part.seq_shift, run, part.event_shift, part.stretch.first_seq, part.stretch.last_seq, part.stretch.run.id),
    )
