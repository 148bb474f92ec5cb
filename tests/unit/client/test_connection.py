"""The connection, transition by transition: socket, retries, and what the user wants."""

import pytest

from helios_desktop.client.backoff import LONGEST_BACKOFF_S
from helios_desktop.client.connection import STABLE_S
from helios_desktop.client.effects import CancelCall, CloseSocket, LogIn, OpenSocket, Read, Refresh, Send
from helios_desktop.client.failure import Failure
from helios_desktop.client.held_socket import GRACE_S
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Opened,
    Subscribe,
)
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, Topic, subscribe_frame
from tests.unit.client.bench import START_NS, Bench


def test_a_connection_logs_in_opens_subscribes_pings_and_is_live_with_the_first_frame() -> None:
    bench = Bench()
    assert bench.give(Connect()) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(GotToken(1, LoginAnswer("t", expires_in=900))) == [OpenSocket(1, "t")]
    assert bench.give(Opened(1)) == [Send(1, subscribe_frame(ALL_TOPICS)), Send(1, PING_FRAME)]
    assert bench.give(FirstFrame(1)) == []
    assert [change.phase for change in bench.changes] == [
        Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE,
    ]  # fmt: skip
    assert bench.changes[0].cause is Cause.ASKED
    assert bench.last.token_expires_at_ns == START_NS + 900 * NS


def test_no_secret_stands_in_the_text_of_an_effect() -> None:
    assert "given" not in repr(OpenSocket(1, "given"))
    assert "given" not in repr(Refresh(1, "given"))
    assert "given" not in repr(Read(1, RestCall.STATUS, "given"))


@pytest.mark.parametrize("cause", [Cause.NOT_ADMIN, Cause.NOT_FOUND, Cause.NOT_HELIOS, Cause.TLS])
def test_what_only_the_user_can_mend_stops_the_first_connection(cause: Cause) -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose_for_good(cause)
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, cause)


@pytest.mark.parametrize(
    ("cause", "phase"),
    [
        (Cause.NOT_ADMIN, Phase.REJECTED),
        (Cause.NOT_FOUND, Phase.REJECTED),
        (Cause.NOT_HELIOS, Phase.BACKOFF),
        (Cause.TLS, Phase.BACKOFF),
    ],
)
def test_a_gateway_that_once_worked_is_tried_again_when_it_answers_strangely(cause: Cause, phase: Phase) -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.lose()
    bench.wake()
    bench.lose_for_good(cause)
    assert bench.last.phase is phase


@pytest.mark.parametrize(
    "cause",
    [Cause.UNKNOWN_HOST, Cause.REFUSED, Cause.UNREACHABLE, Cause.TIMEOUT, Cause.SERVER_ERROR, Cause.SERVER_CLOSED],
)
def test_what_may_pass_is_tried_again(cause: Cause) -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose_for_good(cause)
    assert (bench.last.phase, bench.last.cause, bench.last.attempt) == (Phase.BACKOFF, cause, 1)
    assert bench.last.retry_at_ns == bench.connection.deadline_ns
    assert bench.wake() == [OpenSocket(2, "given")]


def test_a_secret_that_may_not_travel_is_not_sent() -> None:
    bench = Bench(may_send_secrets=False)
    assert bench.give(Connect()) == []
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.PLAIN_TEXT)


def test_waiting_times_are_random_grow_to_a_cap_and_never_vanish() -> None:
    first_s: list[float] = []
    late_s: list[float] = []
    for seed in range(200):
        bench = Bench(token="given", seed=seed)
        bench.give(Connect())
        for attempt in range(12):
            bench.lose(Cause.REFUSED)
            assert bench.last.attempt == attempt + 1
            assert bench.last.retry_at_ns is not None
            wait_s = (bench.last.retry_at_ns - bench.now_ns) / NS
            assert 1 <= wait_s <= LONGEST_BACKOFF_S
            if attempt in {0, 11}:
                (first_s if attempt == 0 else late_s).append(wait_s)
            bench.wake()
    assert max(first_s) <= 2
    assert max(late_s) > 0.9 * LONGEST_BACKOFF_S
    assert min(late_s) < 0.2 * LONGEST_BACKOFF_S
    assert len(set(late_s)) > 150


