"""The tables of a journal and of a recording, and the way from older versions to this one.

`docs/recording-format.md` describes them for others. A change of a table is a new version: append to `MIGRATIONS`,
keep a file of the version before among the fixtures of the tests, and say it in that document.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from helios_desktop.words import _

APPLICATION_ID: Final = 0x48_45_4C_49
"""“HELI” in the header of the file (SQLite's `application_id`): by it `file` and we know whose it is."""

TABLES: Final = """
-- One life of a recorder; the fold begins anew with each. `ended_ns` is null while it lasts, or where it was killed.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    started_ns INTEGER NOT NULL,
    ended_ns INTEGER,
    first_seq INTEGER NOT NULL,
    first_event INTEGER NOT NULL,
    program TEXT NOT NULL,
    fold INTEGER NOT NULL
);
-- Observers, and the sources of REST answers.
CREATE TABLE name (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);
-- What was seen, in the order in which it was. `kind`: 0 frame, 1 sent, 2 REST, 3 connection, 4 tick.
CREATE TABLE observation (
    seq INTEGER PRIMARY KEY,
    received_ns INTEGER NOT NULL,
    observer INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    text TEXT NOT NULL,
    source INTEGER,
    status INTEGER
);
-- A tick a second finds an instant fast enough, and costs frames nothing.
CREATE INDEX observation_tick ON observation (received_ns) WHERE kind = 4;
-- What chips choose by: there are few of them, so that choosing is choosing among these.
CREATE TABLE facet (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    node TEXT NOT NULL,
    observer TEXT NOT NULL,
    severity INTEGER NOT NULL,
    is_derived INTEGER NOT NULL,
    UNIQUE (type, node, observer, is_derived)
);
-- What it meant. `told` is null where the event is the frame of `seq` as it decodes, `summary` until it is indexed.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    facet INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    summary TEXT,
    told TEXT
);
-- Only of what is indexed: in a flood, writing comes first.
CREATE INDEX event_facet ON event (facet, id) WHERE summary IS NOT NULL;
-- An event may be completed by a later observation, of which it then needs the text: few are.
CREATE INDEX event_told ON event (seq) WHERE told IS NOT NULL;
-- How many events of each facet a minute has: counts and densities without counting.
CREATE TABLE tally (
    minute INTEGER NOT NULL,
    facet INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, facet)
) WITHOUT ROWID;
-- Full text. `facet` is a word like f12, so that a common word of a rare facet is found fast.
CREATE VIEW searchable AS
    SELECT event.id AS id, 'f' || facet.id AS facet,
        event.summary || ' ' || facet.type || ' ' || facet.node || ' ' || facet.observer AS words,
        observation.text AS raw
    FROM event JOIN facet ON facet.id = event.facet LEFT JOIN observation ON observation.seq = event.seq;
CREATE VIRTUAL TABLE search USING fts5 (
    facet, words, raw, content = 'searchable', content_rowid = 'id', tokenize = "unicode61 remove_diacritics 0"
);
-- The folded state after `seq`, so that no instant is far from one; `samples` are those of the graphs since the last.
CREATE TABLE checkpoint (
    seq INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    run INTEGER NOT NULL,
    next_event INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    state BLOB NOT NULL,
    samples BLOB NOT NULL
);
-- Stretches in which nothing could be recorded, although something was seen.
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    since_ns INTEGER NOT NULL,
    until_ns INTEGER NOT NULL,
    reason TEXT NOT NULL,
    lost INTEGER NOT NULL
);
-- Bookmarks and notes: on an event, an instant, or a range where `until_ns` is not null.
CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    until_ns INTEGER,
    event INTEGER,
    text TEXT NOT NULL,
    written_ns INTEGER NOT NULL
);
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""

MIGRATIONS: Final[Sequence[str]] = ()
"""The statements that lead from version n + 1 to n + 2; the tables above are those of the latest version."""


class SchemaError(Exception):
    """The file is none of ours, or one of a later program; the message is a clause without the file's name."""


def version() -> int:
    """That of the tables above."""
    return len(MIGRATIONS) + 1


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file."""
    connection.executescript(
        f"BEGIN; {TABLES}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version()}; COMMIT"
    )


def check(connection: sqlite3.Connection) -> int:
    """Give the version of a file of ours. Raises `SchemaError`; `sqlite3.DatabaseError` where it is no SQLite file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise SchemaError(_("it is a database of another program"))
    if found > version():
        later = _("a later version of this program wrote it (format {found}, this one reads up to {known})")
        raise SchemaError(later.format(found=found, known=version()))
    return int(found)


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring an older file to this version, each step whole or not at all."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(found, len(migrations) + 1):
        try:
            connection.executescript(f"BEGIN; {migrations[number - 1]}; PRAGMA user_version = {number + 1}; COMMIT")
        except sqlite3.Error:
            connection.rollback()
            raise
