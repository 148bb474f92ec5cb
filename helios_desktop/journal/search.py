"""A filter of events over a journal, answered page by page in either direction: rows for a list, found as it is shown.

All calls are for the thread of the reader, and raise as it does.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter, Finder, seen_text
from helios_desktop.journal import query
from helios_desktop.journal.block import decoded, event_blocks
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stored import summary_of

BLOCK: Final = 2_000
"""How many rows a pattern, or a word that is not indexed yet, is looked for in at a time."""

_Hit = tuple[int, int, int, str | None, str | None]
"""Number, facet, instant, summary; what is told where there is no summary yet."""
_hits: Final = msgspec.json.Decoder(list[_Hit]).decode
_texts: Final = msgspec.json.Decoder(list[tuple[int, str]]).decode
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Page:
    """Events that pass, oldest first, and how far was looked for them.

    repeats:   true where an event tells the same as the one before it in the page: type, node, observer, summary
    first, end: all events with numbers in [first, end) were looked at; what passes of them is here
    is_last:   there is nothing beyond in the direction that was asked for
    looked_ns: when the farthest event that was looked at was seen, be it one that does not pass; None where none was
    """

    numbers: npt.NDArray[np.int64]
    at_ns: npt.NDArray[np.int64]
    severities: npt.NDArray[np.int8]
    repeats: npt.NDArray[np.bool_]
    first: int
    end: int
    is_last: bool
    looked_ns: int | None = None


class Search:
    """One filter, over the file as it was when this was made: older pages may be asked for as long as one likes.

    expression: what an earlier one of the same filter asked for, which spares finding it out

    Raises `PatternError` where the pattern is none, and in each call where it takes too long on a row.
    """

    def __init__(self, reader: Reader, chosen: EventFilter, expression: str | None = None) -> None:
        self._connection = reader.connection
        self._chosen = chosen
        self._finder = Finder(chosen)
        self._pattern = Finder(replace(chosen, text=""))
        facets = query.all_facets(self._connection)
        self._facets = {facet.id: facet for facet in facets}
        self._admitted = query.admitted(facets, chosen)
        self._bounds = query.bounds_of(self._connection, chosen)
        self._words = query.words_of(chosen)
        self._indexed = reader.indexed() if self._words else query.LAST
        self.expression = expression
        if self._words and expression is None:
            self.expression = query.expression(self._connection, self._words, self._admitted)

    @property
    def is_quick(self) -> bool:
        """True where a page takes some milliseconds, however long the file is; else nothing but its thread should ask.

        A pattern, or a beginning of very many words, has all of them looked at first.
        """
        return self._pattern.is_idle and not (self.expression is not None and query.gathers(self.expression))

    def older(self, before: int, most: int) -> Page:
        """The newest events below `before` that pass, `most` at most; maybe none although there are others."""
        bounds = self._bounds
        end = min(before, bounds.end)
        if end <= bounds.first:
            return self._page((), self._pattern, bounds.first, before, is_last=True)
        if end > self._indexed + 1:
            # By looking at each, as far back as they are not indexed.
            first, most, finder = max(self._indexed + 1, bounds.first), BLOCK, self._finder
            numbers = query.page(self._connection, self._admitted, query.Bounds(first, end), end, most)
        else:
            first, finder = bounds.first, self._pattern
            most = most if finder.is_idle else BLOCK
            numbers = (
                query.matches(self._connection, self.expression, query.Bounds(bounds.first, end), most, "DESC")
                if self._words
                else query.page(self._connection, self._admitted, bounds, end, most)
            )
        is_done = len(numbers) < most
        looked = first if is_done else numbers[-1]
        return self._page(numbers, finder, looked, before, is_last=is_done and first == bounds.first)

    def newer(self, first: int, most: int) -> Page:
        """The oldest events from `first` on that pass, `most` at most; maybe none although there are others."""
        begin, end = max(first, self._bounds.first), self._bounds.end
        if begin >= end:
            return self._page((), self._pattern, first, max(first, end), is_last=True)
        if self._words and begin <= self._indexed:
            until, finder = min(end, self._indexed + 1), self._pattern
            most = most if finder.is_idle else BLOCK
            numbers = query.matches(self._connection, self.expression, query.Bounds(begin, until), most, "ASC")
        else:
            until, finder = end, self._finder
            most = most if finder.is_idle else BLOCK
            numbers = query.page_after(self._connection, self._admitted, begin, until, most, is_rare=True)
        is_done = len(numbers) < most
        looked = until if is_done else numbers[-1] + 1
        return self._page(numbers, finder, first, looked, is_last=is_done and until == end)

    def _page(self, numbers: Sequence[int], finder: Finder, first: int, end: int, *, is_last: bool) -> Page:
        hits = self._load(numbers) if numbers else []
        looked_ns = None if not hits else hits[0 if numbers[0] >= numbers[-1] else -1][2]
        chosen = self._chosen
        if chosen.has_times:
            # Numbers follow times but where a clock was set back, or an event was completed later.
            hits = [hit for hit in hits if chosen.admits_time(hit[2])]
        if self._words and self._admitted is not None:
            # By words alone too many are found, where there are very many facets.
            admitted = frozenset(self._admitted)
            hits = [hit for hit in hits if hit[1] in admitted]
        if not finder.is_idle:
            texts = self._texts(hits) if finder.has_words or any(hit[3] is None for hit in hits) else {}
            hits = [hit for hit in hits if self._finds(finder, hit, texts.get(hit[0], ""))]
        return _page(hits, self._facets, first, end, is_last, looked_ns)

    def _load(self, numbers: Sequence[int]) -> list[_Hit]:
        (text,) = self._connection.execute(
            "SELECT json_group_array(json_array(event.id, event.facet, event.at_ns, event.summary, "
            "CASE WHEN event.summary IS NULL THEN event.told END)) "
            "FROM json_each(?) AS wanted CROSS JOIN event ON event.id = wanted.value",
            (_encode(numbers).decode(),),
        ).fetchone()
        return sorted(decoded(_hits, text))

    def _texts(self, hits: Sequence[_Hit]) -> dict[int, str]:
        found: dict[int, str] = {}
        for block in event_blocks(self._connection, [hit[0] for hit in hits], BLOCK):
            (text,) = self._connection.execute(
                "SELECT json_group_array(json_array(event.id, observation.text)) FROM json_each(?) AS wanted "
                "CROSS JOIN event ON event.id = wanted.value JOIN observation ON observation.seq = event.seq",
                (block,),
            ).fetchone()
            found |= dict(decoded(_texts, text))
        return found

    def _finds(self, finder: Finder, hit: _Hit, raw: str) -> bool:
        _number, facet_id, _at_ns, summary, told = hit
        facet = self._facets[facet_id]
        words = summary if summary is not None else summary_of(facet.type, told, raw)
        return finder.finds(seen_text(words, facet.type, facet.node, facet.observer), raw)


def next_of(search: Search, number: int, step: int) -> int | None:
    """The first event after `number` that passes (step 1), or the last one before it (-1); None where there is none."""
    while True:
        page = search.newer(number + 1, 1) if step > 0 else search.older(number, 1)
        if len(page.numbers):
            return int(page.numbers[0 if step > 0 else -1])
        if page.is_last:
            return None
        number = page.end - 1 if step > 0 else page.first


def _page(
    hits: Sequence[_Hit],
    facets: Mapping[int, query.Facet],
    first: int,
    end: int,
    is_last: bool,
    looked_ns: int | None,
) -> Page:
    severities = [facets[hit[1]].severity if hit[1] in facets else Severity.INFO for hit in hits]
    # What is not indexed has no summary yet.
    repeats = [
        before[1] == after[1] and after[3] is not None and before[3] == after[3]
        for before, after in itertools.pairwise(hits)
    ]
    return Page(
        np.array([hit[0] for hit in hits], dtype=np.int64),
        np.array([hit[2] for hit in hits], dtype=np.int64),
        np.array(severities, dtype=np.int8),
        np.array([False, *repeats] if hits else [], dtype=np.bool_),
        first,
        end,
        is_last,
        looked_ns,
    )
