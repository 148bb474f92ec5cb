"""The strip of all that is recorded: where instants are, what is painted, and what hand and keys do to it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helios_desktop.journal.note import Note
from helios_desktop.monitor.survey import Blind, Density, Missing, Survey
from helios_desktop.qt.scrubber import Scrubber
from helios_desktop.qt.spans_dialog import SpanColumn, SpansDialog
from helios_desktop.qt.strip import ink_on
from helios_desktop.qt.strip_words import instant_words, span_rows
from helios_desktop.qt.theme import DARK, LIGHT, Theme
from helios_desktop.qt.time_scale import LEAST_SPAN_NS, TimeScale
from helios_desktop.qt.times import NS, TimeStyle
from helios_desktop.store.leadership_spans import Lead
from tests.qt.test_theme import contrast

FIRST = 1_700_000_000 * NS
MINUTE = 60 * NS
LAST = FIRST + 20 * MINUTE


def survey() -> Survey:
    """Twenty minutes: node1 leads ten, nobody for a second, node2 five, then two are missing, then node1."""
    lost = FIRST + 10 * MINUTE
    counts, problems = np.zeros(20, dtype=np.int64), np.zeros(20, dtype=np.int64)
    counts[:] = 60
    counts[15:17] = 0
    problems[10] = 2
    return Survey(
        FIRST,
        LAST,
        (
            Lead("node1", 4, FIRST, lost),
            Lead(None, 5, lost, lost + NS),
            Lead("node2", 5, lost + NS, FIRST + 15 * MINUTE),
            Lead("node1", 6, FIRST + 17 * MINUTE, LAST),
        ),
        (Blind(FIRST + 15 * MINUTE, FIRST + 17 * MINUTE, Missing.NOT_RUNNING),),
        Density(FIRST, MINUTE, counts, problems),
        np.array([lost, lost + NS], dtype=np.int64),
        is_whole=True,
    )


def colour_of(node: str) -> QColor:
    return DARK.node_colour(int(node[-1]))


@pytest.fixture
def strip(qtbot: QtBot) -> Scrubber:
    """Give a strip of a thousand pixels that shows the survey, with the instant at its end."""
    made = Scrubber(DARK, colour_of)
    qtbot.addWidget(made)
    made.resize(1_012, made.height())
    made.show_survey(survey())
    made.show_instant(LAST, LAST, DARK.text)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # whose frame would be in each picture
    made.show()
    return made


def picture(strip: Scrubber) -> QImage:
    return strip.grab().toImage()


def colours(image: QImage, x: int) -> set[str]:
    """All colours of a column."""
    return {image.pixelColor(x, y).name() for y in range(image.height())}


def x_of(strip: Scrubber, at_ns: int) -> int:
    return 6 + round(strip.scale.x_of(at_ns))


# Where instants are


instants = st.integers(FIRST, LAST)


@given(st.integers(1, 4_000), instants)
def test_a_pixel_and_its_instant_belong_together(width: int, at_ns: int) -> None:
    scale = TimeScale(FIRST, LAST, width)
    assert abs(scale.at(scale.x_of(at_ns)) - at_ns) <= 1_000
    assert scale.at(-5) == FIRST
    assert scale.at(width + 5) == LAST


@given(instants, st.lists(st.floats(0.1, 10.0), max_size=12))
def test_zooming_keeps_the_instant_in_view_and_never_leaves_the_whole(at_ns: int, factors: list[float]) -> None:
    scale, whole = TimeScale(FIRST, LAST, 1_000), (FIRST, LAST)
    for factor in factors:
        before = scale.x_of(at_ns)
        scale = scale.zoomed(factor, at_ns, whole)
        assert FIRST <= scale.since_ns <= at_ns <= scale.until_ns <= LAST
        assert LEAST_SPAN_NS <= scale.span_ns <= LAST - FIRST
        is_inside = scale.since_ns > FIRST and scale.until_ns < LAST
        assert not is_inside or abs(scale.x_of(at_ns) - before) < 2


@given(st.integers(-40, 40))
def test_moving_stops_at_the_ends(minutes: int) -> None:
    scale = TimeScale(FIRST + 5 * MINUTE, FIRST + 9 * MINUTE, 500).moved(minutes * MINUTE, (FIRST, LAST))
    assert scale.span_ns == 4 * MINUTE
    assert scale.since_ns >= FIRST
    assert scale.until_ns <= LAST


# What is painted


def test_each_leader_has_its_colour_and_a_leaderless_second_is_seen_in_twenty_minutes(strip: Scrubber) -> None:
    image = picture(strip)
    for at_ns, node in ((FIRST + 5 * MINUTE, "node1"), (FIRST + 12 * MINUTE, "node2"), (FIRST + 19 * MINUTE, "node1")):
        assert colour_of(node).name() in colours(image, x_of(strip, at_ns))
    lane = {image.pixelColor(x_of(strip, FIRST + 10 * MINUTE) + step, 10).name() for step in (0, 1)}
    assert DARK.problem.name() in lane


def test_a_gap_has_neither_leader_nor_events(strip: Scrubber) -> None:
    gap = set().union(*(colours(picture(strip), x_of(strip, FIRST + 16 * MINUTE) + step) for step in range(4)))
    assert not gap & {colour_of("node1").name(), colour_of("node2").name(), DARK.text_faint.name()}
    assert len(gap) > 1  # hatched, which is not blank


def test_problems_and_bookmarks_are_marked_where_they_are(strip: Scrubber) -> None:
    note = Note(1, FIRST + 5 * MINUTE, FIRST + 6 * MINUTE, None, "look", 1)
    strip.show_survey(survey(), (note,))
    image = picture(strip)
    assert image.pixelColor(x_of(strip, FIRST + 10 * MINUTE), 38) == DARK.problem
    assert image.pixelColor(x_of(strip, FIRST + 5 * MINUTE), 2) == DARK.accent
    assert image.pixelColor(x_of(strip, FIRST + 6 * MINUTE) - 8, 3) == DARK.accent
    assert DARK.accent.name() not in colours(image, x_of(strip, FIRST + 8 * MINUTE))


def test_the_handle_stands_at_the_instant_in_its_colour(strip: Scrubber) -> None:
    strip.show_instant(FIRST + 3 * MINUTE, LAST, DARK.replay)
    image = picture(strip)
    assert image.pixelColor(x_of(strip, FIRST + 3 * MINUTE), 30) == DARK.replay
    assert DARK.replay.name() not in colours(image, x_of(strip, FIRST + 4 * MINUTE))


def test_without_a_survey_the_reason_stands_there(strip: Scrubber) -> None:
    blank = Scrubber(DARK, colour_of)
    blank.resize(strip.size())
    strip.show_survey(None, reason="Nothing is recorded yet.")
    said, silent = picture(strip), picture(blank)
    assert said != silent
    strip.show_survey(None)
    assert picture(strip) == silent


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_names_are_written_in_ink_that_can_be_read(qapp: QApplication, theme: Theme) -> None:
    for index in range(7):
        ground = theme.node_colour(index)
        assert contrast(ink_on(ground), ground) >= 4.5, ground.name()


# What hand and keys do


def range_of(strip: Scrubber) -> tuple[int, int] | None:
    return strip.chosen_range


def sought_by(strip: Scrubber) -> list[int]:
    told: list[int] = []
    strip.sought.connect(told.append)
    return told


def test_a_click_and_each_step_of_a_drag_seek(strip: Scrubber) -> None:
    told = sought_by(strip)
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, pos=QPoint(x_of(strip, FIRST + 5 * MINUTE), 20))
    for minute in (6, 7):
        QTest.mouseMove(strip, QPoint(x_of(strip, FIRST + minute * MINUTE), 20))
    QTest.mouseMove(strip, QPoint(5_000, 20))
    assert [round((at_ns - FIRST) / MINUTE) for at_ns in told] == [5, 6, 7, 20]
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton)


KEYS: list[tuple[Qt.Key, Callable[[int, int], int]]] = [
    (Qt.Key.Key_Left, lambda at, span: at - span // 100),
    (Qt.Key.Key_Right, lambda at, span: at + span // 100),
    (Qt.Key.Key_PageUp, lambda at, span: at - span // 10),
    (Qt.Key.Key_PageDown, lambda at, span: at + span // 10),
    (Qt.Key.Key_Home, lambda at, span: FIRST),
    (Qt.Key.Key_End, lambda at, span: LAST),
]


@pytest.mark.parametrize(("key", "expected"), KEYS, ids=lambda value: str(getattr(value, "name", "")))
def test_keys_seek(strip: Scrubber, key: Qt.Key, expected: Callable[[int, int], int]) -> None:
    told, at_ns = sought_by(strip), FIRST + 10 * MINUTE
    strip.show_instant(at_ns, LAST, DARK.replay)
    QTest.keyClick(strip, key)
    assert told == [expected(at_ns, LAST - FIRST)]


def test_the_wheel_zooms_around_the_pointer_and_nought_shows_all_again(strip: Scrubber) -> None:
    views: list[object] = []
    strip.view_changed.connect(lambda: views.append(strip.view))
    x = x_of(strip, FIRST + 5 * MINUTE)
    for _turn in range(3):
        wheel = QWheelEvent(
            QPointF(x, 20),
            QPointF(x, 20),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(strip, wheel)
    assert len(views) == 3
    assert strip.scale.span_ns == pytest.approx((LAST - FIRST) / 1.5**3, rel=1e-6)
    assert abs(x_of(strip, FIRST + 5 * MINUTE) - x) <= 1
    QTest.keyClick(strip, Qt.Key.Key_0)
    assert strip.view is None


def test_seeking_out_of_view_takes_the_view_along(strip: Scrubber) -> None:
    strip.show_instant(FIRST + 5 * MINUTE, LAST, DARK.replay)
    for _turn in range(4):
        QTest.keyClick(strip, Qt.Key.Key_Plus)
    assert strip.view is not None
    assert strip.view[0] > FIRST
    QTest.keyClick(strip, Qt.Key.Key_Home)
    assert strip.view is not None
    assert strip.view[0] == FIRST


def test_shift_chooses_a_range_by_hand_and_by_keys_and_escape_lets_go(strip: Scrubber) -> None:
    told: list[object] = []
    strip.range_chosen.connect(told.append)
    shift = Qt.KeyboardModifier.ShiftModifier
    sought = sought_by(strip)
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, shift, QPoint(x_of(strip, FIRST + 4 * MINUTE), 20))
    QTest.mouseMove(strip, QPoint(x_of(strip, FIRST + 2 * MINUTE), 20))
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton, shift)
    assert strip.chosen_range is not None
    assert [round((at_ns - FIRST) / MINUTE) for at_ns in strip.chosen_range] == [2, 4]
    assert DARK.accent.name() in colours(picture(strip), x_of(strip, strip.chosen_range[0]))
    QTest.keyClick(strip, Qt.Key.Key_Escape)
    assert range_of(strip) is None
    assert told[-1] is None
    strip.show_instant(FIRST + 10 * MINUTE, LAST, DARK.replay)
    for _press in range(5):
        QTest.keyClick(strip, Qt.Key.Key_Right, shift)
    assert range_of(strip) == (FIRST + 10 * MINUTE, FIRST + 11 * MINUTE)
    assert sought == []


# The same in words


def test_the_strip_says_in_words_where_it_stands(strip: Scrubber) -> None:
    strip.show_instant(FIRST + 5 * MINUTE, LAST, DARK.replay)
    assert strip.accessibleName() == "Overview of all that is recorded"
    assert strip.accessibleDescription() == "2023-11-14 22:18:20 UTC\nnode1 leads term 4"


def test_what_is_there_is_told_of_any_instant() -> None:
    scale, note = TimeScale(FIRST, LAST, 1_000), Note(1, FIRST + 10 * MINUTE, None, None, "It began here\nand so on", 1)
    words = instant_words(FIRST + 10 * MINUTE, survey(), (note,), scale, TimeStyle.UTC)
    assert words.splitlines()[1:] == ["No leader for 1 s", "2 problems here", "Note: It began here"]
    words = instant_words(FIRST + 16 * MINUTE, survey(), (note,), scale, TimeStyle.UTC)
    assert words.splitlines()[1:] == ["Nothing recorded: the program did not run"]


def test_the_table_tells_the_same_as_the_strip(qtbot: QtBot) -> None:
    rows = span_rows(survey())
    assert [(row.what, row.problems) for row in rows] == [
        ("node1 leads term 4", 0),
        ("No leader for 1 s", 1),
        ("node2 leads term 5", 1),
        ("Nothing recorded: the program did not run", None),
        ("node1 leads term 6", 0),
    ]
    dialog = SpansDialog()
    qtbot.addWidget(dialog)
    dialog.show_survey(survey())
    dialog.show()
    model = dialog.model
    newest = [model.data(model.index(0, column)) for column in SpanColumn]
    assert newest == ["2023-11-14 22:30:20", "2023-11-14 22:33:20", "3 m 00 s", "node1 leads term 6", "0"]
    assert model.headerData(0, Qt.Orientation.Horizontal) == "From UTC"
    told: list[int] = []
    dialog.sought.connect(told.append)
    dialog.table.setCurrentIndex(model.index(1, 0))
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert told == [FIRST + 15 * MINUTE]
    dialog.set_time_style(TimeStyle.RELATIVE)
    assert str(model.headerData(0, Qt.Orientation.Horizontal)).startswith("From UTC")
