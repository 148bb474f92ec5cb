"""The graphs as the user meets them: they follow, hold, hatch, mark, and say why they are empty."""

import json
import random

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication, QGraphicsView
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.protocol.subscription import Topic, subscribe_frame
from helios_desktop.qt.charts import ChartsPanel
from helios_desktop.qt.quantities import UNKNOWN
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.times import TimeStyle
from tests.qt.real_cluster import RealCluster

NS = 1_000_000_000
START_S = 1_700_000_000


class Story:
    """A monitor that is fed by hand, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s = START_S
        target = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
        self.monitor = Monitor(target, now_ns=lambda: self.now_s * NS, rng=random.Random(1))

    def see(self, observation: Observation) -> None:
        """Take in one observation."""
        self.monitor._see(observation)  # as a session does

    def phase(self, phase: Phase, cause: Cause = Cause.NONE) -> None:
        """Enter another phase of the connection."""
        self.see(connection_observation("node1", 1, self.now_s * NS, ConnectionChange(phase, cause)))

    def frame(self, message_type: str, data: object) -> None:
        """Receive a message now."""
        text = json.dumps({"type": message_type, "timestamp": "2023-11-14T22:13:20Z", "data": data})
        self.see(Observation("node1", 1, self.now_s * NS, Kind.FRAME, text))

    def status(self, *, state: str = "Leader", leader: str = "node1") -> None:
        """Receive a status of a cluster that commits ten entries a second."""
        self.frame(
            "status_update",
            {"node_id": "node1", "state": state, "term": 4, "commit_index": (self.now_s - START_S) * 10 + 100,
             "last_applied": 0, "leader": leader, "peers": ["node2", "node3"]},
        )  # fmt: skip

    def latency(self, p50_ms: float) -> None:
        """Receive a latency of two RPC kinds."""
        stats = {"count": 9, "avg_value_ms": p50_ms, "min_value_ms": p50_ms, "max_value_ms": p50_ms * 4}
        stats |= {"p50_value_ms": p50_ms, "p90_value_ms": p50_ms * 2, "p99_value_ms": p50_ms * 3}
        self.frame("latency", {"aggregated": {"append_entries": stats, "request_vote": stats}})

    def live(self, seconds: int) -> None:
        """Let time pass, with all that comes in it."""
        for _second in range(seconds):
            self.now_s += 1
            self.see(tick(self.now_s * NS))
            if self.now_s % 5 == 0:
                self.status()
            self.latency(1.0)


@pytest.fixture
def story() -> Story:
    made = Story()
    made.phase(Phase.CONNECTING)
    made.phase(Phase.LIVE)
    made.status()
    return made


@pytest.fixture
def panel(qtbot: QtBot) -> ChartsPanel:
    made = ChartsPanel(DARK)
    qtbot.addWidget(made)
    made.resize(800, 400)
    made.show()
    return made


def viewport(panel: ChartsPanel) -> QGraphicsView:
    found = panel.latency.findChild(QGraphicsView)
    assert isinstance(found, QGraphicsView)
    return found


def at_view(panel: ChartsPanel, at_s: float) -> QPoint:
    """The pixel of the latency graph at that second."""
    start_s, end_s = panel.latency.view
    width = panel.latency.columns
    left = viewport(panel).viewport().width() - 8 - width
    return QPoint(round(left + (at_s - start_s) / (end_s - start_s) * width), 40)


def test_without_a_cluster_the_graph_says_what_to_do(panel: ChartsPanel) -> None:
    assert "not connected" in panel.latency.reason


def test_a_follower_alone_has_no_latency_and_the_graph_says_where_it_is(panel: ChartsPanel, story: Story) -> None:
    story.status(state="Follower", leader="node2")
    panel.show_monitor(story.monitor)
    assert "node1, a follower" in panel.latency.reason
    assert "node2" in panel.latency.reason


def test_a_topic_that_is_off_is_the_reason_of_an_empty_graph(panel: ChartsPanel, story: Story) -> None:
    frame = subscribe_frame(frozenset(Topic) - {Topic.LATENCY})
    story.see(Observation("node1", 1, story.now_s * NS, Kind.SENT, frame))
    panel.show_monitor(story.monitor)
    assert "switched off" in panel.latency.reason


def test_what_holds_for_both_graphs_is_said_once(panel: ChartsPanel) -> None:
    story = Story()
    story.phase(Phase.LIVE)
    panel.show_monitor(story.monitor)
    assert "Waiting for its first status" in panel.latency.reason
    assert panel.commits.reason == ""


def test_when_another_node_leads_the_graph_goes_on_with_its_peers_unless_it_is_held(panel: ChartsPanel) -> None:
    cluster = RealCluster()
    cluster.open()
    panel.show_monitor(cluster.story.monitor)
    cluster.run(20)
    panel.refresh()
    choice = panel.bar.choice
    assert choice.currentText() == "to node-1"
    panel.set_held(cluster.story.now_ns)
    cluster.leaders, cluster.term = ("node-1",), 43
    cluster.run(40)
    panel.refresh()
    assert choice.currentText() == "to node-1"
    panel.set_held(None)
    cluster.run(2)
    panel.refresh()
    assert choice.currentText() == "to node-2"
    assert panel.latency_legend.entries[0].value.endswith("µs")


def test_the_legend_shows_the_latest_values(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(30)
    panel.refresh()
    assert panel.latency.reason == ""
    texts = [entry.value.replace("\N{NO-BREAK SPACE}", " ") for entry in panel.latency_legend.entries]
    assert texts == ["1.00 ms", "2.00 ms", "3.00 ms", "4.00 ms"]
    assert panel.commit_legend.entries[0].value.startswith("10")
    assert "p99" in panel.latency_legend.entries[2].accessibleName()


def test_the_view_follows_the_present(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(10)
    panel.refresh()
    first = panel.latency.view
    assert first == pytest.approx((START_S - 49, START_S + 11), abs=2)  # a minute at least
    story.live(120)
    panel.refresh()
    assert panel.latency.view == pytest.approx((START_S, START_S + 131), abs=2)  # no more than there is
    story.live(400)
    panel.refresh()
    later = panel.latency.view
    assert later[1] == pytest.approx(START_S + 531, abs=2)
    assert later[1] - later[0] == pytest.approx(300)
    assert panel.commits.view == pytest.approx(later)


def test_a_hold_freezes_the_view_and_the_series_go_on(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(10)
    panel.set_held(story.now_s * NS)
    held = panel.latency.view
    assert held[1] == story.now_s
    story.live(100)
    panel.refresh()
    assert panel.latency.view == held
    panel.set_held(None)
    assert panel.latency.view[1] > held[1] + 90


def test_the_wheel_zooms_and_asks_for_a_hold_and_a_double_click_goes_back(
    panel: ChartsPanel, story: Story, qtbot: QtBot
) -> None:
    panel.show_monitor(story.monitor)
    story.live(30)
    panel.refresh()
    before = panel.latency.view
    at = at_view(panel, before[0] + 40)
    target = viewport(panel).viewport()
    wheel = QWheelEvent(
        QPointF(at), QPointF(target.mapToGlobal(at)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    with qtbot.waitSignal(panel.hold_requested):
        QApplication.sendEvent(target, wheel)
    zoomed = panel.latency.view
    assert zoomed[1] - zoomed[0] < before[1] - before[0] - 1
    story.live(30)
    panel.refresh()
    assert panel.latency.view == zoomed
    panel.latency.reset_asked.emit()
    assert panel.latency.view == pytest.approx((START_S, START_S + 61), abs=2)


def test_keys_pan_zoom_and_go_back(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(30)
    panel.refresh()
    before = panel.latency.view
    asked = QSignalSpy(panel.hold_requested)
    QTest.keyClick(panel, Qt.Key.Key_Left)
    assert panel.latency.view[0] == pytest.approx(before[0] - 6)
    QTest.keyClick(panel, Qt.Key.Key_Plus)
    assert panel.latency.view[1] - panel.latency.view[0] == pytest.approx(45)
    assert asked.count() == 2
    QTest.keyClick(panel, Qt.Key.Key_0)
    assert panel.latency.view == pytest.approx(before)


def test_a_range_button_shows_as_much_and_all_begins_with_the_first_sample(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(1000)
    panel.bar.choose_range(900.0)
    assert panel.latency.view[1] - panel.latency.view[0] == pytest.approx(900)
    panel.bar.choose_range(0.0)
    assert panel.latency.view[0] == pytest.approx(START_S, abs=3)


def test_a_mark_is_clicked_and_its_event_activated(panel: ChartsPanel, story: Story, qtbot: QtBot) -> None:
    panel.show_monitor(story.monitor)
    story.live(20)
    story.frame("error", {"error": "Failed to retrieve cluster status"})
    number = story.monitor.log.end - 1
    while story.monitor.log[number].type != "error":
        number -= 1
    at_s = story.now_s
    story.live(20)
    panel.refresh()
    with qtbot.waitSignal(panel.event_activated) as activated:
        QTest.mouseClick(viewport(panel).viewport(), Qt.MouseButton.LeftButton, pos=at_view(panel, at_s))
    # Derived events of the same instant may be worse: the worst is meant.
    event = story.monitor.log[activated.args[0]]
    assert event.at_ns == at_s * NS
    assert event.severity >= story.monitor.log[number].severity


def test_the_crosshair_shows_the_values_of_its_moment_in_both_graphs(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(10)
    story.now_s += 1
    story.latency(7.0)
    story.live(20)
    panel.refresh()
    panel.latency.hovered.emit(START_S + 11.2)
    assert panel.latency_legend.entries[0].value.startswith("7.00")
    panel.commits.hovered.emit(None)
    assert panel.latency_legend.entries[0].value.startswith("1.00")


def test_where_nothing_was_measured_the_crosshair_shows_a_dash(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(5)
    panel.refresh()
    panel.latency.hovered.emit(START_S - 100.0)
    assert {entry.value for entry in panel.latency_legend.entries} == {UNKNOWN}


def test_another_rpc_or_peer_can_be_chosen_and_stays_chosen(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(5)
    panel.refresh()
    choice = panel.bar.choice
    assert choice.currentText() == "append_entries"
    choice.activated.emit(choice.findText("request_vote"))
    choice.setCurrentIndex(choice.findText("request_vote"))
    story.now_s += 1
    story.frame("latency", {"aggregated": {"install_snapshot": {
        "count": 1, "avg_value_ms": 1, "min_value_ms": 1, "max_value_ms": 1}}})  # fmt: skip
    story.live(3)
    panel.refresh()
    assert choice.findText("install_snapshot") >= 0
    assert choice.currentText() == "request_vote"


def test_the_table_is_the_graphs_twin(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(20)
    panel.bar.show_table(is_table=True)
    values = panel.values
    assert values.rowCount() == 20
    assert [values.headerData(n, Qt.Orientation.Horizontal) for n in range(6)] == [
        "Time (UTC)", "p50", "p90", "p99", "max", "Commit rate",
    ]  # fmt: skip
    assert values.data(values.index(0, 1)).replace("\N{NO-BREAK SPACE}", " ") == "1.00 ms"
    panel.set_time_style(TimeStyle.RELATIVE)
    assert values.data(values.index(0, 0)) == "0 s"


def test_a_hidden_curve_leaves_room_for_the_others(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(20)
    panel.refresh()
    high = panel.latency.top
    for entry in panel.latency_legend.entries[1:]:
        entry.setChecked(False)
    assert panel.latency.top < high


def test_nothing_is_drawn_while_hidden_and_all_when_shown_again(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(5)
    panel.refresh()
    panel.hide()
    before = panel.latency.view
    story.live(60)
    panel.refresh()
    assert panel.latency.view == before
    panel.show()
    assert panel.latency.view[1] > before[1] + 50


def test_both_themes_can_be_painted_with_gaps_marks_and_a_selection(panel: ChartsPanel, story: Story) -> None:
    panel.show_monitor(story.monitor)
    story.live(30)
    story.phase(Phase.BACKOFF, Cause.SERVER_CLOSED)
    story.now_s += 20
    story.see(tick(story.now_s * NS))
    panel.refresh()
    plain = panel.grab().toImage()
    panel.select(story.monitor.log.end - 1)
    for theme in (LIGHT, DARK):
        panel.set_theme(theme)
        picture = panel.grab().toImage()
        assert picture != plain
        assert picture.size() == plain.size()
