"""How a connection comes to its token, which path it logs in at, and when it renews."""

import pytest

from helios_desktop.client.effects import CancelCall, Effect, LogIn, OpenSocket, Refresh, Send
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import CallFailed, Connect, Disconnect, GotToken
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer
from helios_desktop.protocol.subscription import PING_FRAME
from tests.unit.client.bench import START_NS, Bench


def test_a_given_token_is_used_as_it_is() -> None:
    assert Bench(token="given").give(Connect()) == [OpenSocket(1, "given")]
    assert Bench(token="given", has_login=True).give(Connect()) == [OpenSocket(1, "given")]


def test_a_given_token_that_is_refused_is_rejected_where_there_is_no_login() -> None:
    bench = Bench(token="given", has_login=False)
    bench.give(Connect())
    assert bench.lose(Cause.BAD_CREDENTIALS) == []
    assert (bench.last.phase, bench.last.cause, bench.last.detail) == (
        Phase.REJECTED, Cause.BAD_CREDENTIALS, "said so",
    )  # fmt: skip
    assert bench.connection.deadline_ns is None


def test_a_refused_token_is_followed_by_one_fresh_login_and_then_rejected() -> None:
    bench = Bench(token="given", has_login=True)
    bench.give(Connect())
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(GotToken(1, LoginAnswer("fresh"))) == [OpenSocket(2, "fresh")]
    assert bench.lose(Cause.BAD_CREDENTIALS) == []
    assert bench.last.phase is Phase.REJECTED


def test_after_being_live_a_refused_token_may_be_followed_by_a_fresh_login_again() -> None:
    bench = Bench(token="given", has_login=True)
    bench.give(Connect())
    bench.lose(Cause.BAD_CREDENTIALS)
    bench.give(GotToken(1, LoginAnswer("fresh")))
    bench.open()
    bench.lose()
    bench.wake()
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(2, LOGIN_PATHS[0])]


def test_a_refused_login_is_rejected_at_once() -> None:
    bench = Bench()
    bench.give(Connect())
    assert bench.give(CallFailed(1, Failure(Cause.BAD_CREDENTIALS))) == []
    assert bench.last.phase is Phase.REJECTED


def test_a_login_path_that_is_not_there_is_followed_by_the_other_which_is_remembered() -> None:
    bench = Bench()
    bench.give(Connect())
    assert bench.give(CallFailed(1, Failure(Cause.NOT_FOUND))) == [LogIn(2, LOGIN_PATHS[1])]
    assert bench.last.login_path == ""
    bench.give(GotToken(2, LoginAnswer("t")))
    assert bench.last.login_path == LOGIN_PATHS[1]
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(3, LOGIN_PATHS[1])]


def test_no_login_path_at_all_is_a_wrong_address() -> None:
    bench = Bench()
    bench.give(Connect())
    bench.give(CallFailed(1, Failure(Cause.NOT_FOUND)))
    assert bench.give(CallFailed(2, Failure(Cause.NOT_FOUND))) == []
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.NOT_FOUND)


def test_a_new_token_leaves_the_socket_alone_and_its_life_is_told() -> None:
    bench = Bench()
    bench.go_live()
    effects: list[Effect] = []
    while not any(isinstance(effect, Refresh) for effect in effects):
        bench.connection.heard(1, bench.now_ns)
        effects = bench.wake()
    assert effects == [Send(1, PING_FRAME), Refresh(2, "refresh")]
    assert bench.now_ns == START_NS + 840 * NS
    assert bench.give(GotToken(2, LoginAnswer("t2", expires_in=900))) == []
    assert (bench.last.phase, bench.last.token_expires_at_ns) == (Phase.LIVE, bench.now_ns + 900 * NS)


def live_until_renewal(bench: Bench) -> None:
    bench.go_live()
    while not any(isinstance(effect, Refresh) for effect in bench.wake()):
        bench.connection.heard(1, bench.now_ns)
    bench.connection.heard(1, bench.now_ns)


