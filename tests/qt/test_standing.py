"""The connection in words: the worst observer speaks, and silence is not taken for life."""

import json

import pytest

from helios_desktop.observation import Cause, Kind, Observation, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.connection_line import connection_figures
from helios_desktop.qt.standing import needs_sign_in, standing, watched
from helios_desktop.store.state import STALE_AFTER_S
from helios_desktop.store.verdict import Level
from tests.qt.real_cluster import RealCluster
from tests.qt.scene import NS, Story


def test_without_any_observer_it_is_offline(story: Story) -> None:
    assert standing(story.monitor.state, story.now_ns).text == "Offline"


def test_all_live_is_live_and_says_no_more(live: Story) -> None:
    stands = standing(live.monitor.state, live.now_ns)
    assert (stands.level, stands.text, stands.live_text) == (Level.WELL, "Live", "")


def test_the_worst_observer_speaks_and_the_live_ones_are_counted(live: Story) -> None:
    live.phase("node2", Phase.BACKOFF, Cause.REFUSED, attempt=3, retry_at_ns=live.now_ns + 8 * NS)
    stands = standing(live.monitor.state, live.now_ns)
    assert (stands.level, stands.text) == (Level.WARNING, "Reconnecting in 8 s (try 3)")
    assert stands.live_text == "2 of 3 live"
    live.phase("node3", Phase.REJECTED, Cause.NOT_ADMIN)
    stands = standing(live.monitor.state, live.now_ns)
    assert (stands.level, stands.text, stands.live_text) == (Level.PROBLEM, "Refused (not an admin)", "1 of 3 live")


def test_who_was_removed_from_the_cluster_is_no_trouble(live: Story) -> None:
    live.frame("node1", "peer_change", {"event_type": "removed", "peer_id": "node3", "peer_address": "localhost:8003"})
    live.phase("node3", Phase.CLOSED, Cause.ASKED)
    stands = standing(live.monitor.state, live.now_ns)
    assert (stands.text, stands.live_text) == ("Live", "")
    assert "node3" not in [observer.name for observer in watched(live.monitor.state)]


def test_a_member_whose_connection_was_ended_is_offline(live: Story) -> None:
    live.phase("node3", Phase.CLOSED, Cause.ASKED)
    stands = standing(live.monitor.state, live.now_ns)
    assert (stands.text, stands.live_text) == ("Offline", "2 of 3 live")


def test_the_countdown_goes_by_the_clock_and_not_by_what_comes(live: Story) -> None:
    live.phase("node2", Phase.BACKOFF, Cause.REFUSED, attempt=1, retry_at_ns=live.now_ns + 4 * NS)
    live.now_s += 2.5
    assert standing(live.monitor.state, live.now_ns).text == "Reconnecting in 2 s (try 1)"
    live.now_s += 9
    assert standing(live.monitor.state, live.now_ns).text == "Reconnecting in 0 s (try 1)"


@pytest.mark.parametrize(
    ("cause", "text", "asks"),
    [
        (Cause.BAD_CREDENTIALS, "Sign in again", True),
        (Cause.LOGIN_EXPIRED, "Sign in again", True),
        (Cause.REVOKED, "Sign in again", True),
        (Cause.NOT_ADMIN, "Refused (not an admin)", True),
        (Cause.TLS, "Not connected (TLS)", False),
        (Cause.NOT_HELIOS, "Not connected", False),
    ],
)
def test_what_needs_the_user_says_so(live: Story, cause: Cause, text: str, asks: bool) -> None:
    live.phase("node1", Phase.REJECTED, cause)
    stands = standing(live.monitor.state, live.now_ns)
    assert stands.worst is not None
    assert (stands.text, needs_sign_in(stands.worst)) == (text, asks)


def test_a_silent_connection_turns_stale_without_any_input(live: Story) -> None:
    live.now_s += STALE_AFTER_S
    assert standing(live.monitor.state, live.now_ns).text == "Live"
    live.now_s += 1
    stands = standing(live.monitor.state, live.now_ns)
    assert (stands.level, stands.text) == (Level.WARNING, "Stale")


def test_a_stopped_node_whose_gateway_says_so_is_a_live_connection(live: Story) -> None:
    for _second in range(4):
        live.now_s += 5
        live.frame("node2", "error", {"error": "Failed to retrieve cluster status"})
        live.status("node1")
        live.status("node3")
    assert standing(live.monitor.state, live.now_ns).text == "Live"
    beat = connection_figures(tuple(live.monitor.state.observers.values()), live.now_ns)[2]
    assert beat.text == "beat 0 s ago"


def test_with_the_status_off_any_message_is_a_sign_of_life(live: Story) -> None:
    for node in ("node1", "node2", "node3"):
        live.sent_subscribe(node, frozenset(Topic) - {Topic.STATUS})
    live.now_s += 30
    for node in ("node1", "node2", "node3"):
        live.frame(node, "pong", {})
    assert standing(live.monitor.state, live.now_ns).text == "Live"
    live.now_s += 30
    assert standing(live.monitor.state, live.now_ns).text == "Stale"


def test_unknown_figures_are_dashes(story: Story) -> None:
    texts = [figure.text for figure in connection_figures((), story.now_ns)]
    assert texts == ["RTT —", "clock —", "beat —", "token —", "0.0 msg/s", "lost —"]


def test_the_token_counts_down_and_a_broken_frame_is_trouble(live: Story) -> None:
    live.phase("node1", Phase.LIVE, token_expires_at_ns=live.now_ns + 13 * 60 * NS)
    live.frame("node1", "status", "no object")
    figures = connection_figures(tuple(live.monitor.state.observers.values()), live.now_ns + 60 * NS)
    assert figures[3].text == "token 12 m 00 s"
    assert (figures[5].text, figures[5].is_trouble) == ("lost —  ·  1 malformed", True)
    assert "node1: — lost, 1 malformed" in figures[5].tip


def test_a_loss_is_a_figure_where_messages_are_numbered_and_an_estimate_where_only_the_beat_tells(
    story: Story,
) -> None:
    for number, seq in enumerate((7, 9)):
        data = {"node_id": "node1", "state": "Leader", "term": 1}
        envelope = {"boot": "b", "seq": seq, "prev": 6 if not number else 8}
        text = json.dumps({"type": "status", "timestamp": "", "data": data, **envelope})
        story.see(Observation("node1", 1, story.now_ns, Kind.FRAME, text))
    observers = tuple(story.monitor.state.observers.values())
    assert connection_figures(observers, story.now_ns)[5].text == "1 lost"

    cluster = RealCluster("node-3")
    cluster.open()
    cluster.status("node-3")
    cluster.story.now_s += 15
    cluster.status("node-3")
    estimated = tuple(cluster.story.monitor.state.observers.values())
    figure = connection_figures(observers + estimated, cluster.story.now_ns)[5]
    assert (figure.text, figure.is_trouble) == ("≈ 3 lost", True)
    assert "10.20.0.13:8443 (node-3): ≈ 2 (by cadence) lost, 0 malformed" in figure.tip


def test_a_further_attempt_is_no_better_than_the_wait_before_it(live: Story) -> None:
    live.phase("node2", Phase.BACKOFF, Cause.REFUSED, attempt=1, retry_at_ns=live.now_ns + NS)
    live.phase("node3", Phase.BACKOFF, Cause.REFUSED, attempt=2, retry_at_ns=live.now_ns + NS)
    live.phase("node2", Phase.CONNECTING, attempt=1)
    worst = standing(live.monitor.state, live.now_ns).worst
    assert worst is not None
    assert worst.name == "node2"
