"""A filter of events as SQL over a journal: by key in either direction, never by offset, and each answer as one row.

Beside a busy thread a statement that gives many rows waits for the interpreter at each of them.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter, Phrases, may_begin, phrases

MOST_FACETS: Final = 400
"""SQLite joins 500 selects at most."""
MOST_GROUPS: Final = 5
"""So many such joins one after the other; with more facets, rows are looked at one by one."""
MOST_WORDS: Final = 8
"""So many words that begin alike are asked for one by one."""
LAST: Final = 2**63 - 1
"""No number and no instant is greater: SQLite has no greater integer."""
WITHIN: Final = (
    "json_each(?1) AS stretch CROSS JOIN event ON event.id >= stretch.value ->> 0 AND event.id < stretch.value ->> 1"
)
"""Tables of a statement: the events of certain stretches, which are its first value, as `within` gives them."""
_SIGNS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ANY: Final = " *"  # a token has no sign like these
_LAST_SIGN: Final = "\U0010ffff"
_KEPT: Final = (
    "SELECT (SELECT min(id) FROM event WHERE id >= :first AND id < :beyond), "
    "(SELECT max(id) + 1 FROM event WHERE id >= :first AND id < :beyond)"
)
_NEXT: Final = "SELECT id, at_ns FROM event WHERE id >= ? ORDER BY id LIMIT 1"
VOCABULARY: Final = "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'search', 'instance')"
"""The words of the full-text index, in order: for each connection that searches."""


class Facet(NamedTuple):
    """What chips choose by, as the file has it."""

    id: int
    type: str
    node: str
    observer: str
    severity: Severity


@dataclass(frozen=True)
class Bounds:
    """Numbers of events: `first` is the least that may match, `end` one more than the greatest."""

    first: int
    end: int

    def within(self, first: int, end: int) -> "Bounds":
        """What lies in both."""
        return Bounds(max(self.first, first), min(self.end, end))


class Ending(NamedTuple):
    """What the last token of a phrase may be: this word, or each that begins so."""

    text: str
    is_beginning: bool = False


_facets: Final = msgspec.json.Decoder(list[tuple[int, str, str, str, int]]).decode


def all_facets(connection: sqlite3.Connection) -> list[Facet]:
    """Every one of the file."""
    (text,) = connection.execute(
        "SELECT json_group_array(json_array(id, type, node, observer, severity)) FROM facet"
    ).fetchone()
    return [
        Facet(facet, event_type, node, observer, severity_of_row(severity))
        for facet, event_type, node, observer, severity in _facets(text)
    ]


def facets_of(connection: sqlite3.Connection, chosen: EventFilter) -> list[int] | None:
    """The facets that a filter admits, by all but text and time; None for every one."""
    return admitted(all_facets(connection), chosen)


def admitted(facets: Sequence[Facet], chosen: EventFilter) -> list[int] | None:
    """Those of `facets`, which are all of a file, that a filter admits; None for every one."""
    found = [
        facet.id
        for facet in facets
        if chosen.admits_type(facet.type) and chosen.admits_names(facet.node, facet.observer)
    ]
    return None if len(found) == len(facets) else found


def bounds_of(connection: sqlite3.Connection, chosen: EventFilter) -> Bounds:
    """Between which numbers the time of a filter lies. Empty where nothing does.

    Where a clock was set back, what lies between may be of another time.
    """
    if chosen.has_times:
        found = stretches(connection, chosen.since_ns, chosen.until_ns)
        return Bounds(found[0].first, found[-1].end) if found else Bounds(0, 0)
    # Each by a statement of its own, which SQLite answers by the key; both in one would look at every row.
    first, end = connection.execute(
        "SELECT (SELECT coalesce(min(id), 0) FROM event), (SELECT coalesce(max(id), -1) + 1 FROM event)"
    ).fetchone()
    return Bounds(first, end)


def stretches(connection: sqlite3.Connection, since_ns: int | None, until_ns: int | None) -> list[Bounds]:
    """The numbers of all events in [since_ns, until_ns), in their order; None for the first and the last.

    Within a run times never fall as numbers rise, so that they are found without an index, by halving.
    """
    since_ns = -(2**63) if since_ns is None else since_ns
    until_ns = LAST if until_ns is None else until_ns
    found: list[Bounds] = []
    firsts = [row[0] for row in connection.execute("SELECT first_event FROM run ORDER BY first_event").fetchall()]
    for number, beyond in zip((0, *firsts), (*firsts, LAST), strict=True):
        kept = connection.execute(_KEPT, {"first": number, "beyond": beyond}).fetchone()
        if kept[0] is None:
            continue
        first = _first_at(connection, kept[0], kept[1], since_ns)
        end = _first_at(connection, first, kept[1], until_ns)
        if first < end:
            found.append(Bounds(first, end))
    return found


def within(connection: sqlite3.Connection, since_ns: int, until_ns: int) -> str:
    """`stretches` for `WITHIN`."""
    return json.dumps([[stretch.first, stretch.end] for stretch in stretches(connection, since_ns, until_ns)])


def _first_at(connection: sqlite3.Connection, first: int, end: int, at_ns: int) -> int:
    """From which number in [first, end] on all events are at that instant or later."""
    while first < end:
        middle = (first + end) // 2
        number, told_ns = connection.execute(_NEXT, (middle,)).fetchone() or (end, at_ns)
        if told_ns >= at_ns:
            end = middle
        else:
            first = number + 1
    return first


def is_clock_set_back(connection: sqlite3.Connection) -> bool:
    """True where some run began, by its clock, before the end of the one before it: numbers and times then differ."""
    for started_ns, first_event in connection.execute("SELECT started_ns, first_event FROM run ORDER BY id").fetchall():
        before = connection.execute(
            "SELECT at_ns FROM event WHERE id < ? ORDER BY id DESC LIMIT 1", (first_event,)
        ).fetchone()
        if before is not None and started_ns < before[0]:
            return True
    return False


def page(connection: sqlite3.Connection, facets: list[int] | None, bounds: Bounds, before: int, most: int) -> list[int]:
    """Numbers of the newest events of these facets within the bounds that are below `before`, newest first."""
    return _page(connection, facets, bounds.first, min(before, bounds.end), most, "DESC", is_rare=True)


def page_after(
    connection: sqlite3.Connection, facets: list[int] | None, first: int, end: int, most: int, *, is_rare: bool
) -> list[int]:
    """Numbers of the oldest events of these facets in [first, end), oldest first.

    is_rare: few events are of these facets, so that they are found sooner by facet than by looking at each event
    """
    return _page(connection, facets, first, end, most, "ASC", is_rare=is_rare)


def page_of_words(
    connection: sqlite3.Connection,
    words: Phrases,
    facets: list[int] | None,
    bounds: Bounds,
    before: int,
    most: int,
) -> list[int]:
    """As `page`, of events whose text has these words, as far as they are indexed."""
    within = Bounds(bounds.first, min(before, bounds.end))
    return matches(connection, expression(connection, words, facets), within, most, "DESC")


def page_of_words_after(
    connection: sqlite3.Connection, words: Phrases, facets: list[int] | None, first: int, end: int, most: int
) -> list[int]:
    """As `page_after`, of events whose text has these words, as far as they are indexed."""
    return matches(connection, expression(connection, words, facets), Bounds(first, end), most, "ASC")


def gathers(match: str) -> bool:
    """True where FTS5 gathers all places of some words before it gives the first."""
    return _ANY in match


def words_of(chosen: EventFilter) -> Phrases:
    """The words of a filter; none where it has none."""
    return phrases(chosen.text)


def severity_of_row(number: int) -> Severity:
    """A severity as it stands in a file; of a later program's, the gravest that is known."""
    return Severity(min(number, Severity.PROBLEM))


