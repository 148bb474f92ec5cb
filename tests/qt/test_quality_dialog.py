"""The data-quality ledger beside the window: what is counted, what is estimated, and what cannot be known."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from PySide6.QtCore import QModelIndex, QSettings, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helios_desktop.protocol.rest import RestCall
from helios_desktop.qt.quality_dialog import QualityDialog, QualityModel
from helios_desktop.qt.quality_rows import quality_rows
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.window import MainWindow
from helios_desktop.store.state import ClusterState
from tests.qt.real_cluster import GATEWAYS, RAFT_OFF, RealCluster
from tests.qt.scene import FakeHost, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "raise", extend=True)


@pytest.fixture
def cluster() -> RealCluster:
    """Give two real gateways of which one missed two beats and refused a call."""
    made = RealCluster("node-1", "node-3")
    made.open()
    made.run(20)
    made.down = frozenset({"node-1"})
    made.run(10)
    made.down = frozenset()
    made.run(5)
    made.story.rest(GATEWAYS["node-1"], RestCall.STATUS, RAFT_OFF, status=503)
    made.story.frame(GATEWAYS["node-1"], "peer_change", {"event": "added", "peer_id": "node-4", "address": ""})
    made.story.frame(GATEWAYS["node-3"], "gossip", {})
    return made


def cells(state: ClusterState) -> dict[str, tuple[str, ...]]:
    return {row.title.strip(): row.cells for row in quality_rows(state)}


@pytest.fixture
async def window(qapp: QApplication, host: FakeHost, settings: QSettings) -> AsyncIterator[MainWindow]:
    """Give a window that is shown and watches nothing."""
    made = MainWindow(host, qapp, settings, theme=DARK)
    made.show()
    yield made
    made.close()
    await made.shut_down()
    made.deleteLater()


def test_each_observer_has_its_own_count_of_everything(cluster: RealCluster) -> None:
    told = cells(cluster.story.monitor.state)
    assert told["Node"] == ("node-1", "node-3")
    assert told["Dialect"] == ("real gateway", "real gateway")
    assert told["status_update"] == ("5", "7")
    assert told["peer_change"] == ("1", "0")
    assert told["Lost"] == ("≈ 2 (by cadence)", "≈ 0 (by cadence)")
    assert (told["Malformed"], told["Unknown"], told["Out of order"]) == (("0", "0"), ("0", "1"), ("0", "0"))
    assert told["Clock offset"] == ("+4.90\N{NO-BREAK SPACE}ms",) * 2
    assert told["Pushed"] == ("1", "0")
    assert told["REST refused"] == ("1", "0")
    assert int(told["REST answers"][1]) > int(told["REST answers"][0]) > 1


def test_what_cannot_be_known_is_a_dash_and_never_a_zero(live: Story) -> None:
    told = cells(live.monitor.state)
    assert (told["Lost"], told["Clock offset"]) == (("—",) * 3, ("—",) * 3)
    assert told["Dialect"] == ("guide",) * 3


def test_nothing_told_is_no_table(story: Story) -> None:
    assert quality_rows(story.monitor.state) == ()


def test_every_row_says_what_it_means(qtbot: QtBot, cluster: RealCluster) -> None:
    model = QualityModel(DARK)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.show(cluster.story.monitor.state)
    role = Qt.ItemDataRole
    for row in range(model.rowCount()):
        tips = {model.data(model.index(row, column), role.ToolTipRole) for column in range(model.columnCount())}
        assert len(tips) == 1
        assert len(tips.pop()) > 20
    at = model.index(0, 1)
    assert model.data(at, role.AccessibleTextRole) == "10.20.0.11:8443, Node: node-1"
    heads = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(3)]
    assert heads == ["", "10.20.0.11:8443", "10.20.0.13:8443"]
    assert model.rowCount(model.index(0, 0)) == model.columnCount(model.index(0, 0)) == 0
    assert model.data(QModelIndex()) is None


def test_growing_figures_move_nothing_and_a_new_type_is_a_new_row(qtbot: QtBot, cluster: RealCluster) -> None:
    model = QualityModel(DARK)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    state = cluster.story.monitor.state
    model.show(state)
    resets, changes = QSignalSpy(model.modelReset), QSignalSpy(model.dataChanged)
    model.show(state)
    assert (resets.count(), changes.count()) == (0, 0)
    cluster.run(5)
    model.show(cluster.story.monitor.state)
    assert (resets.count(), changes.count()) == (0, 1)
    cluster.story.frame(GATEWAYS["node-3"], "rumour", {})
    model.show(cluster.story.monitor.state)
    assert resets.count() == 1


async def test_it_opens_by_key_and_by_a_click_on_the_losses_and_stops_nothing(
    window: MainWindow, cluster: RealCluster, until: Until
) -> None:
    window.show_monitor(cluster.story.monitor)
    dialog = window.quality
    QTest.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.model.rowCount() > 10
    dialog.close()
    losses = window.connection_line.losses
    assert losses.text() == "≈ 2 lost"
    assert losses.accessibleName() == "≈ 2 lost. Data quality…"
    assert losses.focusPolicy() & Qt.FocusPolicy.TabFocus
    window.activateWindow()
    losses.setFocus()
    QTest.keyClick(losses, Qt.Key.Key_Space)
    assert dialog.isVisible()
    assert not window.top_bar.hold.isChecked()


async def test_it_follows_once_a_second_while_it_is_seen_and_never_else(
    window: MainWindow, cluster: RealCluster, until: Until
) -> None:
    window.show_monitor(cluster.story.monitor)
    dialog = window.quality
    assert dialog.model.rowCount() == 0
    window.menus.quality.trigger()
    rows = dialog.model.rowCount()
    cluster.story.frame(GATEWAYS["node-3"], "rumour", {})
    await until(lambda: dialog.model.rowCount() == rows + 1)
    dialog.close()
    cluster.story.frame(GATEWAYS["node-3"], "hearsay", {})
    window.pacer.refresh()
    dialog.show_monitor(cluster.story.monitor)
    assert dialog.model.rowCount() == rows + 1
    window.menus.quality.trigger()
    assert dialog.model.rowCount() == rows + 2


def test_without_anything_it_says_what_to_do(qtbot: QtBot, story: Story) -> None:
    window = QualityDialog(DARK)
    qtbot.addWidget(window)
    window.show_monitor(story.monitor)
    window.show()
    assert window.empty.isVisible()
    assert window.empty.text().startswith("Nothing has come yet")
    story.go_live()
    window.set_theme(LIGHT)
    window.show_monitor(story.monitor)
    assert (window.empty.isVisible(), window.table.isVisible()) == (False, True)
    assert window.table.accessibleName()


async def test_it_closes_with_the_window(window: MainWindow) -> None:
    window.menus.quality.trigger()
    window.close()
    assert not window.quality.isVisible()
