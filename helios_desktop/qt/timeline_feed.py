"""Which stretch of all that is recorded the timeline holds, and how it grows: newest first, at either end, never whole.

What memory has is there at once; what is older comes from the journal, asked in another thread, page by page.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from helios_desktop.event_filter import EventFilter, Finder, PatternError, phrases
from helios_desktop.journal.search import Page
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.qt.timeline_searcher import Haste, Searcher
from helios_desktop.qt.timeline_source import NEWEST, Source
from helios_desktop.qt.timeline_told import Told
from helios_desktop.store.log import EventLog
from helios_desktop.words import _

FIRST: Final = 200
"""How many rows are asked for first: some screens."""
PAGE: Final = 2_000
AHEAD: Final = 20_000
"""How many rows are fetched without being asked for."""
HELD: Final = 200_000
"""How many are held at most; beyond, those at the other end go, and come again when one scrolls there."""
TYPED_ROWS: Final = 2_000
"""How many events of memory one step looks at by type, node, observer and time."""
TEXT_ROWS: Final = 400
"""How many by text: some microseconds each."""


class Feed(QObject):
    """Fills `model`. `moving` brackets each change of its rows; `seen` gets each page once, for counts.

    The window's thread only; `close` it.
    """

    changed = Signal()
    """Rows came or went, or a search began, went on or ended."""
    failed = Signal(str)
    """A sentence: the pattern is none or takes too long, or the journal cannot be read."""

    def __init__(
        self,
        model: TimelineModel,
        moving: Callable[[], AbstractContextManager[None]],
        seen: Callable[[Page], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._moving = moving
        self._seen = seen
        self._source = Source(self._fail)
        self._held_end: int | None = None
        self._low = self._high = 0  # all numbers between them were looked at
        self._swept = 0  # all from here on is counted
        self._has_older = self._has_newer = False
        self._is_asking = self._is_asking_newer = False
        self._is_swept = True
        self._is_stopped = self._is_unreadable = False
        self._is_given_up = False  # the pattern is none, or takes too long: it is told once
        self._revision = 0
        self._turn = 0  # answers to questions of an earlier one are late
        self._goal = AHEAD
        self._step = QTimer(self)
        self._step.setSingleShot(True)
        self._step.timeout.connect(self._go_on)

    # What it knows

    @property
    def log(self) -> EventLog:
        """What memory has."""
        return self._source.log

    @property
    def chosen(self) -> EventFilter:
        """The filter in force."""
        return self._source.chosen

    @property
    def reads_all(self) -> bool:
        """True where even the newest comes from the file: a replay."""
        return self._source.reads_all

    @property
    def searcher(self) -> Searcher | None:
        """Who asks the file; None where there is none."""
        return self._source.searcher

    @property
    def floor(self) -> int:
        """From this number on memory is asked."""
        return self._source.floor

    @property
    def held_end(self) -> int | None:
        """The number from which on events are held back, if they are."""
        return self._held_end

    @property
    def high(self) -> int:
        """All that came below this number was looked at."""
        return self._high

    @property
    def is_searching(self) -> bool:
        """True while rows that are wanted, or must be counted, were not looked for yet."""
        return not self._is_stopped and (
            (self._has_older and self._wants_rows) or self._is_asking or (self._is_slow and not self._is_swept)
        )

    @property
    def can_stop(self) -> bool:
        """True while a search goes on that may take long."""
        return self.is_searching and self._is_slow

    @property
    def is_stopped(self) -> bool:
        """True where the user stopped the search before its end."""
        return self._is_stopped

    @property
    def is_unreadable(self) -> bool:
        """True where the file could not be read."""
        return self._is_unreadable

    @property
    def has_no_older(self) -> bool:
        """True where the first row is the oldest of all."""
        return not self._has_older

    @property
    def is_at_newest(self) -> bool:
        """True where the last row is the last of all that is shown."""
        return not self._has_newer

    @property
    def unseen(self) -> int:
        """How many events came that are not looked at yet, or held back."""
        waits = not (self.reads_all or self._has_newer or self._is_given_up)
        return max(0, self.log.end - self._high) if waits else 0

    def holds(self, number: int) -> bool:
        """True where that number was looked at, so that it is in the rows if it passes."""
        return self._low <= number < self._high

    @property
    def _is_slow(self) -> bool:
        # Only a search of all tells how many have some words or a pattern.
        return bool(phrases(self.chosen.text)) or bool(self.chosen.pattern)

    @property
    def _wants_rows(self) -> bool:
        return len(self._model.rows.numbers) < self._goal

    # What the panel calls

    def show(self, watched: Watched | None, chosen: EventFilter) -> None:
        """Show the newest of these: what memory has at once, older ones as they are found."""
        self._ignore_answers()
        if self.searcher is not None:
            self.searcher.forget()
        source = self._source
        source.open(watched, chosen)
        self._revision = self.log.revision
        self._has_newer = self._is_stopped = self._is_unreadable = self._is_given_up = False
        self._has_older, self._is_swept = not source.is_empty, source.is_empty
        self._goal = AHEAD if self.searcher is not None else HELD
        self._swept = NEWEST
        end = NEWEST if self.reads_all else self.log.end if self._held_end is None else self._held_end
        self._low = self._high = end
        told = Told(self.log, source.file, reads_all=self.reads_all)
        with self._moving():
            self._model.show(told, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_))
            try:
                Finder(chosen)
                if self.floor < end:
                    self._look_in_memory()
            except PatternError as error:
                self._fail(error)
                return
            if self._low <= self.floor and (page := source.first_page(self._low, FIRST)) is not None:
                self._take_older(page)
        self._go_on()
        self.changed.emit()

    def hold(self, end: int | None) -> None:
        """Show nothing from number `end` on; None shows all again at the next `catch_up`."""
        self._held_end = end

    def catch_up(self) -> None:
        """Let go of what is nowhere any more, take in what came."""
        if self._source.is_empty or self.reads_all:
            return
        model, log = self._model, self.log
        with self._moving():
            if self.searcher is None:
                model.drop_before(log.first)
                self._low = max(self._low, log.first)
            if self._revision != log.revision:
                # Some event was completed in its place.
                self._revision = log.revision
                model.repaint()
            end = log.end if self._held_end is None else self._held_end
            if self._has_newer or end <= self._high:
                return
            if self._is_given_up:
                self._high = end
                return
            try:
                # After a flood some have come and gone already: start no earlier than what is kept.
                page = self._source.in_memory(self._high, end)
            except PatternError as error:
                self._high = end
                self._fail(error)
                return
            self._high = end
            self._seen(page)
            model.append(page.numbers, page.repeats)
            self._bound_oldest()

    def want_older(self) -> None:
        """The user comes to the top: fetch more."""
        if self._has_older and not self._is_stopped:
            self._goal = max(self._goal, len(self._model.rows.numbers) + PAGE)
            self._go_on()

    def want_newer(self) -> None:
        """The user comes to the end of the rows, which is not the end of all."""
        is_wanted = self._has_newer and not self._is_asking_newer and not self._is_given_up
        if is_wanted and self.searcher is not None:
            self._is_asking_newer = True
            turn = self._turn
            self.searcher.ask(
                Haste.ROWS,
                self._source.newer(self._high, PAGE),
                lambda page: self._take_newer(page) if turn == self._turn else None,
            )

    def show_around(self, older: Page, newer: Page) -> None:
        """Hold these pages of the file alone, which meet, instead of what is held."""
        self._low, self._high = older.first, newer.end
        self._has_older, self._has_newer = not older.is_last, self.reads_all or not newer.is_last
        self._goal = 0
        with self._moving():
            self._model.show(self._model.told, older.numbers, older.repeats)
            self._model.append(newer.numbers, newer.repeats)
        self.catch_up()
        self.changed.emit()

    def stop(self) -> None:
        """End a search that takes long; what was found stays."""
        self._ignore_answers()
        self._is_stopped = True
        self.changed.emit()

    def close(self) -> None:
        """Let go of the file."""
        self._ignore_answers()
        self._source.close()

    # Looking further

    def _go_on(self) -> None:
        """Look at the next part, where one is wanted: of memory in steps, of the file by a question."""
        if self._source.is_empty or self._is_stopped or self._is_asking:
            return
        try:
            if self._has_older and self._wants_rows:
                self._look_further()
            elif self._is_slow and not self._is_swept:
                self._sweep_further()
        except PatternError as error:
            self._fail(error)

    def _look_further(self) -> None:
        if self._low > self.floor:
            self._step.start()
            with self._moving():
                self._look_in_memory()
        elif self.searcher is None:
            self._has_older, self._is_swept = False, True
            self.changed.emit()
        else:
            most = FIRST if len(self._model.rows.numbers) < FIRST else PAGE
            self._ask_older(self.searcher, Haste.ROWS, self._low, most, self._take_asked)

    def _look_in_memory(self) -> None:
        since = max(self.floor, self._low - (TEXT_ROWS if self._is_slow else TYPED_ROWS))
        self._take_older(self._source.in_memory(since, self._low))

    def _sweep_further(self) -> None:
        """Count on where no more rows are wanted."""
        if self._swept > self.floor:
            self._step.start()
            self._count(self._source.in_memory(max(self.floor, self._swept - TEXT_ROWS), self._swept))
        elif self.searcher is None:
            self._is_swept = True
            self.changed.emit()
        else:
            self._ask_older(self.searcher, Haste.COUNTS, self._swept, PAGE, self._take_swept)

    def _ask_older(
        self, searcher: Searcher, haste: Haste, before: int, most: int, then: Callable[[Page], None]
    ) -> None:
        self._is_asking = True
        turn = self._turn
        question = self._source.older(before, most)
        searcher.ask(haste, question, lambda page: then(page) if turn == self._turn else None)

    # What was found

    def _take_asked(self, page: Page) -> None:
        self._is_asking = False
        if page.end == self._low:
            with self._moving():
                self._take_older(page)
        else:
            self._count(page)  # the rows are others by now
        self._go_on()

    def _take_swept(self, page: Page) -> None:
        self._is_asking = False
        self._count(page)
        self.changed.emit()
        self._go_on()

    def _take_older(self, page: Page) -> None:
        self._count(page)
        self._low = page.first
        if page.is_last:
            self._has_older = False
        model = self._model
        model.prepend(page.numbers, page.repeats)
        if len(model.rows.numbers) > HELD:
            self._high = int(model.rows.numbers[HELD])
            self._has_newer = True
            model.drop_from(self._high)
        self.changed.emit()

    def _take_newer(self, page: Page) -> None:
        self._is_asking_newer = False
        if page.first != self._high:
            return  # the rows are others by now
        with self._moving():
            self._model.append(page.numbers, page.repeats)
            self._high = max(self._high, page.end)
            if page.is_last:
                # What is newer than the file is in memory.
                self._has_newer = False
            self._bound_oldest()
        self.catch_up()
        self.changed.emit()

    def _bound_oldest(self) -> None:
        numbers = self._model.rows.numbers
        if len(numbers) > HELD:
            self._low = int(numbers[-HELD])
            self._has_older = True
            self._model.drop_before(self._low)

    def _count(self, page: Page) -> None:
        if page.end <= self._swept:
            self._swept = page.first
            self._seen(page)
            if page.is_last:
                self._is_swept = True

    # What goes wrong

    def _fail(self, error: Exception) -> None:
        if isinstance(error, PatternError):
            self._is_given_up = True
            self._give_up(str(error))
        else:
            self._is_unreadable = True
            sentence = _("Older events cannot be read: {reason}. Those in memory are shown.")
            self._give_up(sentence.format(reason=error))

    def _give_up(self, sentence: str) -> None:
        self._ignore_answers()
        self._has_older, self._is_swept = False, True
        self.failed.emit(sentence)
        self.changed.emit()

    def _ignore_answers(self) -> None:
        """Of one page at most; what else was asked, be it by others, is still answered."""
        self._step.stop()
        self._turn += 1
        self._is_asking = self._is_asking_newer = False
