"""The demo's own life: a node that comes and goes, a leader that crashes now and then, a leadership handed over.

All of it through the operator's calls, and only while the cluster is whole: it never adds to a fault of the user's.
"""

import random
from collections.abc import Callable
from typing import Final

from helios_gateway.simulation.cluster import Cluster
from helios_gateway.simulation.faults import FaultError
from helios_gateway.simulation.server import Server

LOOK_AGAIN_S: Final = 2.0
TRANSFER_TAKES_S: Final = 2.5


class Life:
    """Three small stories, each with its own pauses.

    From the start: a visitor within half a minute, a crash within two, a transfer within two and a half, so that
    whoever watches any one node from the start sees a change of its role within three minutes.
    """

    __slots__ = ("_agenda", "_cluster", "_rng")

    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self._cluster = cluster
        self._agenda = cluster.agenda
        self._rng = rng
        self._in(12.0, 30.0, self._visit, "")
        self._in(70.0, 100.0, self._crash, "")
        self._in(130.0, 150.0, self._hand_over, "")

    def _in(self, least_s: float, most_s: float, action: Callable[[str], None], node: str) -> None:
        self._agenda.enter(self._agenda.now + self._rng.uniform(least_s, most_s), action, node)

    def _visit(self, _: str) -> None:
        if not self._cluster.is_whole:
            self._in(LOOK_AGAIN_S, LOOK_AGAIN_S, self._visit, "")
            return
        try:
            visitor = self._cluster.add()
        except FaultError:  # as many as there may be
            self._in(120.0, 240.0, self._visit, "")
            return
        self._in(35.0, 50.0, self._leave, visitor)

    def _leave(self, visitor: str) -> None:
        if visitor in self._cluster.members() and not self._cluster.is_whole:
            self._in(LOOK_AGAIN_S, LOOK_AGAIN_S, self._leave, visitor)
            return
        if visitor in self._cluster.members():
            self._cluster.remove(visitor)
        self._in(120.0, 240.0, self._visit, "")

    def _crash(self, _: str) -> None:
        leader = self._cluster.leader
        if leader is None or not self._cluster.is_whole:
            self._in(LOOK_AGAIN_S, LOOK_AGAIN_S, self._crash, "")
            return
        self._cluster.stop(leader.id, "crash")
        self._in(6.0, 12.0, self._come_back, leader.id)

    def _come_back(self, node: str) -> None:
        server = self._cluster.servers.get(node)
        if server is not None and server.raft is None:
            server.start()
        self._in(240.0, 480.0, self._crash, "")

    def _hand_over(self, _: str) -> None:
        leader = self._cluster.leader
        others = [server for server in self._cluster.servers.values() if server is not leader]
        if leader is None or not others or not self._cluster.is_whole:
            self._in(LOOK_AGAIN_S, LOOK_AGAIN_S, self._hand_over, "")
            return
        target = min(others, key=_led_s).id
        self._cluster.transfer(target)
        self._in(TRANSFER_TAKES_S, TRANSFER_TAKES_S, self._look_whether, target)

    def _look_whether(self, target: str) -> None:
        leader = self._cluster.leader
        if leader is not None and leader.id == target:
            self._in(200.0, 400.0, self._hand_over, "")
        else:
            self._hand_over("")


def _led_s(server: Server) -> tuple[float, int]:
    """Who has run longest without leading comes first."""
    return (-1.0 if server.uptime.last_led_s is None else server.uptime.last_led_s, int(server.id.removeprefix("node")))
