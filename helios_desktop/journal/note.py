"""Bookmarks and notes: on an event, an instant, or a range; and their rows."""

import re
import sqlite3
from typing import Final

from msgspec import Struct

MAX_CHARACTERS: Final = 2_000
_HARMFUL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
COLUMNS: Final = "id, at_ns, until_ns, event, text, written_ns"


class Note(Struct, frozen=True, gc=False):
    """Make it by `new_note`. A bookmark where `text` is "".

    id:       for good; another note of the same id takes its place
    until_ns: the end of a range; None for an instant
    event:    the number of the event it is on; None for none
    """

    id: int
    at_ns: int
    until_ns: int | None
    event: int | None
    text: str
    written_ns: int


class PutNote(Struct, frozen=True, gc=False):
    """Keep a note, in place of the one of the same id."""

    note: Note


class RemoveNote(Struct, frozen=True, gc=False):
    """Let go of a note."""

    id: int


def new_note(text: str, written_ns: int, at_ns: int, *, until_ns: int | None = None, event: int | None = None) -> Note:
    """A note written now. No two are written within a microsecond, so that this is its id."""
    return Note(written_ns // 1_000, at_ns, until_ns, event, tidy_text(text), written_ns)


def tidy_text(text: str) -> str:
    """As it is kept: without control and direction characters but line ends and tabs, `MAX_CHARACTERS` at most."""
    plain = _HARMFUL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return plain if len(plain) <= MAX_CHARACTERS else plain[: MAX_CHARACTERS - 1] + "…"


def put(connection: sqlite3.Connection, note: Note) -> None:
    """Keep it, within the transaction of the caller."""
    connection.execute(
        "INSERT OR REPLACE INTO note (id, at_ns, until_ns, event, text, written_ns) VALUES (?, ?, ?, ?, ?, ?)",
        (note.id, note.at_ns, note.until_ns, note.event, tidy_text(note.text), note.written_ns),
    )


def remove(connection: sqlite3.Connection, note_id: int) -> None:
    """Let go of it, within the transaction of the caller."""
    connection.execute("DELETE FROM note WHERE id = ?", (note_id,))
