"""Contradictions stand where one looks: a line below the verdict, a mark on the cards, and the leader sentence."""

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helios_desktop.observation import Cause
from helios_desktop.qt.dispute_lines import DisputeLine
from helios_desktop.qt.overview import Overview
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.top_bar import leader_words
from helios_desktop.store.state import Role
from tests.qt.real_cluster import RealCluster
from tests.qt.scene import Story

SENTENCE = "Two leaders in one term: node-1 says it leads term 42; node-3 says it leads term 42."


@pytest.fixture
def cluster() -> RealCluster:
    """Give three real gateways; node-3 leads."""
    made = RealCluster()
    made.open()
    made.run(20)
    return made


@pytest.fixture
def overview(qtbot: QtBot, cluster: RealCluster) -> Overview:
    """Give their overview, wide enough for whole sentences."""
    panel = Overview(DARK)
    qtbot.addWidget(panel)
    panel.resize(900, 240)
    panel.show_monitor(cluster.story.monitor)
    panel.show()
    QApplication.processEvents()
    return panel


def lines(overview: Overview) -> list[DisputeLine]:
    QApplication.processEvents()
    return [line for line in overview.disputes.lines if line.isVisible()]


def split(cluster: RealCluster, overview: Overview) -> None:
    """Let node-1 claim the term that node-3 leads."""
    cluster.leaders = ("node-1", "node-3")
    cluster.run(5)
    overview.refresh()


def test_where_all_agree_there_is_no_line_and_no_mark(overview: Overview) -> None:
    assert lines(overview) == []
    assert not any(card.mark.isVisible() for card in overview.cards.values())


def test_two_leaders_are_a_red_line_of_its_own_and_whole_in_its_tip(cluster: RealCluster, overview: Overview) -> None:
    split(cluster, overview)
    (line,) = lines(overview)
    assert (line.mark.text(), line.sentence.text()) == ("≠", SENTENCE)
    assert line.sentence.palette().windowText().color() == DARK.problem
    assert line.accessibleName() == line.toolTip()
    first, *sayings = line.toolTip().splitlines()
    assert first == SENTENCE
    assert sayings == [
        "10.20.0.11:8443 (node-1): it leads term 42, since 08:00:25.000 UTC, last told 0 s ago",
        "10.20.0.13:8443 (node-3): it leads term 42, since 08:00:03.000 UTC, last told 2 s ago",
    ]
    assert SENTENCE not in overview.reasons.text()
    assert "takes itself" not in overview.reasons.text()


def test_the_cards_of_those_who_contradict_each_other_bear_a_mark(cluster: RealCluster, overview: Overview) -> None:
    split(cluster, overview)
    marked = {name for name, card in overview.cards.items() if card.mark.isVisible()}
    assert marked == {"node-1", "node-3"}
    card = overview.cards["node-1"]
    assert card.mark.palette().windowText().color() == DARK.problem
    assert card.mark.toolTip().startswith(SENTENCE)
    assert SENTENCE in card.accessibleName()


def test_a_contradiction_in_a_picture_that_nobody_moves_on_is_not_told_as_of_now(
    cluster: RealCluster, overview: Overview
) -> None:
    split(cluster, overview)
    cluster.story.now_s += 12
    overview.refresh()
    assert lines(overview) == []
    assert not any(card.mark.isVisible() for card in overview.cards.values())
    assert overview.verdict.text() == "Unknown: nothing is heard from the cluster at present"


def test_the_leader_sentence_names_both_and_never_one_alone(cluster: RealCluster, overview: Overview) -> None:
    split(cluster, overview)
    story = cluster.story
    assert leader_words(story.monitor.state, story.now_ns) == (
        "≠",
        "node-1 and node-3 both claim term 42",
        Role.UNREACHABLE,
    )
    cluster.leaders = ("node-1", "node-2", "node-3")
    cluster.run(5)
    assert leader_words(story.monitor.state, story.now_ns)[1] == "node-1, node-2 and node-3 all claim term 42"


def test_what_a_follower_says_of_the_leader_counts_as_a_claim(live: Story) -> None:
    live.now_s += 5
    live.status("node3", leader="node3")
    live.status("node1")
    live.status("node2")
    assert leader_words(live.monitor.state, live.now_ns)[1] == "node1 and node3 both claim term 4"
    live.now_s += 12
    assert leader_words(live.monitor.state, live.now_ns)[1] == "node1 led when last heard"


def test_a_line_takes_the_room_of_a_line_and_gives_it_back_when_it_is_over(
    cluster: RealCluster, overview: Overview
) -> None:
    before = overview.sizeHint().height()
    split(cluster, overview)
    (line,) = lines(overview)
    assert before < overview.sizeHint().height() <= before + line.height() + 2
    cluster.leaders = ("node-3",)
    cluster.run(6)
    overview.refresh()
    assert lines(overview) == []
    assert overview.sizeHint().height() == before
    assert not any(card.mark.isVisible() for card in overview.cards.values())
    assert leader_words(cluster.story.monitor.state, cluster.story.now_ns)[1].startswith("node-3 leads term 42")


def test_what_may_be_mere_delay_is_amber(live: Story, qtbot: QtBot) -> None:
    panel = Overview(DARK)
    qtbot.addWidget(panel)
    panel.resize(900, 240)
    panel.show_monitor(live.monitor)
    panel.show()
    for _beat in range(2):
        live.now_s += 5
        for node in ("node1", "node2"):
            live.status(node, term=5)
        live.now_s += 1
        live.status("node3", term=4)
    panel.refresh()
    (line,) = lines(panel)
    assert line.sentence.text().startswith("Nodes are in different terms: ")
    assert line.mark.palette().windowText().color() == DARK.warning
    assert panel.cards["node3"].mark.palette().windowText().color() == DARK.warning


def test_more_than_there_is_room_for_are_counted_and_told_in_the_tip(overview: Overview, cluster: RealCluster) -> None:
    for node in ("node-1", "node-2", "node-3"):
        commit = cluster.commit_of(node)
        cluster.set_back(node, commit - 5_000)
    cluster.leaders = ("node-1", "node-3")
    cluster.run(5)
    overview.refresh()
    assert len(cluster.story.monitor.state.disagreements) == 4
    shown = lines(overview)
    assert [line.lasting.text().partition("·")[2].strip() for line in shown] == ["", "", "1 more"]
    assert "A commit index went back: node-3" in shown[-1].toolTip()


def test_a_contradiction_goes_with_who_told_it(cluster: RealCluster, overview: Overview) -> None:
    split(cluster, overview)
    cluster.lose("node-1", Cause.TIMEOUT)
    overview.refresh()
    assert lines(overview) == []
