"""A connection that tells nothing says why: in the top bar, in the strip below it, and in every empty panel."""

import json

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from helios_desktop.client.causes import explain
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.qt.absences import commit_absence, latency_absence, members_absence
from helios_desktop.qt.banner import Banner
from helios_desktop.qt.overview import Overview
from helios_desktop.qt.standing import standing
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.top_bar import TopBar
from helios_desktop.store.state import STALE_AFTER_S
from helios_desktop.store.verdict import Level
from tests.qt.real_cluster import GATEWAYS, RAFT_OFF, RealCluster, pong, replay
from tests.qt.scene import NS, Story
from tests.unit.store.scene import START_S

ONE = GATEWAYS["node-1"]


@pytest.fixture
def silent() -> Story:
    """Give one gateway that answers pings and sends no status."""
    cluster = RealCluster("node-1")
    cluster.open()
    answer_pings(cluster.story, 13)
    return cluster.story


@pytest.fixture
def polled() -> RealCluster:
    """Give a leader's gateway that lets no WebSocket through and was asked by REST for a while."""
    cluster = RealCluster("node-3")
    cluster.polled = frozenset({"node-3"})
    story = cluster.story
    story.phase(GATEWAYS["node-3"], Phase.CONNECTING)
    story.phase(GATEWAYS["node-3"], Phase.POLLING, Cause.SOCKET_BLOCKED, detail="HTTP 426: Upgrade Required")
    cluster.run(12)
    return cluster


def answer_pings(story: Story, seconds: int) -> None:
    for _second in range(seconds):
        story.now_s += 1
        story.tick()
        pong(story, ONE)


def words(story: Story) -> tuple[Level, str]:
    stands = standing(story.monitor.state, story.now_ns)
    return stands.level, stands.text


def make_banner(qtbot: QtBot, story: Story) -> Banner:
    banner = Banner(DARK)
    qtbot.addWidget(banner)
    banner.show_monitor(story.monitor)
    return banner


# In the top bar


def test_raft_that_is_off_is_told_as_soon_as_rest_says_so(silent: Story) -> None:
    silent.rest(ONE, RestCall.STATUS, RAFT_OFF, status=503)
    assert words(silent) == (Level.WARNING, "Connected, Raft not enabled")


def test_pongs_without_a_status_are_no_status(silent: Story) -> None:
    assert words(silent) == (Level.WARNING, "Connected, no status")


def test_a_status_that_only_rest_brings_is_live_and_says_so(silent: Story) -> None:
    cluster = RealCluster("node-1")
    silent.rest(ONE, RestCall.STATUS, _text_of(cluster))
    assert words(silent) == (Level.WARNING, "Live, status by REST")


def test_without_even_a_pong_it_is_stale_and_nothing_is_claimed_of_pings(silent: Story) -> None:
    silent.now_s += STALE_AFTER_S + 1
    assert words(silent) == (Level.WARNING, "Stale")


def test_polling_tells_the_age_of_its_last_answer(polled: RealCluster) -> None:
    story = polled.story
    assert words(story) == (Level.WARNING, "Polling by REST, 2 s ago")
    story.now_s += 20
    assert words(story) == (Level.WARNING, "Polling by REST, stale: 22 s ago")


def test_on_the_way_to_live_each_step_says_what_it_waits_for() -> None:
    cluster = RealCluster("node-1")
    story = cluster.story
    seen = []
    for phase in (Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE):
        story.phase(ONE, phase)
        seen.append((words(story)[1], members_absence(story.monitor.state, story.now_ns)))
    cluster.status("node-1")
    assert seen == [
        ("Authenticating", f"Signing in at {ONE}."),
        ("Connecting", f"Opening the WebSocket of {ONE}."),
        ("Connected, waiting for a message", f"Connected to {ONE}, waiting for its first message."),
        (
            "Connected, waiting for a status",
            f"Connected to {ONE}, which answers. Waiting for its first status; one comes every 5 s.",
        ),
    ]
    assert words(story) == (Level.WELL, "Live")


def test_only_what_is_live_counts_as_live() -> None:
    cluster = RealCluster()
    cluster.open("node-1", "node-3")
    cluster.polled = frozenset({"node-2"})
    cluster.story.phase(GATEWAYS["node-2"], Phase.POLLING, Cause.SOCKET_BLOCKED)
    cluster.run(6)
    stands = standing(cluster.story.monitor.state, cluster.story.now_ns)
    assert stands.live_text == "2 of 3 live"
    assert stands.text.startswith("Polling by REST")


# In the strip below it


def test_silence_is_explained_with_a_next_step_and_nothing_to_click_but_copy(qtbot: QtBot, silent: Story) -> None:
    silent.rest(ONE, RestCall.STATUS, RAFT_OFF, status=503)
    banner = make_banner(qtbot, silent)
    assert banner.text.text() == str(explain(Cause.RAFT_NOT_ENABLED, ""))
    offered = [button for button in (banner.reconnect, banner.sign_in, banner.dismiss) if not button.isHidden()]
    assert offered == []
    banner.copy.click()
    assert "Raft not enabled" in QGuiApplication.clipboard().text().splitlines()