def test_a_refresh_that_nobody_waits_for_any_more_is_followed_by_a_login() -> None:
    bench = Bench()
    live_until_renewal(bench)
    assert CancelCall(2) in bench.give(Disconnect())
    bench.now_ns += 60 * NS
    assert bench.give(Connect()) == [LogIn(3, LOGIN_PATHS[0])]


def test_a_refused_refresh_is_followed_by_a_login() -> None:
    bench = Bench()
    live_until_renewal(bench)
    assert bench.give(CallFailed(2, Failure(Cause.NOT_FOUND))) == [LogIn(3, LOGIN_PATHS[0])]
    assert bench.connection.phase is Phase.LIVE


@pytest.mark.parametrize(
    ("cause", "again"),
    [
        (Cause.REFUSED, Refresh(3, "refresh")),
        (Cause.UNKNOWN_HOST, Refresh(3, "refresh")),
        # It may have arrived, and a refresh token that is used twice ends the login.
        (Cause.TIMEOUT, LogIn(3, LOGIN_PATHS[0])),
        (Cause.UNREACHABLE, LogIn(3, LOGIN_PATHS[0])),
    ],
)
def test_a_renewal_that_fails_is_tried_later_while_the_socket_lives(cause: Cause, again: Effect) -> None:
    bench = Bench()
    live_until_renewal(bench)
    failed_ns = bench.now_ns
    assert bench.give(CallFailed(2, Failure(cause))) == []
    assert again in bench.live_for(30)
    assert bench.now_ns == failed_ns + 30 * NS
    assert bench.connection.phase is Phase.LIVE


def test_a_renewal_that_is_refused_for_good_is_not_tried_again_while_the_socket_lives() -> None:
    bench = Bench()
    live_until_renewal(bench)
    bench.give(CallFailed(2, Failure(Cause.BAD_CREDENTIALS)))
    bench.give(CallFailed(3, Failure(Cause.BAD_CREDENTIALS)))
    for _ in range(100):
        bench.connection.heard(1, bench.now_ns)
        assert bench.wake() == [Send(1, PING_FRAME)]


def test_a_token_near_its_end_is_renewed_before_the_next_socket() -> None:
    bench = Bench()
    bench.go_live()
    bench.now_ns += 850 * NS
    bench.lose()
    assert bench.wake() == [Refresh(2, "refresh")]
    assert bench.last.phase is Phase.AUTHENTICATING
    assert bench.give(GotToken(2, LoginAnswer("t2"))) == [OpenSocket(2, "t2")]


def test_a_renewal_in_flight_is_waited_for_when_the_socket_ends_meanwhile() -> None:
    bench = Bench()
    live_until_renewal(bench)
    bench.now_ns += 40 * NS
    bench.lose()
    assert bench.wake() == []
    assert bench.last.phase is Phase.AUTHENTICATING
    assert bench.give(GotToken(2, LoginAnswer("t2"))) == [OpenSocket(2, "t2")]


def test_the_path_that_worked_before_is_tried_first() -> None:
    bench = Bench(login_path=LOGIN_PATHS[1])
    assert bench.give(Connect()) == [LogIn(1, LOGIN_PATHS[1])]
    assert bench.give(CallFailed(1, Failure(Cause.NOT_FOUND))) == [LogIn(2, LOGIN_PATHS[0])]


def test_a_path_of_the_users_own_is_tried_before_both_known_ones() -> None:
    bench = Bench(login_path="/sso/login")
    assert bench.give(Connect()) == [LogIn(1, "/sso/login")]
    assert bench.give(CallFailed(1, Failure(Cause.NOT_FOUND))) == [LogIn(2, LOGIN_PATHS[0])]
    assert bench.give(CallFailed(2, Failure(Cause.NOT_FOUND))) == [LogIn(3, LOGIN_PATHS[1])]
    bench.give(GotToken(3, LoginAnswer("t")))
    assert bench.last.login_path == LOGIN_PATHS[1]
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(4, LOGIN_PATHS[1])]


