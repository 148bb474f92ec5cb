"""The combo box above the latency graph."""

from pytestqt.qtbot import QtBot

from helios_desktop.qt.latency_choice import LatencyChoice, LatencyView, latency_views, views_told_since
from helios_desktop.store.series import SeriesKey
from tests.qt.real_cluster import RealCluster


def test_an_empty_choice_says_why_from_the_first_moment_on(qtbot: QtBot) -> None:
    choice = LatencyChoice()
    qtbot.addWidget(choice)
    assert (choice.placeholderText(), choice.isEnabled()) == ("no latency yet", False)
    choice.offer([LatencyView("", "rpc", "append_entries")])
    assert (choice.currentText(), choice.isEnabled()) == ("append_entries", True)
    choice.offer([])
    assert (choice.currentIndex(), choice.placeholderText(), choice.isEnabled()) == (-1, "no latency yet", False)


def test_another_cluster_may_have_less_to_choose_from(qtbot: QtBot) -> None:
    choice = LatencyChoice()
    qtbot.addWidget(choice)
    views = [
        LatencyView("", "rpc", "append_entries"),
        LatencyView("", "peer", "node2"),
        LatencyView("", "peer", "node3"),
    ]
    choice.offer(views)
    choice.setCurrentIndex(choice.count() - 1)
    with qtbot.waitSignal(choice.changed):
        choice.offer(views[:1])
    assert choice.chosen == views[0]


def test_other_calls_to_a_peer_stand_below_the_heartbeats_and_say_what_they_are() -> None:
    keys = [
        SeriesKey("peer", "node-3", "p50", rpc="request_vote"),
        SeriesKey("peer", "node-3", "p50"),
        SeriesKey("peer", "node-2", "p50", rpc="request_vote"),
        SeriesKey("peer", "node-2", "p50"),
        SeriesKey("commit_rate", "", "value"),
    ]
    views = latency_views(keys)
    assert [view.title for view in views] == [
        "to node-2",
        "to node-3",
        "to node-2, request_vote",
        "to node-3, request_vote",
    ]
    assert views[2].key("p50") == keys[2]


def test_another_leader_s_peers_take_the_place_of_what_is_told_no_more_unless_the_user_chose(qtbot: QtBot) -> None:
    choice = LatencyChoice()
    qtbot.addWidget(choice)
    to_1, to_2, to_3 = (LatencyView("", "peer", f"node-{number}") for number in (1, 2, 3))
    choice.offer([to_1, to_2], [to_1, to_2])
    assert choice.chosen == to_1
    with qtbot.waitSignal(choice.changed):
        choice.offer([to_1, to_2, to_3], [to_2, to_3])
    assert choice.chosen == to_2
    choice.setCurrentIndex(choice.count() - 1)
    choice.activated.emit(choice.count() - 1)
    choice.offer([to_1, to_2, to_3], [to_1, to_2])
    assert choice.chosen == to_3


def test_what_is_told_at_present_goes_by_the_latest_sample() -> None:
    cluster = RealCluster("node-3")
    cluster.open()
    cluster.run(8)
    series, now_s = cluster.story.monitor.series, cluster.story.now_s
    views = latency_views(series.keys())
    assert len(views) == 4
    assert views_told_since(series, views, now_s - 5) == views
    assert views_told_since(series, views, now_s) == []
