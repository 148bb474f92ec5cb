"""A cluster behind real gateways, one a node: frames and answers that were captured, moved on in time."""

import copy
import json
import random
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from helios_desktop.observation import Cause, Kind, Observation, Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import PING_FRAME
from helios_desktop.qt.times import TimeStyle, moment
from tests.qt.scene import NS, Story
from tests.unit.store.scene import START_S, captured

CAPTURES: Final = Path(__file__).parents[1] / "fixtures" / "captures"
GATEWAYS: Final = {"node-1": "10.20.0.11:8443", "node-2": "10.20.0.12:8443", "node-3": "10.20.0.13:8443"}
RAFT_OFF: Final = "Raft not enabled\n"
BEAT_S: Final = 5
_ENTRIES_A_SECOND: Final = 24


def _statuses(capture: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (CAPTURES / capture).read_text().splitlines()]
    frames = [json.loads(row["raw"]) for row in rows if row["dir"] == "recv" and row.get("opcode") == "text"]
    return [frame["data"] for frame in frames if frame["type"] == "status_update"]


LEADER: Final = _statuses("steady_leader_60s_query.jsonl")
FOLLOWER: Final = _statuses("steady_follower_60s_header.jsonl")
ANSWERS: Final = json.loads((CAPTURES / "rest_leader.json").read_text())


def replay(story: Story, capture: str, observer: str, until_s: float) -> None:
    """Let `observer` see what the one gateway of a captured scenario told, until then, with pings and their pongs."""
    for observation in captured(CAPTURES / capture):
        at_s = observation.received_ns / NS - START_S
        if at_s > until_s:
            break
        story.now_s = START_S + at_s
        story.see(replace(observation, observer=observer if observation.observer else ""))
        if observation.kind is Kind.TICK and round(at_s) % BEAT_S == 0:
            pong(story, observer)


def pong(story: Story, observer: str) -> None:
    """Let a ping be answered within two milliseconds."""
    story.see(Observation(observer, 1, story.now_ns, Kind.SENT, PING_FRAME))
    story.now_s += 0.0018
    stamp = moment(story.now_ns + 4_000_000, TimeStyle.UTC).isoformat()
    story.see(Observation(observer, 1, story.now_ns, Kind.FRAME, json.dumps({"type": "pong", "timestamp": stamp})))