@pytest.mark.parametrize(("lived_s", "attempt"), [(STABLE_S - 1, 4), (STABLE_S, 1)])
def test_only_a_stable_spell_forgets_the_failures_before_it(lived_s: float, attempt: int) -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    for _ in range(3):
        bench.lose(Cause.REFUSED)
        bench.wake()
    bench.open()
    assert bench.last.attempt == 0
    bench.live_for(lived_s)
    bench.lose()
    assert bench.last.attempt == attempt


def test_reconnect_now_skips_the_waiting() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose(Cause.REFUSED)
    assert bench.give(Connect()) == [OpenSocket(2, "given")]
    assert bench.give(Connect()) == []


def test_reconnect_now_tries_again_what_was_refused() -> None:
    bench = Bench()
    bench.give(Connect())
    bench.give(CallFailed(1, Failure(Cause.BAD_CREDENTIALS)))
    assert bench.give(Connect()) == [LogIn(2, LOGIN_PATHS[0])]


def test_disconnect_during_a_login_takes_it_back() -> None:
    bench = Bench()
    bench.give(Connect())
    assert bench.give(Disconnect()) == [CancelCall(1)]
    assert bench.give(GotToken(1, LoginAnswer("late"))) == []
    assert bench.last.phase is Phase.CLOSED
    assert bench.connection.deadline_ns is None


def test_a_socket_with_a_message_is_closed_at_once() -> None:
    bench = Bench(token="given")
    bench.go_live()
    assert bench.give(Disconnect()) == [CloseSocket(1)]
    assert bench.connection.deadline_ns is None
    assert not bench.connection.heard(1, bench.now_ns)


def test_a_socket_without_a_message_is_closed_only_at_half_a_second_or_its_first_message() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    assert bench.give(Disconnect(), after_s=0.1) == []
    assert bench.last.phase is Phase.CLOSED
    assert bench.wake() == [CloseSocket(1)]
    assert bench.now_ns == START_NS + int(GRACE_S * NS)
    assert bench.give(FirstFrame(1)) == []

    other = Bench(token="given")
    other.give(Connect())
    other.give(Opened(1))
    other.give(Disconnect())
    assert other.give(FirstFrame(1), after_s=0.1) == [CloseSocket(1)]


def test_a_socket_that_opens_after_the_goodbye_is_still_given_its_half_second() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    assert bench.give(Disconnect()) == []
    assert bench.give(Opened(1), after_s=3) == []
    assert bench.wake() == [CloseSocket(1)]
    assert bench.now_ns == START_NS + int((3 + GRACE_S) * NS)


def test_the_next_socket_waits_for_the_end_of_the_one_before() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.give(Disconnect())
    assert bench.give(Connect()) == []
    assert bench.last.phase is Phase.CONNECTING
    assert bench.give(Ended(1, Failure(Cause.SERVER_CLOSED))) == [OpenSocket(2, "given")]


def test_what_comes_late_from_an_older_socket_changes_nothing() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.lose()
    bench.wake()
    told = len(bench.changes)
    for late in (Opened(1), FirstFrame(1), Ended(1, Failure(Cause.NOT_ADMIN))):
        assert bench.give(late) == []
    assert not bench.connection.heard(1, bench.now_ns)
    assert len(bench.changes) == told


def test_a_subscription_is_sent_now_and_after_every_open() -> None:
    topics = frozenset({Topic.LATENCY})
    bench = Bench(token="given")
    assert bench.give(Subscribe(ALL_TOPICS)) == []
    bench.go_live()
    assert bench.give(Subscribe(topics)) == [Send(1, subscribe_frame(topics))]
    bench.lose()
    bench.wake()
    assert bench.give(Opened(2))[0] == Send(2, subscribe_frame(topics))