def test_what_is_blocked_on_the_way_is_said_while_it_is_polled_and_the_details_have_the_answer(
    qtbot: QtBot, polled: RealCluster
) -> None:
    banner = make_banner(qtbot, polled.story)
    assert banner.text.text() == str(explain(Cause.SOCKET_BLOCKED, ""))
    assert banner.reconnect.text() == "Try again"
    assert not banner.reconnect.isHidden()
    banner.copy.click()
    assert "HTTP 426: Upgrade Required" in QGuiApplication.clipboard().text()


@pytest.mark.parametrize("cause", [Cause.HUB_NOT_RUNNING, Cause.SLEPT])
def test_what_a_lost_connection_died_of_is_explained(qtbot: QtBot, live: Story, cause: Cause) -> None:
    for node in ("node1", "node2", "node3"):
        live.phase(node, Phase.BACKOFF, cause, attempt=1)
    assert make_banner(qtbot, live).text.text() == str(explain(cause, ""))


def test_the_strip_stands_still_from_one_attempt_to_the_next(qtbot: QtBot, live: Story) -> None:
    banner = make_banner(qtbot, live)
    live.phase("node2", Phase.BACKOFF, Cause.REFUSED, attempt=1, retry_at_ns=live.now_ns + NS)
    banner.refresh()
    said = banner.text.text()
    assert said.startswith("node2: Nothing listens")
    for phase in (Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING):
        live.phase("node2", phase, attempt=1)
        banner.refresh()
        assert (banner.isHidden(), banner.text.text()) == (False, said)
    live.phase("node2", Phase.LIVE)
    live.status("node2")
    banner.refresh()
    assert banner.isHidden()


def test_of_two_that_stand_equally_the_strip_goes_on_speaking_of_the_first(qtbot: QtBot, live: Story) -> None:
    banner = make_banner(qtbot, live)
    live.phase("node3", Phase.BACKOFF, Cause.TIMEOUT, attempt=1)
    banner.refresh()
    live.phase("node2", Phase.BACKOFF, Cause.REFUSED, attempt=1)
    banner.refresh()
    assert banner.text.text().startswith("node3: ")
    live.phase("node1", Phase.REJECTED, Cause.NOT_ADMIN)
    banner.refresh()
    assert banner.text.text().startswith("node1: ")


# In the panels


def test_raft_that_is_off_leaves_no_panel_empty_without_a_word(qtbot: QtBot, silent: Story) -> None:
    silent.rest(ONE, RestCall.STATUS, RAFT_OFF, status=503)
    state, now_ns = silent.monitor.state, silent.now_ns
    why = f"Raft is not enabled at {ONE}, so it has nothing to tell. Connect to a gateway that has it."
    assert (latency_absence(state, now_ns), commit_absence(state, now_ns)) == (why, why)
    panel = Overview(DARK)
    qtbot.addWidget(panel)
    panel.show_monitor(silent.monitor)
    panel.show()
    assert (panel.empty.isVisible(), panel.empty.text()) == (True, why)


def test_a_gateway_without_a_status_points_at_its_log(silent: Story) -> None:
    said = latency_absence(silent.monitor.state, silent.now_ns)
    assert said == f"{ONE} answers pings and sends no status. Look into its log."


def test_a_follower_alone_says_that_only_the_leader_measures_and_that_it_does_not_tell_who_leads() -> None:
    story = Story(f"http://{ONE}", start_s=START_S)
    replay(story, "steady_follower_60s_header.jsonl", ONE, 10.0)
    said = latency_absence(story.monitor.state, story.now_ns)
    assert "This gateway speaks for node-1, a follower" in said
    assert said.endswith("Add the gateways of the other nodes to this connection.")
    assert words(story) == (Level.WELL, "Live")


def test_a_leader_alone_says_what_its_latency_waits_for() -> None:
    cluster = RealCluster("node-3")
    cluster.open()
    cluster.status("node-3")
    state = cluster.story.monitor.state
    assert latency_absence(state) == "No latency yet: node-3 has told none. It is asked for by REST every few seconds."


def test_a_connection_that_fails_points_at_the_line_and_a_first_attempt_only_asks_to_wait() -> None:
    story = RealCluster("node-1").story
    story.phase(ONE, Phase.CONNECTING)
    assert latency_absence(story.monitor.state) == "Nothing to draw yet: the connection is being made."
    story.phase(ONE, Phase.BACKOFF, Cause.REFUSED, attempt=1)
    assert "there is no connection" in latency_absence(story.monitor.state)
    assert "there is no connection" in members_absence(story.monitor.state, story.now_ns)


# With several gateways


def test_one_lost_and_one_refused_are_named_with_their_nodes(qtbot: QtBot) -> None:
    cluster = RealCluster()
    cluster.open()
    cluster.run(10)
    cluster.lose("node-1", Cause.SERVER_CLOSED)
    cluster.story.phase(GATEWAYS["node-2"], Phase.REJECTED, Cause.NOT_ADMIN)
    bar = TopBar(DARK)
    qtbot.addWidget(bar)
    bar.show_monitor(cluster.story.monitor)
    assert (bar.phase.text(), bar.live.text()) == ("Refused (not an admin)", "1 of 3 live")
    assert bar.name.toolTip().splitlines() == [f"http://{gateway}" for gateway in GATEWAYS.values()]
    banner = make_banner(qtbot, cluster.story)
    assert banner.text.text().startswith("10.20.0.12:8443 (node-2): This user may not watch the cluster")


def _text_of(cluster: RealCluster) -> str:
    return json.dumps(cluster.data("node-1"))
