"""The cluster's clients: sessions that ask, wait, think and ask again, and what they measured of it."""

import math
import random
from collections import deque
from typing import Final

from helios_gateway.simulation.cluster import Cluster
from helios_gateway.simulation.happenings import MetricsChanged
from helios_gateway.simulation.messages import Entry, Put
from helios_gateway.simulation.views import MetricView

BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
KEYS: Final = 2000
MEAN_SESSIONS: Final = 26
THINK_S: Final = 1.0
RETRY_S: Final = 0.25
PATIENCE_S: Final = 1.5
REPORT_EVERY_S: Final = 5.0


class Clients:
    """Between about ten and forty sessions, more and fewer in turn; each has at most one request under way."""

    __slots__ = (
        "_active",
        "_agenda",
        "_cluster",
        "_created_s",
        "_durations_s",
        "_errors",
        "_number",
        "_observations",
        "_period_s",
        "_phase",
        "_requests",
        "_rng",
        "_under_way",
        "_wanted",
    )

    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self._cluster = cluster
        self._agenda = cluster.agenda
        self._rng = rng
        self._number = 0
        self._active = self._wanted = 0
        self._requests = self._errors = self._observations = 0
        self._durations_s: deque[float] = deque(maxlen=1000)
        self._under_way: dict[int, tuple[float, int]] = {}
        self._created_s = self._agenda.now
        self._period_s = rng.uniform(40.0, 70.0)
        self._phase = rng.uniform(0.0, math.tau)
        cluster.on_committed = self._committed
        self._breathe(0)
        self._agenda.enter(self._agenda.now + REPORT_EVERY_S, self._report, 0)

    def _breathe(self, _: int) -> None:
        """Once a second: sessions begin or end, and what took too long is asked again."""
        now = self._agenda.now
        turn = math.tau * now / self._period_s + self._phase
        self._wanted = round(MEAN_SESSIONS * (1.0 + 0.4 * math.sin(turn) + 0.15 * math.sin(2.7 * turn)))
        while self._active < self._wanted:
            self._active += 1
            self._think(self._active)
        given_up = [number for number, (asked_s, _) in self._under_way.items() if asked_s < now - PATIENCE_S]
        for number in given_up:
            self._errors += 1
            self._ask(self._under_way.pop(number)[1])
        self._agenda.enter(now + 1.0, self._breathe, 0)

    def _think(self, session: int) -> None:
        # -log of a uniform number: an exponential pause, so that all of them together come as a Poisson stream.
        self._agenda.enter(self._agenda.now - THINK_S * math.log(1.0 - self._rng.random()), self._ask, session)

    def _ask(self, session: int) -> None:
        if self._active > self._wanted:
            self._active -= 1  # this session ends
            return
        leaders = self._cluster.leaders()
        raft = leaders[0].raft if len(leaders) == 1 else self._rng.choice(leaders).raft if leaders else None
        self._number = number = self._number + 1
        draw = self._rng.random()
        # The square: a few keys are written much more often than the rest.
        if raft is None or not raft.propose(Put(number, int(draw * draw * KEYS), 200 + number * 37 % 600)):
            self._agenda.enter(self._agenda.now + RETRY_S, self._ask, session)
            return
        self._under_way[number] = (self._agenda.now, session)

    def _committed(self, entries: list[Entry]) -> None:
        now = self._agenda.now
        for entry in entries:
            command = entry.command
            if isinstance(command, Put):
                asked = self._under_way.pop(command.number, None)
                if asked is not None:
                    self._requests += 1
                    self._observations += 1
                    self._durations_s.append(now - asked[0])
                    self._think(asked[1])

    def _report(self, _: int) -> None:
        """Tell every running node the figures, as a client posts metrics to its gateway."""
        now = self._agenda.now
        figures = self._figures()
        for server in self._cluster.servers.values():
            if server.raft is not None:
                changed = {
                    name: view
                    for name, view in figures.items()
                    if name not in server.metrics or server.metrics[name].value != view.value
                }
                if changed:
                    server.metrics = {**server.metrics, **changed}
                    self._cluster.happened(MetricsChanged(now, server.id, changed))
        self._agenda.enter(now + REPORT_EVERY_S, self._report, 0)

    def _figures(self) -> dict[str, MetricView]:
        created_s, now = self._created_s, self._agenda.now
        return {
            "request_count": MetricView(
                "counter", "Requests that were answered", self._requests, {"op": "put"}, None, created_s, now
            ),
            "request_errors": MetricView(
                "counter", "Requests that got no answer in time", self._errors, {"op": "put"}, None, created_s, now
            ),
            "active_sessions": MetricView(
                "gauge", "Client sessions that are open", self._active, None, None, created_s, now
            ),
            "request_duration_seconds": MetricView(
                "histogram",
                "Time from a request to its answer",
                self._observations,
                {"op": "put"},
                BUCKETS_S,
                created_s,
                now,
                tuple(self._durations_s),
            ),
        }
