"""The queue between the loop and the thread that writes: bounded, in order, and honest about what it lost."""

import threading

from helios_desktop.journal.inbox import ITEM_BYTES, Inbox
from helios_desktop.journal.writer import Item, Unrecorded
from tests.unit.journal.stream import Stream


def put(inbox: Inbox, stream: Stream, number: int) -> list[bool]:
    return [inbox.put(stream.frame()) for _ in range(number)]


def test_items_come_in_their_order_a_few_at_a_time() -> None:
    inbox, stream = Inbox(), Stream()
    put(inbox, stream, 5)
    state = stream.checkpoint()
    inbox.put_checkpoint(state)
    put(inbox, stream, 1)
    assert inbox.take(3) == stream.seen[:3]
    assert inbox.take(10) == [*stream.seen[3:5], state, stream.seen[5]]
    assert inbox.take(10) == []


def test_what_does_not_fit_is_counted_and_marked_before_the_next_that_fits() -> None:
    inbox, stream = Inbox(max_bytes=10 * (2 * ITEM_BYTES + 200)), Stream()
    inbox.reason = "disk full"
    fits = put(inbox, stream, 30)
    kept = fits.index(False)
    assert fits == [True] * kept + [False] * (30 - kept)
    assert (inbox.lost, inbox.waiting) == (30 - kept, kept)
    inbox.reason = "another"  # by then it is another: the gap has that of its beginning
    taken = inbox.take(100)
    assert put(inbox, stream, 1) == [False]  # it is not written yet
    inbox.written(taken)
    assert inbox.waiting == 0
    assert put(inbox, stream, 1) == [True]
    seen = [one.observation for one in stream.seen]
    gap = Unrecorded(seen[kept].received_ns, seen[31].received_ns, "disk full", 31 - kept)
    assert inbox.take(100) == [gap, stream.seen[31]]


def test_what_is_lost_when_nothing_more_comes_is_marked_once() -> None:
    inbox, stream = Inbox(max_bytes=1), Stream()
    put(inbox, stream, 3)
    inbox.finish()
    inbox.finish()
    first, last = stream.seen[0].observation, stream.seen[-1].observation
    assert inbox.take(9) == [Unrecorded(first.received_ns, last.received_ns, "", 3)]


def test_nothing_is_lost_between_two_threads() -> None:
    inbox, stream = Inbox(), Stream()
    seen = stream.frames(20_000)
    taken: list[Item] = []

    def take() -> None:
        while len(taken) < len(seen):
            assert inbox.wait(10)
            batch = inbox.take(97)
            taken.extend(batch)
            inbox.written(batch)

    thread = threading.Thread(target=take)
    thread.start()
    for one in seen:
        inbox.put(one)
    thread.join(30)
    assert taken == seen
    assert inbox.waiting == 0
