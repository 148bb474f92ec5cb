"""Frames of a real gateway that come in another order, twice or not at all: no false leader, no event twice."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from helios_desktop.event import Event, LeaderChange
from helios_desktop.observation import Kind, Observation
from tests.unit.store.scene import Scene, captured

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures"
NAMES = sorted(path.stem for path in CAPTURES.glob("*.jsonl"))
PUSHED = frozenset({"state_change", "peer_change", "custom_metrics", "snapshot"})


def leaders_told(observations: list[Observation]) -> set[tuple[str, int]]:
    """Which node said of itself that it leads, and in which term, by status or by a push that names its term."""
    found: set[tuple[str, int]] = set()
    nodes: dict[str, str] = {}
    messages = [(seen.observer, json.loads(seen.text)) for seen in observations if seen.kind is Kind.FRAME]
    for observer, message in messages:
        node = (message.get("data") or {}).get("node")
        if isinstance(node, dict):
            nodes[observer] = node["id"]
            if node["state"] == "Leader":
                found.add((node["id"], node["term"]))
    for observer, message in messages:
        data = message.get("data") or {}
        if message["type"] == "state_change" and data["new_state"] == "Leader" and observer in nodes:
            found.add((nodes[observer], data["term"]))
    return found


@st.composite
def disorders(draw: st.DrawFn) -> tuple[str, list[Observation]]:
    """A capture whose frames were dropped, repeated and moved, at the instants at which frames came."""
    name = draw(st.sampled_from(NAMES))
    original = captured(CAPTURES / f"{name}.jsonl")
    at = [number for number, seen in enumerate(original) if seen.kind is Kind.FRAME]
    if not at:
        return name, original
    kept = draw(st.lists(st.sampled_from(at), max_size=2 * len(at)))
    shuffled = list(original)
    for place, number in zip(at, kept, strict=False):
        # A frame keeps its observer: sockets are not confused, only what comes on each.
        shuffled[place] = replace(original[number], received_ns=original[place].received_ns)
    gone = set(at[len(kept) :]) if draw(st.booleans()) else set()
    return name, [seen for number, seen in enumerate(shuffled) if number not in gone]


@pytest.mark.slow
@given(disorders())
def test_no_order_loss_or_repetition_gives_a_false_leader_or_an_event_twice(
    told: tuple[str, list[Observation]],
) -> None:
    _name, observations = told
    scene = Scene()
    for observation in observations:
        scene.see(observation)
    true = leaders_told(observations)
    for event in scene.events:
        if isinstance(event.body, LeaderChange):
            assert (event.body.new_leader, event.body.term) in true
    assert all(led.leader is None or (led.leader, led.term) in true for led in scene.state.leaderships)
    _assert_told_once(scene.events)


def _assert_told_once(events: list[Event]) -> None:
    pushed = Counter(
        (event.observer, event.observation.text) for event in events if event.type in PUSHED and not event.is_derived
    )
    assert not [text for text, count in pushed.items() if count > 1]
    changes = Counter(
        (event.type, event.node, repr(event.body)) for event in events if event.type in {"leader_change", "term_change"}
    )
    assert not [change for change, count in changes.items() if count > 1]


@given(st.permutations(range(6)))
def test_three_observers_may_tell_an_election_in_any_order(order: list[int]) -> None:
    scene = Scene()
    scene.live("gw1", "gw2", "gw3")
    tellings = (
        ("gw1", "Leader", 1, "node1"),
        ("gw2", "Follower", 1, "node2"),
        ("gw3", "Follower", 1, "node3"),
        ("gw1", "Follower", 2, "node1"),
        ("gw2", "Leader", 2, "node2"),
        ("gw3", "Follower", 2, "node3"),
    )
    for number in order:
        observer, state, term, node = tellings[number]
        scene.wait(1)
        scene.real_status(observer, state, term, node=node)
        assert scene.state.leader in {None, "node1", "node2"}
    led = [(span.leader, span.term) for span in scene.state.leaderships if span.leader is not None]
    assert len(led) == len(set(led))
    assert all(leader == ("node1" if term == 1 else "node2") for leader, term in led)
    assert scene.state.term == 2
