"""The combo box above the latency graph."""

from pytestqt.qtbot import QtBot

from helios_desktop.qt.latency_choice import LatencyChoice, LatencyView


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
