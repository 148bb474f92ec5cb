"""The story: events as few sentences as a person on call would say."""

from datetime import UTC

import pytest

from helios_desktop.event import (
    ConnectionEvent,
    Disagreement,
    Dispute,
    Event,
    Fact,
    Gap,
    LeaderChange,
    LeaderLost,
    NodeReach,
    Saying,
    TermChange,
)
from helios_desktop.export.report_story import MOST_LINES, Story
from helios_desktop.export.report_words import Clock
from helios_desktop.observation import Cause, Kind, Observation, Phase
from helios_desktop.protocol.messages import Malformed, PeerChange, ServerError, StateChange

NS = 1_000_000_000
START_NS = 1_800_000_000 * NS  # 2027-01-15T08:00:00Z


class Teller:
    """Tells events at seconds of the range."""

    def __init__(self) -> None:
        self.story = Story()

    def tell(self, second: float, event_type: str, body: Fact, node: str = "node1") -> None:
        """One event, of that node's own gateway."""
        at_ns = START_NS + int(second * NS)
        seen = Observation(node, 1, at_ns, Kind.FRAME, "{}")
        self.story.see(Event(event_type, at_ns, "", node, node, body, seen))

    def role(self, second: float, node: str, old: str, new: str, term: int) -> None:
        """A change of role that was pushed."""
        self.tell(second, "state_change", StateChange(old, new, term), node)

    def sentences(self, end: float = 3_600) -> list[str]:
        """The whole story."""
        self.story.end(START_NS + int(end * NS))
        clock = Clock(UTC, START_NS, START_NS + int(end * NS))
        return [f"{clock.time(one.at_ns)} {one.text}" for one in self.story.sentences(clock)]


@pytest.fixture
def teller() -> Teller:
    return Teller()


def test_an_election_is_one_sentence(teller: Teller) -> None:
    teller.tell(4.12, "error", ServerError("Failed to retrieve cluster status"))
    teller.tell(4.12, "leader_lost", LeaderLost("node1", 4, "its gateway refuses"))
    teller.tell(4.12, "peer_unreachable", NodeReach("node1", "it refuses connections"))
    teller.role(5.3, "node3", "Follower", "Candidate", 5)
    teller.tell(5.3, "term_change", TermChange(4, 5), "")
    teller.role(5.42, "node3", "Candidate", "Leader", 5)
    teller.tell(5.42, "leader_change", LeaderChange("node1", "node3", 5), "node3")
    teller.role(5.5, "node2", "Candidate", "Follower", 5)
    assert teller.sentences() == [
        (
            "08:00:04.120 node1 stopped leading term 4 (its gateway refuses) and is out of reach; no leader for 1.3 s; "
            "08:00:05.420 node3 leads term 5."
        )
    ]


def test_who_stood_and_did_not_win_is_told_with_the_election(teller: Teller) -> None:
    teller.tell(1, "leader_lost", LeaderLost("node1", 4, "no node knows a leader"))
    teller.role(2, "node2", "Follower", "Candidate", 5)
    teller.role(3, "node3", "Follower", "Candidate", 6)
    teller.tell(4, "leader_change", LeaderChange("node1", "node3", 6), "node3")
    assert teller.sentences() == [
        (
            "08:00:01.000 node1 stopped leading term 4 (no node knows a leader); node2 stood for election; "
            "no leader for 3.0 s; 08:00:04.000 node3 leads term 6."
        )
    ]


def test_an_election_without_an_end_says_how_long_there_was_no_leader(teller: Teller) -> None:
    teller.tell(10, "leader_lost", LeaderLost("node1", 4, "it is out of reach"))
    assert teller.sentences(end=100) == [
        (
            "08:00:10.000 node1 stopped leading term 4 (it is out of reach); there was no leader any more in the "
            "1 min 30 s that are known."
        )
    ]


def test_a_leader_that_another_follows_at_once_is_taken_over_from(teller: Teller) -> None:
    teller.tell(0, "leader_change", LeaderChange(None, "node1", 4))
    teller.role(10, "node2", "Follower", "Candidate", 5)
    teller.tell(10.2, "leader_change", LeaderChange("node1", "node2", 5), "node2")
    teller.role(11, "node1", "Leader", "Follower", 5)
    assert teller.sentences() == [
        "08:00:00.000 node1 is found to lead term 4.",
        "08:00:10.200 node2 took over from node1 and leads term 5; no moment without a leader was seen.",
        "08:00:11.000 node1 stepped down and is follower now, in term 5.",
    ]


def test_candidacies_in_vain_are_one_sentence_with_the_terms_that_they_took(teller: Teller) -> None:
    teller.role(1, "node2", "Follower", "Candidate", 5)
    for second in range(2, 40):
        teller.tell(second, "term_change", TermChange(second + 3, second + 4), "node2")
    assert teller.sentences() == [
        "08:00:01.000 node2 stood for election again and again in vain: the term rose from 5 to 43 until 08:00:39.000."
    ]


