"""The three client messages, from both ends (guide, "Subscription Management")."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.protocol.messages import SERVER_MESSAGE_TYPES
from helios_desktop.protocol.subscription import (
    ALL_TOPICS,
    PING_FRAME,
    UNSUBSCRIBE_FRAME,
    Ignored,
    Ping,
    Refused,
    Subscribe,
    Topic,
    Unsubscribe,
    decode_request,
    subscribe_frame,
    topic_of,
)


@given(st.frozensets(st.sampled_from(Topic)))
def test_a_subscribe_names_all_seven_and_is_read_back(topics: frozenset[Topic]) -> None:
    text = subscribe_frame(topics)
    assert set(json.loads(text)["data"]) == {topic.value for topic in Topic}
    assert decode_request(text) == Subscribe(topics)


def test_the_other_two_are_read() -> None:
    assert decode_request(PING_FRAME) == Ping()
    assert decode_request(UNSUBSCRIBE_FRAME) == Unsubscribe()
    assert decode_request(b'{"type":"ping","timestamp":"2024-01-15T10:30:00Z"}') == Ping()


def test_a_missing_key_is_false_and_an_unknown_one_is_ignored() -> None:
    assert decode_request('{"type":"subscribe","data":{"status":true,"colour":"red"}}') == Subscribe(
        frozenset({Topic.STATUS})
    )
    assert decode_request('{"type":"subscribe","data":{}}') == Subscribe(frozenset())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"type":"subscribe"}', "data"),
        ('{"type":"subscribe","data":null}', "data"),
        ('{"type":"subscribe","data":[]}', "data"),
        ('{"type":"subscribe","data":{"status":"yes"}}', "data.status"),
        ('{"type":"subscribe","data":{"latency":true,"peer_changes":1}}', "data.peer_changes"),
        ('{"type":5}', "type"),
        ("nope", "not a message"),
        ("[" * 100_000, "not a message"),
        (b"\xff", "not a message"),
    ],
)
def test_what_cannot_be_followed_names_the_field(text: str | bytes, named: str) -> None:
    request = decode_request(text)
    assert isinstance(request, Refused)
    assert named in request.reason


def test_other_types_are_ignored() -> None:
    assert decode_request('{"type":"hello"}') == Ignored("hello")


def test_each_topic_governs_a_message_and_pong_and_error_always_pass() -> None:
    governed = {topic_of(kind) for kind in SERVER_MESSAGE_TYPES}
    assert governed == ALL_TOPICS | {None}
    assert topic_of("pong") is None
    assert topic_of("error") is None
    assert topic_of("status_update") is Topic.STATUS
