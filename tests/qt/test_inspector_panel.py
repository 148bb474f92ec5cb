"""The inspector: all that is known of one event, and the text that told it, never altered."""

import json
import random

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, LeaderLost
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation, tick
from helios_desktop.protocol.messages import PeerChange, ServerError, StateChange
from helios_desktop.qt.inspector import InspectorPanel
from helios_desktop.qt.json_view import MAX_CHARACTERS, pretty
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.times import TimeStyle

AT_NS = 1_700_000_000_123_456_789
RAW = '{"type":"peer_change","timestamp":"2023-11-14T22:13:20Z","data":{"peer_id":"p1","event_type":"added","n":1.50}}'


def frame(text: str = RAW, at_ns: int = AT_NS) -> Observation:
    return Observation("node1", 1, at_ns, Kind.FRAME, text)


def told() -> Event:
    body = PeerChange("p1", "added")
    return Event("peer_change", AT_NS, "2023-11-14T22:13:20Z", "node1", "node2", body, frame())


def derived() -> Event:
    first, last = frame('{"type":"status_update","data":{}}'), tick(AT_NS)
    body = LeaderLost("node1", 4, "silent")
    return Event("leader_lost", AT_NS, "", "node1", "node1", body, last, (first, last))


@pytest.fixture
def monitor() -> Monitor:
    target = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
    made = Monitor(target, now_ns=lambda: AT_NS + 14_000_000_000, rng=random.Random(1))
    made.log.extend([told(), derived()])
    return made


@pytest.fixture
def panel(qtbot: QtBot, monitor: Monitor) -> InspectorPanel:
    made = InspectorPanel(DARK)
    qtbot.addWidget(made)
    made.resize(320, 600)
    made.show_monitor(monitor)
    made.show()
    return made