def numbers_of(connection: sqlite3.Connection, select: str, values: tuple[object, ...]) -> list[int]:
    """What a statement that gives `id` finds."""
    row = connection.execute(f"SELECT json_group_array(id) FROM ({select})", values).fetchone()  # noqa: S608 - ours
    numbers: list[int] = json.loads(row[0])
    return numbers


def _page(
    connection: sqlite3.Connection,
    facets: list[int] | None,
    first: int,
    end: int,
    most: int,
    order: str,
    *,
    is_rare: bool,
) -> list[int]:
    if facets is None or not is_rare or len(facets) > MOST_FACETS * MOST_GROUPS:
        among = "" if facets is None else "AND +facet IN (SELECT value FROM json_each(?3)) "
        select = f"SELECT id FROM event WHERE id >= ?1 AND id < ?2 {among}ORDER BY id {order} LIMIT ?4"  # noqa: S608 - ours
        return numbers_of(connection, select, (first, end, json.dumps(facets), most))
    # What is not indexed yet is looked at one by one; first, so that what is being indexed meanwhile is not missed.
    select = (
        "SELECT id FROM event WHERE id >= ? AND id < ? AND summary IS NULL "  # noqa: S608 - ours
        f"AND facet IN (SELECT value FROM json_each(?)) ORDER BY id {order} LIMIT ?"
    )
    unindexed = max(first, indexed(connection) + 1)
    found = numbers_of(connection, select, (unindexed, end, json.dumps(facets), most))
    one = (
        "SELECT * FROM (SELECT id FROM event WHERE facet = ? AND summary IS NOT NULL AND id >= ? AND id < ? "  # noqa: S608 - ours
        f"ORDER BY id {order} LIMIT ?)"
    )
    for at in range(0, len(facets), MOST_FACETS):
        group = facets[at : at + MOST_FACETS]
        values = [value for facet in group for value in (facet, first, end, most)]
        select = " UNION ALL ".join([one] * len(group)) + f" ORDER BY id {order} LIMIT ?"
        found += numbers_of(connection, select, (*values, most))
    return sorted(set(found), reverse=order == "DESC")[:most]


