"""The pace: no more than is seen, no less than is true."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QElapsedTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from helios_desktop.qt import pacer as pacer_module
from helios_desktop.qt.pacer import FRAME_MS, Pacer


class Stage:
    """A window with one panel that counts how often it is refreshed."""

    def __init__(self, qtbot: QtBot) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.panel = QWidget()
        QVBoxLayout(self.window).addWidget(self.panel)
        self.pacer = Pacer(self.window)
        self.count = 0
        self.pacer.add(self.panel, self._refresh)

    def _refresh(self) -> None:
        self.count += 1

    def show(self, qtbot: QtBot) -> None:
        """Show it, and let the refresh of being shown pass."""
        self.window.show()
        qtbot.waitUntil(lambda: self.count == 1)


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    return Stage(qtbot)


def test_a_flood_is_refreshed_at_the_pace_and_its_end_is_seen(qtbot: QtBot, stage: Stage) -> None:
    stage.show(qtbot)
    clock = QElapsedTimer()
    clock.start()
    seen = 0

    def flood() -> bool:
        nonlocal seen
        for _number in range(1000):
            stage.pacer.note()
        seen += 1
        return stage.count >= 6

    qtbot.waitUntil(flood)
    # Five frames after the first take four gaps at least; a busy machine only makes it slower.
    assert clock.elapsed() >= 4 * (FRAME_MS - 2)
    before = stage.count
    stage.pacer.note()
    qtbot.waitUntil(lambda: stage.count > before)


def test_what_the_user_did_is_answered_at_once(qtbot: QtBot, stage: Stage) -> None:
    stage.show(qtbot)
    stage.pacer.refresh()
    stage.pacer.refresh()
    assert stage.count == 3


def test_ages_are_refreshed_although_nothing_comes(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacer_module, "AGE_MS", 1)
    stage = Stage(qtbot)
    stage.window.show()
    qtbot.waitUntil(lambda: stage.count >= 4)


@pytest.mark.parametrize(
    "vanish",
    [lambda stage: stage.window.hide(), lambda stage: stage.window.showMinimized(), lambda stage: stage.panel.hide()],
    ids=["hidden window", "minimised window", "hidden panel"],
)
def test_what_nobody_sees_is_not_refreshed(qtbot: QtBot, stage: Stage, vanish: Callable[[Stage], None]) -> None:
    stage.show(qtbot)
    vanish(stage)
    before = stage.count
    stage.pacer.note()
    stage.pacer.refresh()
    assert stage.count == before


def test_a_window_that_comes_back_shows_the_present(qtbot: QtBot, stage: Stage) -> None:
    stage.show(qtbot)
    stage.window.hide()
    stage.pacer.note()
    stage.window.show()
    qtbot.waitUntil(lambda: stage.count == 2)


def test_stopped_it_refreshes_nothing(qtbot: QtBot, stage: Stage) -> None:
    stage.show(qtbot)
    stage.pacer.stop()
    stage.pacer.refresh()
    assert stage.count == 1