def test_nodes_that_go_or_come_together_are_told_together(teller: Teller) -> None:
    for second, event_type in ((1, "peer_unreachable"), (31, "peer_reachable")):
        for node in ("node2", "node3", "node4"):
            teller.tell(second, event_type, NodeReach(node, "no answer", START_NS + NS), node)
    teller.tell(60, "peer_unreachable", NodeReach("node2", "no answer"), "node2")
    assert teller.sentences() == [
        "08:00:01.000 node2, node3 and node4 are out of reach.",
        "08:00:31.000 node2, node3 and node4 are in reach again.",
        "08:01:00.000 node2 is out of reach: no answer.",
    ]


def test_connections_that_are_lost_together_are_told_together(teller: Teller) -> None:
    lost = ConnectionEvent(Phase.BACKOFF, Cause.UNREACHABLE, "no route", 1, None)
    for node in ("node2", "node3"):
        teller.tell(1, "connection_lost", lost, node)
    for node in ("node2", "node3"):
        teller.tell(61, "gap", Gap(node, "disconnected", START_NS + NS, START_NS + 61 * NS), node)
    assert teller.sentences() == [
        "08:00:01.000 The connections to node2 and node3 were lost: unreachable.",
        (
            "08:01:01.000 For about 1 min 0 s there was no connection to node2 and node3: "
            "what they had to tell is missing."
        ),
    ]


def test_a_connection_that_went_on_where_it_was_is_not_told_as_a_loss(teller: Teller) -> None:
    for node, lost in (("node1", None), ("node2", 0), ("node3", 0)):
        gap = Gap(node, "disconnected", START_NS + NS, START_NS + 61 * NS, lost=lost)
        teller.tell(61, "gap", gap, node)
    assert [one.split(" ", 1)[1] for one in teller.sentences()] == [
        "For 1 min 0 s there was no connection to node1: what it had to tell is missing.",
        "For about 1 min 0 s there was no connection to node2 and node3; all that they had to tell came afterwards.",
    ]


def test_what_comes_again_and_again_is_told_once_with_how_often(teller: Teller) -> None:
    for second in range(50):
        teller.tell(second, "malformed", Malformed("no JSON", f"{{{second}"), "node2")
    assert teller.sentences() == ["08:00:00.000 node2 sent malformed: no JSON: {0 (50 times until 08:00:49.000)."]


def test_a_member_that_comes_goes_and_comes_is_three_sentences(teller: Teller) -> None:
    for second, change in ((1, "added"), (2, "removed"), (3, "added")):
        teller.tell(second, "peer_change", PeerChange(event_type=change, peer_id="node4"), "node4")
    assert [one.split(" ", 1)[1] for one in teller.sentences()] == [
        "node4 was added to the members.",
        "node4 was removed from the members.",
        "node4 was added to the members.",
    ]


def test_a_contradiction_is_one_sentence_with_its_end(teller: Teller) -> None:
    seen = Observation("node1", 1, START_NS, Kind.FRAME, "{}")
    sayings = tuple(Saying(node, node, f"term {n}", START_NS, START_NS, seen) for n, node in enumerate(("a", "b")))
    for second in (1, 5, 9):
        teller.tell(second, "terms_differ", Disagreement(Dispute.TERMS_DIFFER, "", START_NS, sayings), "")
        over = Disagreement(Dispute.TERMS_DIFFER, "", START_NS, sayings, START_NS + second * NS)
        teller.tell(second + 1, "agreement", over, "")
    assert teller.sentences() == [
        (
            "08:00:01.000 Nodes are in different terms: a says term 0; b says term 1. "
            "It came up 3 times until 08:00:10.000. It was over at 08:00:10.000."
        )
    ]


def test_where_nothing_was_recorded_what_went_on_has_no_known_end(teller: Teller) -> None:
    teller.tell(1, "leader_lost", LeaderLost("node1", 4, "it is out of reach"))
    teller.story.break_off(START_NS + 5 * NS, START_NS + 65 * NS)
    teller.tell(66, "leader_change", LeaderChange(None, "node2", 9), "node2")
    assert teller.sentences() == [
        (
            "08:00:01.000 node1 stopped leading term 4 (it is out of reach); there was no leader any more in the 4.0 s "
            "that are known."
        ),
        "08:00:05.000 For 1 min 0 s nothing was recorded: the program did not run.",
        "08:01:06.000 node2 is found to lead term 9.",
    ]


def test_a_story_without_end_keeps_its_beginning_and_counts_the_rest(teller: Teller) -> None:
    for number in range(2 * MOST_LINES):
        node = f"node{number % 2}"
        teller.tell(100 * number, "leader_change", LeaderChange(f"node{1 - number % 2}", node, number), node)
    assert len(teller.sentences(end=10**6)) == MOST_LINES
    assert (teller.story.more, teller.story.more_ns) == (MOST_LINES, START_NS + 100 * (2 * MOST_LINES - 1) * NS)
    assert teller.story.is_full
