"""Events as the fold makes them of frames."""

import json
from collections.abc import Callable

import pytest

from helios_desktop.event import Event
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_observation
from helios_desktop.store.fold import fold
from helios_desktop.store.state import ClusterState

START_NS = 1_705_314_600_123_456_789  # 2024-01-15T10:30:00.123456789Z

EventsOf = Callable[..., list[Event]]


def _events_of(*frames: object) -> list[Event]:
    live = connection_observation("gw:8080", 1, START_NS, ConnectionChange(Phase.LIVE))
    state, _its_own = fold(ClusterState(), live)
    events: list[Event] = []
    for number, frame in enumerate(frames):
        text = frame if isinstance(frame, str) else json.dumps(frame)
        seen = Observation("gw:8080", 1, START_NS + number * 1_000_000_000, Kind.FRAME, text)
        state, told = fold(state, seen)
        events += told
    return events


@pytest.fixture
def events_of() -> EventsOf:
    """Fold frames (text, or objects to be encoded) of a live connection, one a second, and give their events."""
    return _events_of
