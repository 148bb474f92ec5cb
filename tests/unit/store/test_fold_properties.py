"""Whatever comes, the fold does not raise, and the same observations make the same state and events."""

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.event import Event
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.protocol.subscription import Topic, subscribe_frame
from helios_desktop.store.fold import fold
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState
from helios_desktop.store.verdict import verdict
from helios_desktop.summary import MAX_CHARACTERS, summary
from tests.unit.store.scene import NS

MEMBERS = ("node1", "node2", "node3", "node4")

names = st.sampled_from([*MEMBERS, "", "gateway:1"])
numbers = st.one_of(st.integers(), st.integers(0, 9), st.floats(), st.just(10**400))
words = st.one_of(
    st.sampled_from(["Leader", "Follower", "Candidate", "added", "removed", "", "9" * 5_000 + "s"]), st.text()
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words, names),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)
KEYS = [
    "node_id",
    "state",
    "term",
    "commit_index",
    "last_applied",
    "leader",
    "peers",
    "snapshot_last",
    "node",
    "indices",
    "uptime",
    "uptime_stats",
    "snapshot",
    "old_state",
    "new_state",
    "event_type",
    "peer_id",
    "aggregated",
    "current_uptime",
    "current_uptime_ms",
    "index",
    "size_bytes",
    "error",
    "id",
    "reachable",
    "count",
    "append_entries",
    "has_snapshot",
    "metrics",
    "total_metrics",
]
bodies = st.dictionaries(st.sampled_from(KEYS), st.one_of(json_values, names, st.integers(0, 9)), max_size=9)
statuses = st.fixed_dictionaries(
    {
        "node_id": st.sampled_from(MEMBERS),
        "state": st.sampled_from(["Leader", "Follower", "Candidate", "x"]),
        "term": st.integers(0, 5),
        "commit_index": st.integers(0, 50),
        "leader": st.sampled_from([*MEMBERS, "", None]),
        "peers": st.lists(st.sampled_from(MEMBERS), max_size=4),
    }
)
types = st.sampled_from(
    [
        "status",
        "status_update",
        "state_change",
        "peer_change",
        "latency",
        "uptime",
        "snapshot",
        "custom_metrics",
        "error",
        "pong",
        "new",
    ]
)
messages = st.one_of(
    st.builds(
        lambda kind, data, seq, prev: json.dumps({"type": kind, "data": data, "seq": seq, "prev": prev, "boot": "a"}),
        types,
        st.one_of(bodies, json_values),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    st.builds(lambda data: json.dumps({"type": "status", "data": data}), statuses),
    st.text(),
)
changes = st.builds(ConnectionChange, st.sampled_from(Phase), st.sampled_from(Cause))
sources = st.sampled_from(
    [f"GET /admin/cluster/{name}" for name in ("status", "latency", "uptime", "snapshot", "metrics")]
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Observation]:
    """Observations of a few observers at rising times, sensible and not."""
    now_ns = draw(st.integers(0, 2**62))
    seen: list[Observation] = []
    for _ in range(draw(st.integers(1, 25))):
        now_ns += draw(st.integers(0, 20 * NS))
        observer, epoch = draw(names), draw(st.integers(0, 2))
        match draw(st.sampled_from(Kind)):
            case Kind.TICK:
                seen.append(tick(now_ns))
            case Kind.CONNECTION if draw(st.booleans()):
                seen.append(connection_observation(observer, epoch, now_ns, draw(changes)))
            case Kind.SENT if draw(st.booleans()):
                wanted = frozenset(draw(st.sets(st.sampled_from(Topic))))
                seen.append(Observation(observer, epoch, now_ns, Kind.SENT, subscribe_frame(wanted)))
            case Kind.REST:
                text = json.dumps(draw(st.one_of(bodies, json_values)))
                seen.append(Observation(observer, epoch, now_ns, Kind.REST, text, draw(sources)))
            case kind:
                seen.append(Observation(observer, epoch, now_ns, kind, draw(messages)))
    return seen


def play(recording: list[Observation]) -> tuple[ClusterState, list[Event], SeriesBook]:
    state, book = ClusterState(), SeriesBook()
    events: list[Event] = []
    for observation in recording:
        before = state
        state, more = fold(before, observation)
        book.add(before, state, observation)
        events += more
        if observation.kind is Kind.FRAME:
            assert [event for event in more if not event.is_derived] == [more[0]]
    return state, events, book


@given(recordings())
def test_the_fold_and_all_that_reads_it_stand_whatever_comes(recording: list[Observation]) -> None:
    state, events, _ = play(recording)
    log = EventLog(10)
    log.extend(events)
    for event in events:
        assert len(summary(event)) <= MAX_CHARACTERS
        assert event.severity is not None
    assert verdict(state).text
    assert set(state.nodes) == state.members
    assert all(span.until_ns is not None for span in state.leaderships[:-1])
    for event in events:
        at = [told.received_ns for told in event.evidence]
        assert at == sorted(at)


def recording_of_random_faults(seed: int) -> list[Observation]:
    """Ten minutes of three gateways whose nodes stop, whose sockets fail and whose messages go missing."""
    rng = random.Random(seed)
    seen: list[Observation] = []
    term, leader, commit = 1, "node1", 0
    running = set(MEMBERS[:3])
    epochs = dict.fromkeys(MEMBERS[:3], 1)
    seqs = dict.fromkeys(MEMBERS[:3], 0)
    for second in range(600):
        now_ns = (1_800_000_000 + second) * NS
        seen.append(tick(now_ns))
        if leader not in running and running:
            leader, term = rng.choice(sorted(running)), term + 1
        commit += rng.randrange(20) * (len(running) > 1)
        for node in MEMBERS[:3]:
            if rng.random() < 0.01:
                running.symmetric_difference_update({node})
            if rng.random() < 0.01:
                lost = ConnectionChange(Phase.BACKOFF, Cause.SERVER_CLOSED)
                seen.append(connection_observation(node, epochs[node], now_ns, lost))
                epochs[node] += 1
                live = ConnectionChange(Phase.LIVE)
                seen.append(connection_observation(node, epochs[node], now_ns, live))
            if second % 5 or rng.random() < 0.05:
                continue
            body: dict[str, Any] = {"error": "Failed to retrieve cluster status"}
            if node in running:
                body = {
                    "node_id": node,
                    "state": "Leader" if node == leader else "Follower",
                    "term": term,
                    "commit_index": commit,
                    "leader": leader,
                    "peers": [member for member in MEMBERS[:3] if member != node],
                }
            kind = "status" if node in running else "error"
            message = {"type": kind, "data": body, "boot": "b", "prev": seqs[node], "seq": seqs[node] + 1}
            seqs[node] += 1 + (rng.random() < 0.02)
            seen.append(Observation(node, epochs[node], now_ns, Kind.FRAME, json.dumps(message)))
    return seen


@settings(max_examples=12)
@given(st.integers(0, 2**32))
def test_a_replayed_recording_of_random_faults_gives_the_same_state_events_and_series(seed: int) -> None:
    recording = recording_of_random_faults(seed)
    first_state, first_events, first_book = play(recording)
    second_state, second_events, second_book = play(recording)
    assert first_state == second_state
    assert first_events == second_events
    assert first_book.keys() == second_book.keys()
    keys = first_book.keys()
    for key in keys:
        first, second = first_book.get(key), second_book.get(key)
        assert first is not None
        assert second is not None
        assert first.times_s.tolist() == second.times_s.tolist()
        assert first.values.tolist() == second.values.tolist()
