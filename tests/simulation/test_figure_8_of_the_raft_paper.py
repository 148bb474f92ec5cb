"""Figure 8: why a leader commits only entries of its own term by counting, played step by step."""

import random

import pytest

from helios_gateway.simulation.agenda import Agenda
from helios_gateway.simulation.cluster import Cluster
from helios_gateway.simulation.host import Timing
from helios_gateway.simulation.invariants import Safety, ViolationError
from helios_gateway.simulation.messages import Put, Role, TimeoutNow
from helios_gateway.simulation.network import Climate
from helios_gateway.simulation.raft import Raft
from helios_gateway.simulation.server import MakeRaft

MESSAGES_PASS_S = 0.05


class CommitsOldTerms(Raft):
    """Counts copies of an earlier term's entries."""

    def _may_commit(self, index: int) -> bool:
        return True


class Stage:
    """Five servers with election timeouts so long that nothing happens which the figure does not ask for."""

    def __init__(self, make_raft: MakeRaft) -> None:
        self.agenda = Agenda()
        self.safety = Safety()
        timing = Timing(heartbeat_s=30.0, election_min_s=100.0, election_max_s=200.0, batch=1)
        climate = Climate(delay_s=0.001, jitter_s=0.0)
        self.cluster = Cluster(
            self.agenda, random.Random(8), nodes=5, timing=timing, climate=climate, make_raft=make_raft
        )
        self.everyone = frozenset(self.cluster.servers)

    def messages_pass(self) -> None:
        """Let what is on its way arrive."""
        self.agenda.run_until(self.agenda.now + MESSAGES_PASS_S, lambda: self.safety(self.cluster))

    def raft(self, node: str) -> Raft:
        """The server process of a node that runs."""
        raft = self.cluster.servers[node].raft
        assert raft is not None
        return raft

    def campaign(self, node: str) -> None:
        """Let it campaign now; its requests for votes are on their way then."""
        raft = self.raft(node)
        raft.receive(TimeoutNow(node, node, raft.storage.term), self.agenda.now)

    def elect(self, node: str) -> None:
        """Let it campaign, in term after term, until it leads."""
        while self.raft(node).leadership is None:
            self.campaign(node)
            self.messages_pass()

    def play(self) -> None:
        """Up to (d): S1, S2 and S3 had the entry of the old term, and then S5 comes, with a newer one instead."""
        s1, s2, s5 = "node1", "node2", "node5"
        self.campaign(s1)
        self.messages_pass()
        self.raft(s1).tick(self.agenda.now)
        self.messages_pass()
        assert {self.raft(node).commit_index for node in self.everyone} == {1}
        # (a) S1 replicates entry 2 only to S2.
        self.cluster.network.partition(frozenset({s1, s2}), self.everyone - {s1, s2}, one_way=False)
        assert self.raft(s1).propose(Put(1, 1, 100))
        self.raft(s1).tick(self.agenda.now)
        self.messages_pass()
        assert self.raft(s2).storage.log.last_index == 2
        # (b) S1 crashes; S5 is elected by S3 and S4, and has another entry 2 that nobody gets.
        self.cluster.stop(s1, "crash")
        self.cluster.stop(s2, "crash")
        self.cluster.network.heal(None)
        self.campaign(s5)
        self.cluster.network.partition(frozenset({s5}), self.everyone - {s5}, one_way=True)
        self.messages_pass()
        assert self.raft(s5).role is Role.LEADER
        assert self.raft("node3").storage.log.last_index == 1
        # (c) S5 crashes; S1 is elected and replicates its entry 2 to a majority, but nothing of its new term.
        self.cluster.stop(s5, "crash")
        self.cluster.network.heal(None)
        self.cluster.start(s1)
        self.elect(s1)
        assert [self.raft(node).storage.log.last_index for node in ("node3", "node4")] == [2, 2]
        assert self.raft(s1).storage.log.last_term > self.raft("node3").storage.log.last_term
        # (d) S1 crashes; S5 is elected, since its entry 2 is of a newer term than that of S3 and S4.
        self.counted = self.raft(s1).commit_index
        self.cluster.stop(s1, "crash")
        self.cluster.start(s5)
        self.elect(s5)
        self.raft(s5).tick(self.agenda.now)
        self.messages_pass()


def test_an_entry_of_an_old_term_on_a_majority_is_not_committed_and_may_be_overwritten() -> None:
    stage = Stage(Raft)
    stage.play()
    assert stage.counted == 0, "what it knew to be committed went with its crash, and no entry of its new term is"
    entries = [stage.raft(node).storage.log.entry_at(2) for node in ("node3", "node4", "node5")]
    assert entries[0] == entries[1] == entries[2]
    assert entries[0].command is None


def test_a_leader_that_commits_an_old_terms_entry_by_counting_is_caught() -> None:
    stage = Stage(CommitsOldTerms)
    with pytest.raises(ViolationError, match=r"Leader Completeness: node5 leads term .* without committed entry 2"):
        stage.play()
    assert stage.counted == 2