class RealCluster:
    """Nodes, of which some have gateways that `story` observes. Set `leaders`, `down` and `term`, then `run`.

    leaders: who says that it leads; more than one is what Raft rules out
    polled:  nodes whose gateway tells its status by REST alone
    """

    def __init__(self, *observed: str, name: str = "prod-eu", environment: str = "PROD") -> None:
        self.observed = observed or tuple(GATEWAYS)
        self.story = Story(
            *(f"http://{GATEWAYS[node]}" for node in self.observed), name=name, environment=environment, start_s=START_S
        )
        self.leaders: tuple[str, ...] = ("node-3",)
        self.polled: frozenset[str] = frozenset()
        self.down: frozenset[str] = frozenset()
        self.term = 42
        self._set_back: dict[str, int] = {}
        self._began_s = START_S - 88_200.0
        self._rng = random.Random(4)
        self._beat = 0

    def open(self, *nodes: str) -> None:
        """Let these gateways' sessions go live, as far as that is up to the connection."""
        for node in nodes or self.observed:
            for phase in (Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE):
                self.story.phase(GATEWAYS[node], phase, token_expires_at_ns=self.story.now_ns + 900 * NS)
            pong(self.story, GATEWAYS[node])

    def lose(self, node: str, cause: Cause, **more: Any) -> None:
        """Let a gateway's connection fail, and the next attempt come soon."""
        retry_at_ns = self.story.now_ns + 8 * NS
        self.story.phase(GATEWAYS[node], Phase.BACKOFF, cause, attempt=3, retry_at_ns=retry_at_ns, **more)

    def run(self, seconds: int) -> None:
        """Let time pass: beats, pings, and every answer over REST that is asked for by then."""
        for _second in range(seconds):
            self.story.now_s = float(int(self.story.now_s) + 1)
            self.story.tick()
            self._beat = int(self.story.now_s - START_S)
            for number, node in enumerate(self.observed):
                if node not in self.down and self._phase(node) in {Phase.LIVE, Phase.POLLING}:
                    self._second(node, (self._beat + number) % BEAT_S)
        self.story.now_s += 0.4

    def status(self, node: str) -> None:
        """Let a gateway tell its status now, by the way that it has."""
        text = json.dumps({"type": "status_update", "timestamp": self._stamp(), "data": self.data(node)})
        if node in self.polled:
            self.story.rest(GATEWAYS[node], RestCall.STATUS, json.dumps(self.data(node)))
        else:
            self.story.see(Observation(GATEWAYS[node], 1, self.story.now_ns, Kind.FRAME, text))

    def answer(self, node: str, call: RestCall) -> None:
        """Let a gateway answer a call over REST as the captured leader did, of this node."""
        key = next(key for key in ANSWERS if key.partition("?")[0] == call.value)
        body = copy.deepcopy(ANSWERS[key]["body"])
        if call is RestCall.LATENCY:
            body["peers"] = {peer: self._measured(peer, body) for peer in GATEWAYS if peer != node}
        if call is RestCall.UPTIME_HISTORY:
            body["node_id"] = node
            body["stats"] |= {"total_restarts": 2, "total_crashes": 1}
        self.story.rest(GATEWAYS[node], call, json.dumps(body))

    def commit_of(self, node: str) -> int:
        """What its commit index is now, give or take a few entries."""
        return 104_000 + int(_ENTRIES_A_SECOND * (self.story.now_s - START_S)) - self._set_back.get(node, 0)

    def set_back(self, node: str, commit: int) -> None:
        """Let its commit index go on from there."""
        self._set_back[node] = self.commit_of(node) - commit

    def data(self, node: str) -> dict[str, Any]:
        """A captured status of a leader or a follower, as this node would tell it now."""
        leads = node in self.leaders
        told = copy.deepcopy((LEADER if leads else FOLLOWER)[self._beat // BEAT_S % len(FOLLOWER)])
        commit = self.commit_of(node) + self._rng.randrange(20)
        told["node"] = {"id": node, "state": "Leader" if leads else "Follower", "term": self.term}
        told["leader"] = {"id": node if leads else "", "address": "", "is_leader": leads}
        told["indices"] = {"last_log": commit, "last_log_term": self.term}
        told["indices"] |= {"commit_index": commit, "applied_index": commit}
        told["peers"] = [self._peer(told["peers"][number], node, commit) for number in range(2)]
        for peer, entry in zip((peer for peer in GATEWAYS if peer != node), told["peers"], strict=True):
            entry |= {"id": peer, "address": f"10.20.0.{10 + int(peer[-1])}:7000"}
            if leads and peer in self.down:
                entry["latency"] |= {"reachable": False, "consecutive_errors": 31, "connection_healthy": False}
        up_ms = int((self.story.now_s - self._began_s) * 1000)
        told["uptime"] = f"{up_ms / 1000:.3f}s"
        told["uptime_stats"] |= {"current_uptime_ms": up_ms, "total_uptime_ms": up_ms}
        told["snapshot"] |= {"has_snapshot": True, "latest_snapshot_id": "41-101000", "latest_snapshot_index": 101_000}
        return told

    def _second(self, node: str, second: int) -> None:
        if second == 0:
            self.status(node)
            if node not in self.polled:
                pong(self.story, GATEWAYS[node])
        if second == 2 and node in self.leaders:
            self.answer(node, RestCall.LATENCY)
        if self._beat % 60 == 4:
            self.answer(node, RestCall.UPTIME_HISTORY)

    def _peer(self, entry: dict[str, Any], node: str, commit: int) -> dict[str, Any]:
        if node in self.leaders:
            entry["match_index"] = commit - self._rng.randrange(4)
            entry["next_index"] = commit + 1
        return entry

    def _measured(self, peer: str, body: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = copy.deepcopy(body["peers"]["node-2"]) | {"peer_id": peer}
        scale = 1.0 + 0.35 * self._rng.random() + 0.4 * (peer == "node-2")
        for kind in ("append_entries", "aggregated"):
            for key, value in told[kind].items():
                told[kind][key] = value * scale if key.endswith("_ms") else value
        if peer in self.down:
            told |= {"reachable": False, "consecutive_errors": 31}
        return told

    def _phase(self, node: str) -> Phase:
        observer = self.story.monitor.state.observers.get(GATEWAYS[node])
        return Phase.IDLE if observer is None else observer.phase

    def _stamp(self) -> str:
        return moment(self.story.now_ns, TimeStyle.UTC).isoformat()