def indexed(connection: sqlite3.Connection) -> int:
    """Events up to this number are indexed: by full text, and by facet."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'indexed'").fetchone()
    return 0 if found is None else int(found[0])


def matches(connection: sqlite3.Connection, match: str | None, bounds: Bounds, most: int, order: str) -> list[int]:
    """Numbers within the bounds that an expression of `expression` finds; `order`: ASC or DESC."""
    if match is None:
        return []
    select = (
        "SELECT rowid AS id FROM search WHERE search MATCH ? AND rowid >= ? AND rowid < ? "  # noqa: S608 - ours
        f"ORDER BY rowid {order} LIMIT ?"
    )
    return numbers_of(connection, select, (match, bounds.first, bounds.end, most))


def expression(connection: sqlite3.Connection, words: Phrases, facets: list[int] | None) -> str | None:
    """What to ask FTS5 for; None where nothing can have these words and facets.

    It holds as long as the file has no new words: for what is older than when it was made, for ever.
    """
    if facets is not None and not facets:
        return None
    # Tokens are letters and digits alone, so that nothing in them can be taken for syntax.
    wanted = []
    for phrase in words:
        *whole, last = phrase
        endings = _endings(connection, last) if may_begin(last) else [Ending(last)]
        if not endings:
            return None
        before = "".join(f"{token} " for token in whole)
        asked = (f'"{before}{ending.text}"{_ANY if ending.is_beginning else ""}' for ending in endings)
        wanted.append(f"({' OR '.join(asked)})")
    match = f"{{words raw}} : ({' AND '.join(wanted)})"
    if facets is not None and len(facets) <= MOST_FACETS:
        match += f" AND {{facet}} : ({' OR '.join(f'f{facet}' for facet in facets)})"
    return match


def _endings(connection: sqlite3.Connection, beginning: str) -> list[Ending]:
    """What to ask FTS5 for where any word is wanted that begins so; nothing where the file has none.

    Asked for the beginning itself, it gathers every place of every such word before it gives the first: a fifth of a
    second for one that is in each of a million rows. Asked for words, it walks their places only as far as the answer
    needs. Where there are too many words, the beginning stands for itself and each longer one for those that follow:
    what is in every row is mostly the word that was typed.
    """
    words = _words_from(connection, beginning, beginning, longer=None)
    if len(words) <= MOST_WORDS:
        return [Ending(word) for word in words]
    others = _words_from(connection, beginning, beginning + "\x7f", longer=1)
    if len(others) > MOST_WORDS:
        return [Ending(beginning, is_beginning=True)]
    longer = (*(beginning + sign for sign in _SIGNS), *others)
    return [Ending(beginning), *(Ending(part, is_beginning=True) for part in longer)]


def _words_from(connection: sqlite3.Connection, beginning: str, least: str, longer: int | None) -> list[str]:
    """The words of the file that begin so, from `least` on; one more than `MOST_WORDS` at most.

    longer: with so many signs more, and cut there; None for whole words
    """
    found: list[str] = []
    step = "SELECT term FROM temp.vocabulary WHERE term >= ? LIMIT 1"
    while len(found) <= MOST_WORDS and (row := connection.execute(step, (least,)).fetchone()):
        word: str = row[0]
        if not word.startswith(beginning):
            break
        if longer is None:
            least = word + "\x01"
        else:
            word = word[: len(beginning) + longer]
            least = word + _LAST_SIGN
        found.append(word)
    return found