def texts(panel: InspectorPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def button(panel: InspectorPanel, text: str) -> QToolButton:
    return next(found for found in panel.findChildren(QToolButton) if found.text() == text)


def test_an_empty_inspector_says_what_to_do(panel: InspectorPanel) -> None:
    assert panel.shown is None
    assert any("Choose a row" in text for text in texts(panel))


def test_an_event_is_shown_with_its_full_time_observer_node_and_summary(panel: InspectorPanel) -> None:
    panel.show_event(0)
    shown = texts(panel)
    for text in ("peer_change", "◆ Notice", "p1 added", "2023-11-14T22:13:20Z", "node1", "node2", "14 s ago"):
        assert text in shown, text
    assert "22:13:20.123456789 UTC" in shown


def test_the_raw_text_is_indented_and_its_numbers_keep_their_digits(panel: InspectorPanel) -> None:
    panel.show_event(0)
    shown = panel.view.toPlainText()
    assert '  "type": "peer_change"' in shown
    assert "1.50" in shown
    assert "".join(shown.split()) == RAW
    button(panel, "Copy").click()
    assert QGuiApplication.clipboard().text() == RAW


def test_the_record_is_what_an_export_writes(panel: InspectorPanel) -> None:
    panel.show_event(0)
    button(panel, "Record").click()
    record = json.loads(panel.view.toPlainText())
    assert record["type"] == "peer_change"
    assert record["summary"] == "p1 added"
    assert record["data"]["peer_id"] == "p1"


def test_a_derived_event_lists_its_evidence_and_a_click_shows_that_text(panel: InspectorPanel, qtbot: QtBot) -> None:
    panel.show_event(1)
    assert any("Derived" in text and "2 observations" in text for text in texts(panel))
    spy = QSignalSpy(panel.evidence_shown)
    evidence = panel.findChildren(QPushButton)
    assert len(evidence) == 2
    qtbot.waitUntil(lambda: all(found.isVisible() for found in evidence))
    assert "status_update" in evidence[0].text()
    assert "silence" in evidence[1].text()
    evidence[0].click()
    assert '"status_update"' in panel.view.toPlainText()
    evidence[1].click()
    assert panel.view.toPlainText() == ""
    assert [found.isChecked() for found in evidence] == [False, True]
    evidence[1].click()
    assert panel.view.toPlainText() == ""  # the event's own text: silence has none
    assert [found.isChecked() for found in evidence] == [False, False]
    assert spy.count() == 3


def concluded() -> Event:
    first = frame('{"type":"status_update","data":{}}', AT_NS - 5_000_000_000)
    body = StateChange("Follower", "Leader", 5)
    last = frame('{"type":"status_update","data":{"node":{}}}')
    return Event("state_change", AT_NS, "", "node1", "node1", body, last, (first, last), first.received_ns)


def test_what_was_concluded_says_between_which_instants_it_happened(panel: InspectorPanel, monitor: Monitor) -> None:
    monitor.log.extend([concluded()])
    panel.show_event(2)
    said = "It happened between 22:13:15.123 and 22:13:20.123 UTC."
    assert f"ƒ Derived from 2 observations: no server said so. {said}" in texts(panel)
    panel.show_event(1)
    assert any("It happened before 22:13:20.123 UTC" in text for text in texts(panel))


def test_what_the_server_told_afterwards_completes_what_is_shown(panel: InspectorPanel, monitor: Monitor) -> None:
    before = concluded()
    monitor.log.extend([before])
    panel.show_event(2)
    panel.show_evidence(before.evidence[0])
    push = frame('{"type":"state_change","data":{}}', AT_NS + 40_000_000)
    evidence = (*before.evidence, push)
    after = replace(before, timestamp="2023-11-14T22:13:20Z", evidence=evidence, completes=before, is_pushed=True)
    monitor.log.extend([after])
    panel.refresh()
    assert panel.shown is after
    shown = texts(panel)
    said = "Concluded at first, then told by the server."
    assert f"{said} It happened between 22:13:15.123 and 22:13:20.123 UTC." in shown
    assert "2023-11-14T22:13:20Z" in shown
    found = [button for button in panel.findChildren(QPushButton) if button.accessibleName()]
    assert len({button.accessibleName() for button in found if "state_change" in button.accessibleName()}) == 1
    assert '"data": {}' in panel.view.toPlainText()  # the evidence that was chosen stays chosen


def test_what_a_status_filled_in_is_no_conclusion(panel: InspectorPanel, monitor: Monitor) -> None:
    pushed = told()
    later = frame('{"type":"status_update","data":{}}', AT_NS + 900_000_000)
    monitor.log.extend([replace(pushed, evidence=(later,), is_pushed=True)])
    panel.show_event(2)
    shown = texts(panel)
    assert "Told by the server, and borne out or filled in by what came after." in shown
    assert not any("Derived" in text or "It happened" in text for text in shown)


def test_evidence_is_cut_at_its_end_and_whole_in_its_tip(panel: InspectorPanel, monitor: Monitor) -> None:
    long = Observation("gw1.example.com:8443", 1, AT_NS, Kind.REST, "{}", "GET /admin/cluster/status", 200)
    monitor.log.extend([replace(derived(), evidence=(long,))])
    panel.resize(230, 600)
    panel.show_event(2)
    QApplication.processEvents()
    (evidence,) = (button for button in panel.findChildren(QPushButton) if button.isVisible())
    assert evidence.text().startswith("22:13:20.123  GET /admin")
    assert evidence.text().endswith("…")
    assert evidence.accessibleName() == "22:13:20.123  GET /admin/cluster/status  gw1.example.com:8443"
    assert evidence.toolTip().splitlines()[0] == "GET /admin/cluster/status  gw1.example.com:8443"


def test_evidence_of_the_event_before_goes(panel: InspectorPanel, qtbot: QtBot) -> None:
    panel.show_event(1)
    panel.show_event(0)
    qtbot.waitUntil(lambda: not [found for found in panel.findChildren(QPushButton) if found.isVisible()])
    assert not any("Derived" in text for text in texts(panel))


def test_an_event_stays_shown_when_the_log_lets_it_go(panel: InspectorPanel, monitor: Monitor) -> None:
    panel.show_event(0)
    monitor.log.extend([told()] * 200_001)
    panel.refresh()
    assert panel.shown is not None
    panel.show_event(0)
    assert panel.shown is None


def test_another_cluster_shows_nothing_at_first(panel: InspectorPanel) -> None:
    panel.show_event(0)
    panel.show_monitor(None)
    assert panel.shown is None


def test_what_a_server_wrote_is_never_taken_for_markup(panel: InspectorPanel, monitor: Monitor) -> None:
    text = "<b>broken</b><img src='x'>"
    event = Event(text, AT_NS, text, text, text, ServerError(text), frame("<b>not json</b>"))
    monitor.log.extend([event])
    panel.show_event(2)
    assert "<b>broken</b><img src='x'>" in texts(panel)
    assert all(label.textFormat().name == "PlainText" for label in panel.findChildren(QLabel))
    assert panel.view.toPlainText() == "<b>not json</b>"


def test_text_that_is_no_json_is_shown_as_it_came_and_a_huge_one_is_cut_and_says_so() -> None:
    assert pretty("{broken") == "{broken"
    assert pretty("[" * 100_000) == "[" * 100_000
    assert pretty("") == ""
    cut = pretty("x" * (MAX_CHARACTERS + 5))
    assert len(cut) < MAX_CHARACTERS + 200
    assert "cut after" in cut


def test_keys_and_values_have_colours_of_the_theme(panel: InspectorPanel) -> None:
    panel.show_event(0)
    for theme in (LIGHT, DARK):
        panel.set_theme(theme)
        panel.set_time_style(TimeStyle.LOCAL)
        block = panel.view.document().findBlockByNumber(1)
        colours = {range_.format.foreground().color().name() for range_ in block.layout().formats()}
        assert theme.accent.name() in colours
        assert theme.text.name() in colours
