"""Whatever comes is a value; and what is intact is read, whatever stands beside it.

`make fuzz` tries 120 000 frames; `make test` a few hundred of them, always the same.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.protocol.codec import decode, decode_body, encode
from helios_desktop.protocol.frames import Message
from helios_desktop.protocol.messages import SERVER_MESSAGE_TYPES, Malformed, Status
from helios_desktop.protocol.rest import BODY_TYPES
from tests.unit.protocol.captured import captured_frames

IS_FUZZING: Final = os.environ.get("HELIOS_FUZZ") == "1"
EXAMPLES: Final = 30_000 if IS_FUZZING else 200
CAPTURES: Final = Path(__file__).parents[2] / "fixtures" / "captures"
BODIES: Final = sorted(set(BODY_TYPES.values()))

GUIDE_STATUS: Final = {
    "node_id": "node1",
    "state": "Leader",
    "term": 5,
    "commit_index": 1000,
    "last_applied": 1000,
    "leader": "node1",
    "peers": ["node2", "node3"],
}
OUR_LATENCY: Final = {
    "aggregated": {"append_entries": {"count": 1, "avg_value_ms": 2.5, "min_value_ms": 1.0, "max_value_ms": 10.0}},
    "peers": {"node2": {"peer_id": "node2", "aggregated": {"count": 0}}},
}


def unlike_ones(frames: list[str]) -> list[str]:
    """One of each kind and set of keys."""
    kinds = {}
    for raw in frames:
        frame = json.loads(raw)
        data = frame.get("data")
        kinds[frame["type"], str(sorted(data) if isinstance(data, dict) else data)] = raw
    return list(kinds.values())


FRAMES: Final = [
    *unlike_ones(captured_frames(CAPTURES)),
    *(
        json.dumps({"type": kind, "timestamp": "2024-01-15T10:30:00Z", "boot": "b", "seq": 2, "prev": 1, "data": data})
        for kind, data in (("status", GUIDE_STATUS), ("latency", OUR_LATENCY))
    ),
]

names = st.text(max_size=8) | st.sampled_from(["type", "data", "node", "id", "peers", "metrics", "value", "index"])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**400, 2**64 - 1, -0.0])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
any_json = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)


def is_sound(message: Message) -> bool:
    """True where the message can be written again, as a record of it is."""
    return encode(message.body) != b""


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(st.data())
def test_any_bytes_are_a_value(data: st.DataObject) -> None:
    raw = data.draw(st.binary(max_size=60))
    if data.draw(st.booleans()):
        # Right up to some byte, and wrong from there on.
        frame = data.draw(st.sampled_from(FRAMES)).encode()
        begin = data.draw(st.integers(0, len(frame)))
        raw = frame[:begin] + raw + frame[begin + data.draw(st.integers(0, 4)) :]
    assert is_sound(decode(raw))
    assert is_sound(decode(raw.decode("utf-8", "replace")))
    assert isinstance(decode(raw.decode("utf-8", "surrogateescape")).body, msgspec.Struct)
    assert isinstance(decode_body(data.draw(st.sampled_from(BODIES)), raw), msgspec.Struct)


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(st.sampled_from(SERVER_MESSAGE_TYPES) | st.text(max_size=10), st.sampled_from(BODIES), any_json)
def test_any_json_is_a_message_of_its_type(message_type: str, body_type: str, data: object) -> None:
    message = decode(json.dumps({"type": message_type, "timestamp": "t", "data": data}))
    assert (message.type, message.timestamp) == (message_type, "t")
    assert is_sound(message)
    assert is_sound(decode(json.dumps(data)))
    assert encode(decode_body(body_type, json.dumps(data)))


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of all that stands below a value."""
    match value:
        case dict():
            inner = list(value.items())
        case list():
            inner = list(enumerate(value))
        case _:
            return []
    return [found for key, below in inner for found in ((*path, key), *places(below, (*path, key)))]


def mutate(frame: dict[str, Any], data: st.DataObject) -> None:
    """Take one thing out of a frame, or put another in its place or beside it."""
    *way, last = data.draw(st.sampled_from(places(frame)))
    holder: Any = frame
    for key in way:
        holder = holder[key]
    match data.draw(st.sampled_from(["delete", "null", "empty", "replace", "wrap", "add"])):
        case "delete":
            del holder[last]
        case "null":
            holder[last] = None
        case "empty":
            holder[last] = data.draw(st.sampled_from(["", 0, {}, [], False]))
        case "replace":
            holder[last] = data.draw(any_json)
        case "wrap":
            holder[last] = data.draw(st.sampled_from([[holder[last]], {"x": holder[last]}, json.dumps(holder[last])]))
        case _ if isinstance(holder, dict):
            holder["of a later version"] = data.draw(any_json)


def core(frame: dict[str, Any]) -> str | None:
    """What names node, role and term of a status, as text, since to Python 1 is True; None where it does not."""
    told = frame.get("data")
    if not isinstance(told, dict):
        return None
    return json.dumps([told.get("node", [told.get(key) for key in ("node_id", "state", "term")])])


@pytest.mark.slow
@settings(max_examples=2 * EXAMPLES)
@given(st.sampled_from(FRAMES), st.integers(1, 3), st.data())
def test_a_mutated_frame_is_read_or_told_and_a_status_keeps_its_core(raw: str, times: int, data: st.DataObject) -> None:
    whole = json.loads(raw)
    frame = json.loads(raw)
    for _ in range(times):
        if places(frame):
            mutate(frame, data)
    message = decode(json.dumps(frame))
    body = message.body
    assert is_sound(message)
    if isinstance(body, Malformed):
        assert body.reason
        assert body.raw == json.dumps(frame)
    before = decode(raw).body
    if isinstance(before, Status) and frame.get("type") == whole["type"] and core(frame) == core(whole):
        assert isinstance(body, Status)
        assert (body.node_id, body.state, body.term) == (before.node_id, before.state, before.term)


def test_reading_strictly_and_reading_with_patience_give_the_same() -> None:
    for raw in captured_frames(CAPTURES):
        frame = json.loads(raw)
        if "data" in frame:
            assert decode(raw).body == decode_body(frame["type"], json.dumps(frame["data"]))
            assert decode(json.dumps(frame | {"seq": "x"})).body == decode(raw).body
