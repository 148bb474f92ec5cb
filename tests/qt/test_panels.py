"""The panels around the graphs: what they say of a cluster, how old it is, and what a click asks for."""

from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.banner import Banner
from helios_desktop.qt.demo_panel import DemoPanel
from helios_desktop.qt.overview import Overview
from helios_desktop.qt.subscriptions import Subscriptions
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import DARK, LEVEL_GLYPHS, LIGHT
from helios_desktop.qt.top_bar import TopBar, leader_words
from helios_desktop.store.state import STALE_AFTER_S, Role
from helios_desktop.store.verdict import Level
from tests.qt.real_cluster import RealCluster
from tests.qt.scene import NS, FakeDemo, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def overview(qtbot: QtBot, live: Story) -> Overview:
    """Give the overview of a cluster that is well."""
    panel = Overview(DARK)
    qtbot.addWidget(panel)
    panel.resize(720, 200)
    panel.show_monitor(live.monitor)
    panel.show()
    return panel


# Overview


def test_each_member_has_a_card_with_glyph_and_word(overview: Overview) -> None:
    told = {name: (card.glyph.text(), card.role.text()) for name, card in overview.cards.items()}
    assert told == {"node1": ("★", "Leader"), "node2": ("●", "Follower"), "node3": ("●", "Follower")}
    assert overview.verdict.text() == "3 of 3 healthy: can lose 1"


def test_zero_is_zero_and_unknown_is_a_dash(overview: Overview) -> None:
    follower, leader = overview.cards["node2"], overview.cards["node1"]
    assert (follower.lag.text(), follower.p99.text(), follower.uptime.text()) == ("0", "—", "—")
    assert leader.lag.text() == "—"
    assert leader.commit.text().replace("\N{NO-BREAK SPACE}", "") == "104221"


def test_a_silent_cluster_dims_by_itself(live: Story, overview: Overview) -> None:
    card = overview.cards["node2"]
    fresh = card.commit.palette().windowText().color()
    assert card.age.text() == "0 s ago"
    live.now_s += 14  # and no observation at all
    overview.refresh()
    assert card.ages.text() == "last seen 14 s ago"
    assert card.age.text() == ""
    assert (fresh, card.commit.palette().windowText().color()) == (DARK.text, DARK.text_faint)


def test_a_stopped_node_stands_out_with_shape_word_and_colour(live: Story, overview: Overview) -> None:
    live.frame("node2", "error", {"error": "Failed to retrieve cluster status"})
    overview.refresh()
    card = overview.cards["node2"]
    assert (card.glyph.text(), card.role.text()) == ("✕", "Unreachable")
    assert card.role.palette().windowText().color() == DARK.problem
    assert "2 of 3" in overview.verdict.text()


def test_members_come_and_go(live: Story, overview: Overview) -> None:
    live.frame("node1", "peer_change", {"event_type": "added", "peer_id": "node4", "peer_address": "localhost:8004"})
    overview.refresh()
    assert list(overview.cards) == ["node1", "node2", "node3", "node4"]
    live.frame("node1", "peer_change", {"event_type": "removed", "peer_id": "node4", "peer_address": "localhost:8004"})
    overview.refresh()
    assert list(overview.cards) == ["node1", "node2", "node3"]


def test_a_member_keeps_its_colour_whoever_comes_and_goes(live: Story, overview: Overview) -> None:
    def colour(node: str) -> QColor:
        stripe = overview.cards[node].findChild(QWidget, "stripe")
        assert stripe is not None
        return stripe.palette().window().color()

    before = {node: colour(node) for node in ("node1", "node3")}
    told = {"event_type": "removed", "peer_id": "node2", "peer_address": "localhost:8002"}
    live.frame("node1", "peer_change", told)
    overview.refresh()
    assert list(overview.cards) == ["node1", "node3"]
    live.frame("node1", "peer_change", told | {"event_type": "added"})
    live.frame("node1", "peer_change", told | {"event_type": "added", "peer_id": "node0"})
    overview.refresh()
    assert list(overview.cards) == ["node0", "node1", "node2", "node3"]
    assert {node: colour(node) for node in before} == before
    assert len({colour("node1").name(), colour("node3").name()}) == 2


