"""Going on where the last socket ended, and what the close codes of our own gateway mean."""

import pytest

from helios_desktop.client.backoff import LONGEST_BACKOFF_S
from helios_desktop.client.connection import STABLE_S
from helios_desktop.client.effects import CloseSocket, Effect, LogIn, OpenSocket
from helios_desktop.client.failure import Failure
from helios_desktop.client.held_socket import STILL_S
from helios_desktop.client.inputs import CallFailed, Connect, Ended, GotToken, Subscribe
from helios_desktop.client.resuming import Place, place_of
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.auth import LoginAnswer
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic
from tests.unit.client.bench import Bench

PLACE = Place("0123456789abcdef", 42)


def end(bench: Bench, cause: Cause = Cause.SERVER_CLOSED, last: Place | None = None) -> list[Effect]:
    """The socket ends, after a message of this place."""
    return bench.give(Ended(bench.connection.epoch, Failure(cause, "said so"), last))


def log_in(bench: Bench, effects: list[Effect]) -> list[Effect]:
    """Answer the login that it wants, and nothing else."""
    [call] = effects
    assert isinstance(call, LogIn)
    return bench.give(GotToken(call.call, LoginAnswer("another", expires_in=900)))


def test_the_place_of_a_message_is_its_boot_and_number() -> None:
    text = '{"type":"pong","timestamp":"2026-11-23T08:21:38Z","boot":"0123456789abcdef","seq":42,"prev":40}'
    assert place_of(text) == PLACE
    assert str(PLACE) == "0123456789abcdef:42"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "no message",
        '{"type":"pong","timestamp":"2026-11-23T08:21:38Z"}',
        '{"boot":"a"}',
        '{"seq":42}',
        '{"boot":"a","seq":0}',
        '{"boot":"a","seq":-1}',
        '{"boot":"a","seq":1.5}',
        '{"boot":"a","seq":true}',
        '{"boot":"a","seq":1000000000000000000}',
        '{"boot":7,"seq":42}',
        '{"boot":"","seq":42}',
        '{"boot":"a b","seq":42}',
        '{"boot":"a&token=b","seq":42}',
        '{"boot":"\\ud800","seq":42}',
        '{"boot":"%s","seq":42}' % ("a" * 65),
        '{"boot":"a","seq":42,"data":%s' % ("[" * 100_000),
    ],
)
def test_what_our_gateway_cannot_have_sent_has_no_place(text: str) -> None:
    assert place_of(text) is None


def test_the_next_socket_is_asked_to_go_on_from_the_last_message() -> None:
    bench = Bench(token="given")
    assert bench.give(Connect()) == [OpenSocket(1, "given")]
    bench.open()
    end(bench, last=PLACE)
    assert bench.wake() == [OpenSocket(2, "given", PLACE)]


def test_a_gateway_that_numbers_nothing_is_never_asked_to_go_on() -> None:
    bench = Bench(token="given")
    bench.go_live()
    end(bench)
    assert bench.wake() == [OpenSocket(2, "given")]


def test_a_socket_that_brought_no_message_leaves_the_place_as_it_was() -> None:
    bench = Bench(token="given")
    bench.go_live()
    end(bench, last=PLACE)
    bench.wake()
    end(bench, Cause.REFUSED)
    assert bench.wake() == [OpenSocket(3, "given", PLACE)]


def test_a_gateway_that_numbers_nothing_in_the_place_of_one_that_did_is_not_asked_again() -> None:
    bench = Bench(token="given")
    bench.go_live()
    end(bench, last=PLACE)
    bench.wake()
    bench.open()
    end(bench)
    assert bench.wake() == [OpenSocket(3, "given")]


def test_what_does_not_answer_as_a_gateway_is_not_asked_to_go_on_again() -> None:
    bench = Bench(token="given")
    bench.go_live()
    end(bench, last=PLACE)
    bench.wake()
    bench.lose_for_good(Cause.NOT_HELIOS)
    assert bench.wake() == [OpenSocket(3, "given")]


def test_another_subscription_begins_anew_and_the_same_one_goes_on() -> None:
    bench = Bench(token="given")
    bench.go_live()
    end(bench, last=PLACE)
    bench.give(Subscribe(ALL_TOPICS))
    assert bench.wake() == [OpenSocket(2, "given", PLACE)]
    end(bench, Cause.REFUSED)
    bench.give(Subscribe(frozenset({Topic.STATUS})))
    assert bench.wake() == [OpenSocket(3, "given")]


def test_a_token_that_ran_out_is_mended_by_a_login_and_the_socket_goes_on() -> None:
    bench = Bench()
    bench.go_live()
    opened = log_in(bench, end(bench, Cause.LOGIN_EXPIRED, PLACE))
    assert opened == [OpenSocket(2, "another", PLACE)]
    assert bench.last.phase is Phase.CONNECTING
    bench.open()


