"""A card dims only what nobody tells any more, and says who tells what its own gateway does not."""

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.qt.node_card import NodeCard
from helios_desktop.qt.overview import Overview
from helios_desktop.qt.theme import DARK
from tests.qt.real_cluster import GATEWAYS, RealCluster, replay
from tests.qt.scene import Story
from tests.unit.store.scene import START_S

LIVE, DIM = DARK.text, DARK.text_faint


@pytest.fixture
def cluster() -> RealCluster:
    """Give three real gateways that have told all for a while; node-3 leads."""
    made = RealCluster()
    made.open()
    made.run(20)
    return made


@pytest.fixture
def overview(qtbot: QtBot) -> Overview:
    """Give an overview that watches nothing yet, wide enough for three cards side by side."""
    panel = Overview(DARK)
    qtbot.addWidget(panel)
    panel.resize(760, 240)
    panel.show()
    return panel


def cards(overview: Overview, story: Story) -> dict[str, NodeCard]:
    """Let it show this story as it stands, and give its cards."""
    overview.show_monitor(story.monitor)
    QApplication.processEvents()
    return overview.cards


def colour(label: QLabel) -> QColor:
    return label.palette().windowText().color()


def colours(card: NodeCard) -> dict[str, QColor]:
    labels = {"term": card.term, "commit": card.commit, "up": card.uptime, "lag": card.lag, "p99": card.p99}
    return {name: colour(label) for name, label in labels.items()}


def test_losing_a_follower_s_gateway_dims_what_it_alone_told(overview: Overview, cluster: RealCluster) -> None:
    cluster.lose("node-1", Cause.TIMEOUT)
    cluster.run(17)
    card = cards(overview, cluster.story)["node-1"]
    assert colours(card) == {"term": DIM, "commit": DIM, "up": DIM, "lag": LIVE, "p99": LIVE}
    assert colour(card.snapshot) == DIM
    assert card.ages.text() == "last seen 17 s ago  ·  latency 2 s ago"


def test_a_leader_whose_gateway_is_lost_keeps_the_role_that_others_tell(overview: Overview, live: Story) -> None:
    live.frame("node1", "uptime", {"current_uptime": "24h30m0s", "total_sessions": 5, "total_uptime": "720h15m30s"})
    live.phase("node1", Phase.BACKOFF, Cause.TIMEOUT, attempt=1)
    for _second in range(15):
        live.now_s += 1
        live.tick()
        live.status("node2")
    card = cards(overview, live)["node1"]
    assert (card.role.text(), colour(card.role), card.term.text()) == ("Leader", DARK.accent, "4")
    assert (colour(card.term), colour(card.commit), colour(card.uptime)) == (LIVE, DIM, DIM)
    assert card.ages.text() == "as told by node2  ·  last heard 15 s ago"
    assert "Told by node2, not by its own gateway" in card.role.toolTip()
    assert "as told by node2" in card.accessibleName()


def test_who_has_no_gateway_of_ours_says_visibly_who_tells_of_it(overview: Overview) -> None:
    cluster = RealCluster("node-3")
    cluster.open()
    cluster.run(8)
    shown = cards(overview, cluster.story)
    other, own = shown["node-1"], shown["node-3"]
    assert other.ages.text().startswith("as told by node-3")
    assert colours(other)["lag"] == colours(other)["p99"] == LIVE
    assert (other.term.text(), other.commit.text(), other.uptime.text()) == ("—", "—", "—")
    assert other.role.toolTip().splitlines()[:2] == [
        "Its role is told by nobody; the leader reaches it",
        "Told by 10.20.0.13:8443 (node-3), not by its own gateway",
    ]
    assert "as told" not in own.ages.text()
    assert other.height() == own.height()


def test_what_is_only_listed_is_no_alarm(overview: Overview) -> None:
    story = Story(f"http://{GATEWAYS['node-1']}", start_s=START_S)
    replay(story, "steady_follower_60s_header.jsonl", GATEWAYS["node-1"], 10.0)
    card = cards(overview, story)["node-2"]
    assert (card.ages.text(), colour(card.ages)) == ("only listed by its peers, told by nobody", DIM)
    assert card.role.toolTip() == "Its peers list it, and no gateway told more of it"


def test_a_leader_that_tells_only_how_far_a_node_lags_is_not_taken_for_nobody(overview: Overview) -> None:
    cluster = RealCluster("node-3")
    cluster.open()
    told = cluster.data("node-3")
    del told["peers"][0]["latency"]
    cluster.story.frame(GATEWAYS["node-3"], "status_update", told)
    card = cards(overview, cluster.story)["node-1"]
    assert (card.ages.text(), colour(card.lag)) == ("only its lag is told, 0 s ago", LIVE)


def test_nothing_of_an_unreachable_node_looks_live(overview: Overview, cluster: RealCluster) -> None:
    cluster.down = frozenset({"node-2"})
    cluster.lose("node-2", Cause.REFUSED)
    cluster.run(3)
    card = cards(overview, cluster.story)["node-2"]
    assert (card.role.text(), colour(card.role)) == ("Unreachable", DARK.problem)
    assert colours(card) == dict.fromkeys(("term", "commit", "up", "lag", "p99"), DIM)
    assert colour(card.snapshot) == DIM


def test_who_is_out_of_reach_by_the_leader_s_word_alone_names_the_leader(overview: Overview) -> None:
    cluster = RealCluster("node-3")
    cluster.open()
    cluster.run(10)
    cluster.down = frozenset({"node-2"})
    cluster.run(15)
    card = cards(overview, cluster.story)["node-2"]
    assert card.role.text() == "Unreachable"
    assert card.ages.text().startswith("as told by node-3 for ")


def test_the_lag_dims_by_its_own_age_when_the_leader_is_lost(overview: Overview, cluster: RealCluster) -> None:
    cluster.lose("node-3", Cause.TIMEOUT)
    card = cards(overview, cluster.story)["node-1"]
    assert (colours(card)["term"], colours(card)["commit"], colours(card)["lag"]) == (LIVE, LIVE, LIVE)
    cluster.run(15)
    overview.refresh()
    assert (colours(card)["term"], colours(card)["commit"], colours(card)["lag"]) == (LIVE, LIVE, DIM)


def test_the_uptime_s_tip_has_restarts_crashes_and_the_last_of_the_history(
    overview: Overview, cluster: RealCluster
) -> None:
    cluster.answer("node-3", RestCall.UPTIME_HISTORY)
    told = cards(overview, cluster.story)["node-3"].uptime.toolTip().splitlines()
    assert told[2:] == [
        "Restarts: 2, crashes: 1",
        "The last of its history (UTC):",
        "2026-11-23 08:17:39  start",
        "2026-11-23 08:17:41  election, term 1",
    ]


def test_a_card_that_finds_more_room_is_drawn_for_it_at_once(overview: Overview, cluster: RealCluster) -> None:
    overview.resize(300, 400)
    cluster.lose("node-1", Cause.TIMEOUT)
    cluster.run(17)
    card = cards(overview, cluster.story)["node-1"]
    assert card.age.text() == "17 s ago"
    overview.resize(760, 240)
    QApplication.processEvents()
    assert card.age.text() == ""
    assert card.ages.isVisible()