def test_cards_in_several_rows_are_flat_and_still_tell_every_age(live: Story, overview: Overview) -> None:
    full_height = overview.cards["node1"].sizeHint().height()
    assert overview.cards["node1"].ages.isVisible()
    live.frame("node1", "peer_change", {"event_type": "added", "peer_id": "node4", "peer_address": "localhost:8004"})
    overview.refresh()
    card = overview.cards["node2"]
    assert card.sizeHint().height() < full_height - 30
    assert not card.ages.isVisible()
    assert (card.snapshot.isVisible(), overview.cards["node4"].age.text()) == (True, "never seen")
    live.now_s += 14
    overview.refresh()
    assert card.age.text() == "14 s ago"
    assert card.age.palette().windowText().color() == DARK.warning
    overview.resize(500, 200)
    QApplication.processEvents()
    assert (card.commit.isVisible(), card.snapshot.isVisible()) == (True, False)
    overview.resize(1200, 200)
    QApplication.processEvents()
    assert card.ages.isVisible()
    assert card.sizeHint().height() == full_height


def test_what_is_held_stands_still(live: Story, overview: Overview) -> None:
    overview.set_held(live.now_ns)
    live.now_s += 60
    live.status("node2", commit=200_000)
    overview.refresh()
    assert overview.cards["node2"].age.text() == "0 s ago"
    assert "104" in overview.cards["node2"].commit.text()
    overview.set_held(None)
    assert overview.cards["node2"].commit.text().startswith("200")


def test_a_card_reads_as_one_sentence(overview: Overview) -> None:
    name = overview.cards["node1"].accessibleName()
    assert name.startswith("node1, Leader, term 4, commit 104")


def test_an_overview_without_members_says_why(qtbot: QtBot, story: Story) -> None:
    story.phase("node1", Phase.CONNECTING)
    panel = Overview(DARK)
    qtbot.addWidget(panel)
    panel.show_monitor(story.monitor)
    panel.show()
    assert panel.verdict.text() == "Nothing is known of the cluster yet"
    assert panel.cards == {}
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Opening the WebSocket of node1."


