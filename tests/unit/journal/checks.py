"""What must hold of every journal, whatever happened to it."""

import sqlite3

from helios_desktop.journal.writer import MINUTE_NS, Writer


def check_whole(connection: sqlite3.Connection) -> None:
    """SQLite finds no damage, counts are what is counted, and full text has what it should."""
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check_counts(connection)
    check_search(connection)


def check_counts(connection: sqlite3.Connection) -> None:
    """The tally is exact, and has no empty rows."""
    counted = connection.execute(
        "SELECT at_ns / ?, facet, count(*) FROM event GROUP BY 1, 2 ORDER BY 1, 2", (MINUTE_NS,)
    ).fetchall()
    assert connection.execute("SELECT minute, facet, count FROM tally ORDER BY 1, 2").fetchall() == counted


def check_search(connection: sqlite3.Connection) -> None:
    """Once all is indexed, the index says of each event what its texts say, and of no other."""
    writer = Writer(connection)
    while writer.index():
        pass
    connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
    connection.rollback()
    (indexed,) = connection.execute("SELECT count(*) FROM search_docsize").fetchone()
    assert (indexed,) == connection.execute("SELECT count(*) FROM event").fetchone()
