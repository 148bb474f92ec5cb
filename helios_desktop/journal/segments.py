"""What can be let go of a journal at once: all between two kept states.

A fold begins without a state where a run begins, so that segments begin and end there too. What comes after the last
state is none yet.
"""

import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec

NOTED_NS: Final = 60 * 1_000_000_000
"""So much before and after a note is kept with it."""
_STATES: Final = (
    "SELECT json_group_array(json_array(seq, at_ns, event, is_kept)) FROM ("
    "SELECT seq, at_ns, next_event AS event, run, 1 AS is_kept FROM checkpoint "
    "UNION ALL SELECT first_seq - 1, started_ns, first_event, id, 0 FROM run ORDER BY 1, 4, 5)"
)
_NOTES: Final = "SELECT json_group_array(json_array(at_ns, coalesce(until_ns, at_ns), coalesce(event, -1))) FROM note"

_State = tuple[int, int, int, int]
_Note = tuple[int, int, int]
_states: Final = msgspec.json.Decoder(list[_State]).decode
_notes: Final = msgspec.json.Decoder(list[_Note]).decode


@dataclass(frozen=True)
class Segment:
    """Observations with numbers in (after_seq, until_seq], events from first_event to below end_event.

    has_checkpoint: the state that it begins from is a row; else a run begins
    ends_run:       another run begins after it, maybe long after
    share:          of all observations
    is_noted:       there is a note in it or near it
    """

    after_seq: int
    until_seq: int
    first_event: int
    end_event: int
    begin_ns: int
    end_ns: int
    has_checkpoint: bool
    ends_run: bool
    share: float
    is_noted: bool


def read_segments(connection: sqlite3.Connection) -> list[Segment]:
    """All that there are, oldest first; those of which nothing is left are none."""
    # As one row each: a thread would wait for the interpreter at each of many.
    states = _states(connection.execute(_STATES).fetchone()[0])
    notes = _notes(connection.execute(_NOTES).fetchone()[0])
    last = connection.execute("SELECT coalesce(max(seq), 0) FROM observation").fetchone()[0]
    total = max(1, last - states[0][0]) if states else 1
    return [
        _segment(begin, end, total, is_noted=any(_is_near(note, begin, end) for note in notes))
        for begin, end in pairwise(states)
        if begin[3] or _has_rows(connection, begin, end)
    ]


def last_seen_ns(connection: sqlite3.Connection, segment: Segment) -> int:
    """When the last of its observations was received; when it began where it has none."""
    if not segment.ends_run:
        return segment.end_ns
    found = connection.execute(
        "SELECT received_ns FROM observation WHERE seq > ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
        (segment.after_seq, segment.until_seq),
    ).fetchone()
    return segment.begin_ns if found is None else int(found[0])


def _segment(begin: _State, end: _State, total: int, *, is_noted: bool) -> Segment:
    after_seq, begin_ns, first_event, has_checkpoint = begin
    until_seq, end_ns, end_event, is_kept = end
    share = (until_seq - after_seq) / total
    return Segment(
        after_seq,
        until_seq,
        first_event,
        end_event,
        begin_ns,
        end_ns,
        bool(has_checkpoint),
        not is_kept,
        share,
        is_noted,
    )


def _is_near(note: _Note, begin: _State, end: _State) -> bool:
    since_ns, until_ns, event = note
    return (since_ns - NOTED_NS <= end[1] and until_ns + NOTED_NS >= begin[1]) or begin[2] <= event < end[2]


def _has_rows(connection: sqlite3.Connection, begin: _State, end: _State) -> bool:
    (found,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM observation WHERE seq > ? AND seq <= ?) "
        "OR EXISTS (SELECT 1 FROM event WHERE id >= ? AND id < ?)",
        (begin[0], end[0], begin[2], end[2]),
    ).fetchone()
    return bool(found)