def test_nothing_is_set_anew_where_nothing_changed(
    live: Story, overview: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    card = overview.cards["node1"]
    monkeypatch.setattr(card, "show_node", lambda node, now_ns, around: shown.append(node.id))
    overview.refresh()
    assert shown == []
    live.status("node1")
    overview.refresh()
    assert shown == ["node1"]


# Top bar


def test_the_leader_sentence_claims_no_more_than_was_seen(live: Story) -> None:
    for _beat in range(2):
        live.now_s += 6
        for node in ("node1", "node2", "node3"):
            live.status(node)
    assert leader_words(live.monitor.state, live.now_ns)[1] == "node1 leads term 4 for at least 12 s"
    live.frame("node2", "state_change", {"old_state": "Candidate", "new_state": "Leader", "term": 5})
    for node in ("node1", "node2", "node3"):
        live.status(node, leader="node2", term=5)
    live.now_s += 3
    assert leader_words(live.monitor.state, live.now_ns)[:2] == ("★", "node2 leads term 5 for 3 s")


def test_who_led_before_all_connections_ended_does_not_look_live(live: Story) -> None:
    for node in ("node1", "node2", "node3"):
        live.phase(node, Phase.BACKOFF, Cause.SERVER_CLOSED, attempt=1)
    assert leader_words(live.monitor.state, live.now_ns)[:2] == ("◌", "node1 led when last heard")


def test_a_picture_that_nobody_moves_on_does_not_look_live(live: Story, overview: Overview) -> None:
    # As of a window that follows another one, which stands still: not even a tick comes.
    live.now_s += STALE_AFTER_S
    assert leader_words(live.monitor.state, live.now_ns)[0] == "★"
    overview.refresh()
    assert overview.verdict.text() == "3 of 3 healthy: can lose 1"
    live.now_s += 1
    assert leader_words(live.monitor.state, live.now_ns) == ("◌", "node1 led when last heard", Role.UNKNOWN)
    live.now_s += 9
    overview.refresh()
    assert overview.verdict.text() == "Unknown: nothing is heard from the cluster at present"
    assert overview.reasons.toolTip().endswith("The last that is known is 21 s old.")
    assert overview.glyph.text() == LEVEL_GLYPHS[Level.UNKNOWN]


def test_no_leader_of_a_picture_that_nobody_moves_on_has_no_age_that_grows(live: Story) -> None:
    live.phase("node1", Phase.BACKOFF, Cause.REFUSED, attempt=1)
    for node in ("node2", "node3"):
        live.frame(node, "status", {"node_id": node, "state": "Candidate", "term": 5, "leader": "", "peers": []})
    assert leader_words(live.monitor.state, live.now_ns)[1] == "No leader for 0 s"
    live.now_s += STALE_AFTER_S + 1
    assert leader_words(live.monitor.state, live.now_ns) == ("◌", "Nobody led when last heard", Role.UNKNOWN)


def test_observers_that_the_clock_alone_knows_to_be_stale_name_no_leader(live: Story) -> None:
    live.now_s += STALE_AFTER_S + 1
    # Something else moved the picture; the fold looks at the age of a status at its next tick.
    live.frame("node1", "pong", {})
    assert leader_words(live.monitor.state, live.now_ns)[1] == "node1 led when last heard"


def test_the_bar_names_cluster_environment_and_phase(qtbot: QtBot, live: Story) -> None:
    bar = TopBar(LIGHT)
    qtbot.addWidget(bar)
    bar.show_monitor(live.monitor)
    texts = (bar.glyph.text(), bar.phase.text(), bar.name.text(), bar.environment.text())
    assert texts == ("●", "Live", "Demo", "DEMO")


def test_while_held_the_phase_goes_on_and_the_new_events_are_counted(qtbot: QtBot, live: Story) -> None:
    bar = TopBar(DARK)
    qtbot.addWidget(bar)
    bar.show_monitor(live.monitor)
    bar.set_held(live.now_ns)
    end = live.monitor.log.end
    live.phase("node1", Phase.BACKOFF, Cause.SILENT, attempt=1, retry_at_ns=live.now_ns + 2 * NS)
    bar.refresh()
    assert bar.phase.text() == "Reconnecting in 2 s (try 1)"
    assert bar.held.text() == f"Held at 22:13:20.000 UTC  ·  +{live.monitor.log.end - end} new"
    assert bar.hold.isChecked()


# Banner


@pytest.fixture
def banner(qtbot: QtBot, live: Story) -> Banner:
    """Give the banner of a cluster that is well."""
    made = Banner(DARK)
    qtbot.addWidget(made)
    made.show_monitor(live.monitor)
    return made


def test_no_banner_where_all_is_well(banner: Banner) -> None:
    assert banner.isHidden()


def test_the_banner_says_why_and_offers_to_try_now(qtbot: QtBot, live: Story, banner: Banner) -> None:
    for node in ("node1", "node2", "node3"):
        live.phase(node, Phase.BACKOFF, Cause.REFUSED, attempt=1, retry_at_ns=live.now_ns + NS)
    banner.refresh()
    assert banner.text.text().startswith("Nothing listens at that address and port. Check the port")
    with qtbot.waitSignal(banner.reconnect_requested):
        banner.reconnect.click()
    live.go_live()
    banner.refresh()
    assert banner.isHidden()


def test_where_others_are_live_the_banner_names_who_is_not(live: Story, banner: Banner) -> None:
    live.phase("node3", Phase.BACKOFF, Cause.SILENT, attempt=1)
    banner.refresh()
    assert banner.text.text().startswith("node3: The gateway fell silent")


def test_refused_credentials_ask_to_sign_in_and_never_to_retry(live: Story, banner: Banner) -> None:
    live.phase("node1", Phase.REJECTED, Cause.BAD_CREDENTIALS)
    banner.refresh()
    assert (banner.sign_in.isHidden(), banner.reconnect.isHidden()) == (False, True)
    assert banner.sign_in.text() == "Sign in again…"


def test_the_details_can_be_copied(live: Story, banner: Banner) -> None:
    live.phase("node1", Phase.BACKOFF, Cause.UNREACHABLE, detail="No route to host", attempt=2)
    banner.refresh()
    banner.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "No route to host" in copied
    assert "2023-11-14 22:13:20" in copied


def test_a_sentence_of_the_program_stays_until_it_is_dismissed(live: Story, banner: Banner) -> None:
    banner.say("The demo cannot start: no free port.")
    live.status("node1")
    banner.refresh()
    assert banner.text.text() == "The demo cannot start: no free port."
    banner.dismiss.click()
    assert banner.isHidden()


# Subscriptions


@pytest.fixture
def subscriptions(qtbot: QtBot, live: Story) -> Subscriptions:
    """Give the switches of a cluster that is live."""
    panel = Subscriptions(DARK)
    qtbot.addWidget(panel)
    panel.show_monitor(live.monitor, live.monitor)
    return panel


def test_a_switch_asks_for_all_but_its_topic(live: Story, subscriptions: Subscriptions) -> None:
    assert all(switch.isChecked() for switch in subscriptions.switches.values())
    subscriptions.switches[Topic.UPTIME].click()
    assert live.monitor.asked == [frozenset(Topic) - {Topic.UPTIME}]
    assert subscriptions.rates[Topic.UPTIME].text() == "off"
    subscriptions.switches[Topic.UPTIME].click()
    assert live.monitor.asked[-1] == frozenset(Topic)


def test_asked_for_becomes_confirmed_by_traffic(live: Story, subscriptions: Subscriptions) -> None:
    for node in ("node1", "node2", "node3"):
        live.sent_subscribe(node, frozenset(Topic))
    subscriptions.refresh()
    assert subscriptions.marks[Topic.UPTIME].text() == "…"
    for node in ("node1", "node2", "node3"):
        live.frame(node, "uptime", {"current_uptime": "24h30m0s", "total_sessions": 5, "total_uptime": "720h15m30s"})
    subscriptions.refresh()
    assert subscriptions.marks[Topic.UPTIME].text() == "✓"
    live.now_s += 4
    subscriptions.refresh()
    assert subscriptions.ages[Topic.UPTIME].text() == "4 s"
    assert subscriptions.ages[Topic.PEER_CHANGES].text() == "—"


def test_what_a_real_gateway_never_pushes_says_how_it_comes_and_how_old_it_is(qtbot: QtBot) -> None:
    cluster = RealCluster("node-3")
    cluster.open()
    cluster.run(18)
    panel = Subscriptions(DARK)
    qtbot.addWidget(panel)
    panel.show_monitor(cluster.story.monitor, cluster.story.monitor)
    shown = {topic: (panel.marks[topic].text(), panel.rates[topic].text()) for topic in Topic}
    assert shown == {
        Topic.STATUS: ("✓", "0.2"),
        Topic.LATENCY: ("✓", "REST"),
        Topic.UPTIME: ("✓", "status"),
        Topic.SNAPSHOT: ("✓", "status"),
        Topic.CUSTOM_METRICS: ("✓", "status"),
        Topic.STATE_CHANGES: ("…", "0"),
        Topic.PEER_CHANGES: ("…", "0"),
    }
    assert panel.ages[Topic.LATENCY].text() == "1 s"
    assert "by REST" in panel.marks[Topic.LATENCY].toolTip()
    cluster.lose("node-3", Cause.SERVER_CLOSED)
    panel.refresh()
    # What came before the connection was lost does not come now.
    assert {panel.marks[topic].text() for topic in Topic} == {"…"}


# Demo


@pytest.fixture
def demo_panel(qtbot: QtBot, live: Story, demo: FakeDemo) -> DemoPanel:
    """Give the demo panel of a cluster that is live; it needs a running loop to be clicked."""
    panel = DemoPanel(DARK, Tasks(_fail))
    qtbot.addWidget(panel)
    panel.show_monitor(live.monitor, demo)
    return panel


def _fail(error: BaseException) -> None:
    raise AssertionError from error


async def test_each_fault_is_one_click_for_the_node_that_is_chosen(
    qapp: QApplication, demo_panel: DemoPanel, demo: FakeDemo, until: Until
) -> None:
    demo_panel.node.setCurrentIndex(demo_panel.node.findData("node3"))
    for number, button in enumerate(demo_panel.buttons.values(), 1):
        button.click()
        await until(lambda wanted=number: len(demo.faults) == wanted)  # type: ignore[misc]  # a lambda with a default
    assert demo.faults == [
        {"fault": "stop", "node": "node3"},
        {"fault": "start", "node": "node3"},
        {"fault": "partition", "nodes": ["node3"]},
        {"fault": "partition", "one_way": True, "nodes": ["node3"]},
        {"fault": "slow", "delay_ms": 200, "node": "node3"},
        {"fault": "lose", "loss": 0.3, "node": "node3"},
        {"fault": "heal"},
        {"fault": "snapshot", "node": "node3"},
        {"fault": "transfer", "node": "node3"},
        {"fault": "transfer"},
        {"fault": "add"},
        {"fault": "remove", "node": "node3"},
        {"fault": "pause"},
        {"fault": "resume"},
        {"fault": "step", "seconds": 1},
    ]


async def test_the_first_choice_follows_whoever_leads(
    qapp: QApplication, demo_panel: DemoPanel, demo: FakeDemo, live: Story, until: Until
) -> None:
    assert demo_panel.node.currentText() == "★ the leader (node1)"
    for node in ("node2", "node1", "node3"):
        live.status(node, leader="node2", term=5)
    demo_panel.refresh()
    demo_panel.buttons["Stop"].click()
    await until(lambda: demo.faults == [{"fault": "stop", "node": "node2"}])


async def test_start_with_the_leader_chosen_starts_who_was_stopped(
    qapp: QApplication, demo_panel: DemoPanel, demo: FakeDemo, live: Story, until: Until
) -> None:
    demo_panel.buttons["Start"].click()
    assert demo_panel.answer.text() == "No node is out of reach."
    live.frame("node3", "error", {"error": "Failed to retrieve cluster status"})
    demo_panel.buttons["Start"].click()
    await until(lambda: demo.faults == [{"fault": "start", "node": "node3"}])


def test_a_click_on_a_fault_takes_no_focus_that_space_would_repeat(demo_panel: DemoPanel) -> None:
    policies = {button.focusPolicy() for button in demo_panel.buttons.values()}
    assert policies == {Qt.FocusPolicy.TabFocus}


async def test_a_refused_fault_says_so_below_the_buttons(
    qapp: QApplication, qtbot: QtBot, demo_panel: DemoPanel, demo: FakeDemo, until: Until
) -> None:
    demo.error = "The demo gateway refused: node: is the last voter"
    demo_panel.buttons["Remove"].click()
    await until(lambda: demo_panel.answer.text() == demo.error)


def test_address_and_password_can_be_taken_by_other_clients(demo_panel: DemoPanel) -> None:
    assert demo_panel.address.text() == "127.0.0.1:4242"
    demo_panel.copies[0].click()
    assert QGuiApplication.clipboard().text() == "http://127.0.0.1:4242"
    demo_panel.copies[1].click()
    assert QGuiApplication.clipboard().text() == "drowssap"
    assert "drowssap" not in demo_panel.answer.text() + demo_panel.address.toolTip()


def test_another_gateway_has_no_demo_panel(demo_panel: DemoPanel, live: Story) -> None:
    assert not demo_panel.isHidden()
    demo_panel.show_monitor(live.monitor, None)
    assert demo_panel.isHidden()
