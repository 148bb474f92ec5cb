"""The ring of recent messages: whole from where it begins, never above its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.protocol.subscription import Topic
from helios_gateway.sockets.envelopes import Wrapped
from helios_gateway.sockets.ring import Ring, Since, parse_since


@given(
    sizes=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), max_size=60),
    most_bytes=st.integers(0, 300),
    most_messages=st.integers(0, 20),
    begins_after=st.integers(0, 5),
)
def test_it_gives_all_that_came_after_or_says_that_it_cannot(
    sizes: list[tuple[int, int]], most_bytes: int, most_messages: int, begins_after: int
) -> None:
    ring = Ring(most_bytes, most_messages, begins_after)
    published: list[Wrapped] = []
    seq = begins_after
    for step, size in sizes:
        seq += step
        published.append(Wrapped(Topic.STATUS, seq, b"x" * size))
        ring.append(published[-1])
        assert ring.size_bytes <= most_bytes
        assert len(ring) <= most_messages
    for asked in range(seq + 2):
        told = ring.after(asked)
        if told is None:
            assert asked < ring.begins_after
        else:
            assert told == [message for message in published if message.seq > asked]
    kept = published[len(published) - len(ring) :]
    assert ring.size_bytes == sum(len(message.head) for message in kept)
    # It gives up no more than it must: one more would be above a bound.
    if len(kept) < len(published):
        one_more = published[len(published) - len(kept) - 1 :]
        assert len(one_more) > most_messages or sum(len(message.head) for message in one_more) > most_bytes
        assert ring.begins_after == one_more[0].seq
    else:
        assert ring.begins_after == begins_after


@given(st.from_regex(r"[0-9A-Za-z_-]{1,64}", fullmatch=True), st.integers(0, 10**18 - 1))
def test_where_a_client_was_is_read_back(boot: str, seq: int) -> None:
    assert parse_since(f"{boot}:{seq}") == Since(boot, seq)


@pytest.mark.parametrize(
    "text", ["", ":", "boot", "boot:", ":5", "boot:-1", "boot:1.5", "boot:1:2", "boot:٣", "b t:1", "boot:1\n", "é:1"]
)
def test_anything_else_is_none(text: str) -> None:
    assert parse_since(text) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    found = parse_since(text)
    assert found is None or f"{found.boot}:{found.seq}" == text or text.partition(":")[2].startswith("0")