def test_a_token_that_always_runs_out_at_once_is_renewed_with_growing_waits_and_not_in_a_loop() -> None:
    bench = Bench()
    bench.go_live()
    log_in(bench, end(bench, Cause.LOGIN_EXPIRED))
    for attempt in range(1, 6):
        bench.open()
        assert end(bench, Cause.LOGIN_EXPIRED) == []
        assert (bench.last.phase, bench.last.cause, bench.last.attempt) == (
            Phase.BACKOFF, Cause.LOGIN_EXPIRED, attempt,
        )  # fmt: skip
        log_in(bench, bench.wake())


def test_a_socket_that_is_closed_for_its_token_before_any_message_is_not_opened_in_a_loop() -> None:
    bench = Bench()
    bench.go_live()
    bench.live_for(STABLE_S)
    log_in(bench, end(bench, Cause.LOGIN_EXPIRED))
    assert end(bench, Cause.LOGIN_EXPIRED) == []
    assert bench.last.phase is Phase.BACKOFF


def test_after_a_stable_spell_a_token_that_ran_out_is_renewed_at_once_again() -> None:
    bench = Bench()
    bench.go_live()
    for _ in range(3):
        bench.live_for(STABLE_S)
        log_in(bench, end(bench, Cause.LOGIN_EXPIRED))
        bench.open()
    assert Phase.BACKOFF not in [change.phase for change in bench.changes]


def test_a_fresh_login_that_is_refused_after_a_token_ran_out_needs_the_user() -> None:
    bench = Bench()
    bench.go_live()
    log_in(bench, end(bench, Cause.LOGIN_EXPIRED))
    end(bench, Cause.BAD_CREDENTIALS)
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)


def test_a_password_that_is_refused_after_a_token_ran_out_needs_the_user() -> None:
    bench = Bench()
    bench.go_live()
    [call] = end(bench, Cause.LOGIN_EXPIRED)
    assert isinstance(call, LogIn)
    bench.give(CallFailed(call.call, Failure(Cause.BAD_CREDENTIALS)))
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)


def test_a_token_that_was_given_and_ran_out_needs_the_user() -> None:
    bench = Bench(token="given")
    bench.go_live()
    assert end(bench, Cause.LOGIN_EXPIRED) == []
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.LOGIN_EXPIRED)
    assert bench.connection.deadline_ns is None


def test_a_login_that_was_revoked_stops_until_the_user_connects_and_then_logs_in_anew() -> None:
    bench = Bench()
    bench.go_live()
    assert end(bench, Cause.REVOKED, PLACE) == []
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.REVOKED)
    assert bench.connection.deadline_ns is None
    assert log_in(bench, bench.give(Connect())) == [OpenSocket(2, "another", PLACE)]


def test_a_revocation_that_waited_while_the_machine_slept_still_needs_the_user() -> None:
    bench = Bench()
    bench.go_live()
    bench.now_ns += int(2 * STILL_S * NS)
    end(bench, Cause.REVOKED)
    assert bench.last.phase is Phase.REJECTED


def test_a_gateway_that_found_us_too_slow_is_tried_again_as_after_any_loss() -> None:
    bench = Bench(token="given")
    bench.go_live()
    assert end(bench, Cause.TOO_SLOW, PLACE) == []
    assert (bench.last.phase, bench.last.cause, bench.last.attempt) == (Phase.BACKOFF, Cause.TOO_SLOW, 1)
    assert bench.last.retry_at_ns is not None
    assert bench.last.retry_at_ns - bench.now_ns <= 2 * NS
    assert bench.wake() == [OpenSocket(2, "given", PLACE)]


@pytest.mark.parametrize("seed", range(20))
def test_a_gateway_that_got_too_many_messages_is_left_in_peace_for_a_while(seed: int) -> None:
    bench = Bench(token="given", seed=seed)
    bench.go_live()
    assert end(bench, Cause.TOO_MANY) == []
    assert bench.last.retry_at_ns is not None
    assert LONGEST_BACKOFF_S / 2 <= (bench.last.retry_at_ns - bench.now_ns) / NS <= LONGEST_BACKOFF_S
    assert bench.wake() == [OpenSocket(2, "given")]


def test_the_close_code_of_a_socket_that_was_left_already_changes_nothing() -> None:
    bench = Bench()
    bench.go_live()
    bench.now_ns += 60 * NS
    assert CloseSocket(1) in bench.wake()
    assert bench.last.phase is Phase.BACKOFF
    told = len(bench.changes)
    assert end(bench, Cause.REVOKED, PLACE) == []
    assert len(bench.changes) == told