def test_a_refresh_does_not_change_where_the_login_worked() -> None:
    bench = Bench()
    live_until_renewal(bench)
    bench.give(GotToken(2, LoginAnswer("t2")))
    assert bench.last.login_path == LOGIN_PATHS[0]


def test_before_a_reconnect_the_token_is_renewed_by_refresh() -> None:
    bench = Bench()
    bench.go_live()
    bench.live_for(30)
    bench.lose()
    assert bench.wake() == [Refresh(2, "refresh")]
    assert bench.last.phase is Phase.AUTHENTICATING
    assert bench.give(GotToken(2, LoginAnswer("t2"))) == [OpenSocket(2, "t2")]


@pytest.mark.parametrize(
    "cause", [Cause.NOT_FOUND, Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN, Cause.NOT_HELIOS, Cause.SERVER_ERROR]
)
def test_where_the_gateway_has_no_refresh_the_renewal_is_a_login(cause: Cause) -> None:
    bench = Bench()
    bench.go_live()
    bench.live_for(30)
    bench.lose()
    bench.wake()
    assert bench.give(CallFailed(2, Failure(cause))) == [LogIn(3, LOGIN_PATHS[0])]
    assert bench.give(GotToken(3, LoginAnswer("t2"))) == [OpenSocket(2, "t2")]
    bench.open()
    bench.live_for(30)
    bench.lose()
    assert bench.wake() == [LogIn(4, LOGIN_PATHS[0])]


def test_a_token_of_a_moment_ago_is_not_renewed_before_a_reconnect() -> None:
    bench = Bench()
    bench.go_live()
    bench.live_for(20)
    bench.lose()
    assert bench.wake() == [OpenSocket(2, "token")]


def test_a_given_token_is_renewed_before_a_reconnect_where_there_is_a_login() -> None:
    bench = Bench(token="given", has_login=True)
    bench.go_live()
    bench.lose()
    assert bench.wake() == [LogIn(1, LOGIN_PATHS[0])]


def test_a_given_token_alone_is_used_for_every_reconnect() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.live_for(3600)
    bench.lose()
    assert bench.wake() == [OpenSocket(2, "given")]


def test_going_online_again_renews_too() -> None:
    bench = Bench()
    bench.go_live()
    bench.live_for(30)
    bench.give(Disconnect())
    assert bench.give(Connect()) == [Refresh(2, "refresh")]


@pytest.mark.parametrize("cause", [Cause.BAD_CREDENTIALS, Cause.SERVER_ERROR])
def test_a_renewal_to_be_sure_that_is_refused_leaves_the_word_to_the_socket(cause: Cause) -> None:
    bench = Bench(token="given", has_login=True)
    bench.go_live()
    bench.lose()
    bench.wake()
    assert bench.give(CallFailed(1, Failure(cause))) == [OpenSocket(2, "given")]
    bench.open()


def test_a_password_that_was_refused_is_not_sent_again_and_again_while_the_token_is_good() -> None:
    bench = Bench(token="given", has_login=True)
    bench.go_live()
    bench.lose()
    bench.wake()
    bench.give(CallFailed(1, Failure(Cause.BAD_CREDENTIALS)))
    bench.open()
    assert not [effect for effect in bench.live_for(120) if isinstance(effect, LogIn)]
    bench.lose()
    assert bench.wake() == [OpenSocket(3, "given")]


def test_a_renewal_that_nobody_answers_is_a_failed_attempt() -> None:
    bench = Bench(token="given", has_login=True)
    bench.go_live()
    bench.lose()
    bench.wake()
    assert bench.give(CallFailed(1, Failure(Cause.REFUSED))) == []
    assert (bench.last.phase, bench.last.cause, bench.last.attempt) == (Phase.BACKOFF, Cause.REFUSED, 2)
