"""What a connection reads by REST: beside a live socket, and instead of one that nothing lets through."""

from collections.abc import Sequence
from typing import Final

import pytest

from helios_desktop.client.connection import MOST_MISSES, SOCKET_AGAIN_S
from helios_desktop.client.effects import CancelRead, CloseSocket, LogIn, OpenSocket, Read, Refresh, Send
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Opened,
    Poll,
    ReadEnded,
    Wake,
)
from helios_desktop.client.polling import APART_S, PERIOD_S, QUIET_S
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, subscribe_frame
from tests.unit.client.bench import START_NS, Bench

STATUS: Final = RestCall.STATUS
LATENCY: Final = frozenset({RestCall.LATENCY})
REFUSED: Final = Failure(Cause.BAD_CREDENTIALS, "401 Invalid token")
FORBIDDEN: Final = Failure(Cause.NOT_ADMIN, "403 Forbidden")
BROKEN: Final = Failure(Cause.SERVER_ERROR, "500 Failed to get cluster status: boom")
LIMITED: Final = Failure(Cause.SERVER_ERROR, "429 Rate limit exceeded")
NO_RAFT: Final = Failure(Cause.RAFT_NOT_ENABLED, "503 Raft not enabled")
NOT_THERE: Final = Failure(Cause.NOT_FOUND, "404 page not found")


def polling(*, has_token: bool = True, has_login: bool | None = None) -> Bench:
    """A connection that polls, because its socket is blocked."""
    bench = Bench(token="given" if has_token else "", has_login=has_login)
    effects = bench.give(Connect())
    if effects == [LogIn(1, LOGIN_PATHS[0])]:
        bench.give(GotToken(1, LoginAnswer("token", expires_in=900)))
    bench.block()
    return bench


def reads_of(effects: Sequence[object]) -> list[Read]:
    return [effect for effect in effects if isinstance(effect, Read)]


# Beside a live socket


def test_nothing_is_read_before_the_connection_is_live() -> None:
    bench = Bench(token="given")
    assert bench.give(Poll(LATENCY)) == []
    assert bench.give(Connect()) == [OpenSocket(1, "given")]
    assert bench.give(Opened(1)) == [Send(1, subscribe_frame(ALL_TOPICS)), Send(1, PING_FRAME)]
    assert bench.give(FirstFrame(1)) == [Read(1, RestCall.LATENCY, "given")]


def test_a_wish_is_followed_at_once_and_then_in_its_period() -> None:
    bench = Bench(token="given")
    bench.go_live()
    assert bench.give(Poll(LATENCY)) == [Read(1, RestCall.LATENCY, "given")]
    assert bench.give(ReadEnded(1, 200), after_s=0.2) == []
    assert reads_of(bench.live_for(4.7)) == []
    assert reads_of(bench.live_for(0.1)) == [Read(2, RestCall.LATENCY, "given")]


def test_a_wish_taken_back_is_not_read_any_more() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.give(Poll(LATENCY))
    bench.give(ReadEnded(1, 200))
    bench.give(Poll(frozenset()))
    assert reads_of(bench.live_for(60)) == []


def test_reads_use_the_token_of_now() -> None:
    bench = Bench()
    bench.give(Poll(LATENCY))
    bench.go_live()
    bench.give(ReadEnded(1, 200))
    renewals: list[object] = []
    while not renewals:
        effects = bench.live_for(5)
        for read in reads_of(effects):
            assert read.token == "token"
            bench.give(ReadEnded(read.number, 200))
        renewals = [effect for effect in effects if isinstance(effect, Refresh)]
    bench.give(GotToken(2, LoginAnswer("t2")))
    [read] = reads_of(bench.live_for(5))
    assert read.token == "t2"


def test_a_read_is_let_go_with_its_socket_and_its_late_answer_means_nothing() -> None:
    bench = Bench(token="given")
    bench.give(Poll(LATENCY))
    bench.go_live()
    assert bench.lose() == [CancelRead(1)]
    told = len(bench.changes)
    assert bench.give(ReadEnded(1, 401, REFUSED)) == []
    assert len(bench.changes) == told


def test_a_read_that_is_refused_renews_the_token_once_and_leaves_the_socket_alone() -> None:
    bench = Bench()
    bench.give(Poll(LATENCY))
    bench.go_live()
    assert bench.give(ReadEnded(1, 401, REFUSED)) == [Refresh(2, "refresh")]
    assert bench.connection.phase is Phase.LIVE
    bench.give(GotToken(2, LoginAnswer("t2", expires_in=500)))
    assert bench.live_for(6)[-1] == Read(2, RestCall.LATENCY, "t2")
    assert bench.give(ReadEnded(2, 401, REFUSED)) == []
    assert all(effect == Send(1, PING_FRAME) for effect in bench.live_for(400))
    # The next renewal is the regular one, and then it is asked again, and renewed again where refused.
    assert Refresh(3, "refresh") in bench.live_for(60)
    [read] = reads_of(bench.give(GotToken(3, LoginAnswer("t3", expires_in=900))))
    assert read.token == "t3"
    assert bench.give(ReadEnded(read.number, 401, REFUSED)) == [Refresh(4, "refresh")]


def test_after_a_reconnect_a_refused_read_may_renew_again() -> None:
    bench = Bench()
    bench.give(Poll(LATENCY))
    bench.go_live()
    bench.give(ReadEnded(1, 401, REFUSED))
    bench.give(GotToken(2, LoginAnswer("t2")))
    bench.live_for(6)
    bench.give(ReadEnded(2, 401, REFUSED))
    bench.lose()
    while bench.connection.phase is not Phase.CONNECTING:
        bench.wake()
    bench.open()
    assert [read.number for read in reads_of(bench.live_for(600))] == [3]
    assert bench.give(ReadEnded(3, 401, REFUSED)) == [Refresh(3, "refresh")]


def test_a_read_with_the_last_token_that_is_refused_renews_nothing() -> None:
    bench = Bench()
    bench.go_live()
    bench.live_for(838)
    effects = bench.give(Poll(LATENCY))
    assert effects == [Read(1, RestCall.LATENCY, "token")]
    assert Refresh(2, "refresh") in bench.live_for(3)
    bench.give(GotToken(2, LoginAnswer("t2")))
    assert bench.give(ReadEnded(1, 401, REFUSED)) == []
    assert Read(2, RestCall.LATENCY, "t2") in bench.live_for(6)


def test_a_refused_read_of_a_token_alone_changes_nothing() -> None:
    bench = Bench(token="given")
    bench.give(Poll(LATENCY))
    bench.go_live()
    assert bench.give(ReadEnded(1, 401, REFUSED)) == []
    assert bench.last.phase is Phase.LIVE
    assert reads_of(bench.live_for(60)) == []


@pytest.mark.parametrize("failure", [FORBIDDEN, NOT_THERE, BROKEN, NO_RAFT, LIMITED])
def test_no_other_answer_of_a_read_touches_a_live_connection(failure: Failure) -> None:
    bench = Bench()
    bench.give(Poll(frozenset({STATUS})))
    bench.go_live()
    told = len(bench.changes)
    assert bench.give(ReadEnded(1, int(failure.detail[:3]), failure)) == []
    assert len(bench.changes) == told


def test_a_hung_read_keeps_others_waiting_only_until_it_is_given_up() -> None:
    bench = Bench(token="given")
    bench.give(Poll(frozenset({RestCall.LATENCY, RestCall.UPTIME_HISTORY})))
    bench.go_live()
    bench.give(ReadEnded(1, 200))
    assert reads_of(bench.live_for(APART_S)) == [Read(2, RestCall.UPTIME_HISTORY, "given")]
    assert reads_of(bench.live_for(8)) == []
    assert bench.give(ReadEnded(2, None, Failure(Cause.TIMEOUT))) == [Read(3, RestCall.LATENCY, "given")]
    assert bench.connection.phase is Phase.LIVE


# Whether only the socket fails


@pytest.mark.parametrize(
    "cause", [Cause.NOT_HELIOS, Cause.SERVER_ERROR, Cause.NOT_FOUND, Cause.TIMEOUT, Cause.UNREACHABLE]
)
def test_where_the_socket_fails_and_rest_gives_a_status_that_is_polled(cause: Cause) -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    assert bench.lose(cause, "as the proxy says") == [Read(1, STATUS, "given")]
    assert bench.last.phase is Phase.CONNECTING
    assert bench.give(ReadEnded(1, 200)) == []
    assert (bench.last.phase, bench.last.cause, bench.last.detail, bench.last.attempt) == (
        Phase.POLLING, Cause.SOCKET_BLOCKED, "as the proxy says", 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "cause", [Cause.REFUSED, Cause.UNKNOWN_HOST, Cause.TLS, Cause.NOT_ADMIN, Cause.BAD_CREDENTIALS]
)
def test_what_says_that_nothing_is_there_or_nobody_is_let_in_asks_no_more(cause: Cause) -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    assert bench.lose(cause) == []
    assert bench.last.cause is cause


def test_without_a_token_rest_is_not_asked() -> None:
    bench = Bench(has_login=False)
    bench.give(Connect())
    assert bench.lose(Cause.NOT_HELIOS) == []
    assert bench.last.phase is Phase.REJECTED


def test_a_socket_that_was_open_is_not_blocked() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    assert bench.lose(Cause.SERVER_ERROR) == []
    assert bench.last.phase is Phase.BACKOFF


@pytest.mark.parametrize("answer", [None, NOT_THERE, BROKEN])
@pytest.mark.parametrize(("cause", "phase"), [(Cause.NOT_FOUND, Phase.REJECTED), (Cause.SERVER_ERROR, Phase.BACKOFF)])
def test_where_rest_does_no_better_it_ends_as_the_socket_did(
    answer: Failure | None, cause: Cause, phase: Phase
) -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose(cause, "404 Node not found: node9")
    status = None if answer is None else int(answer.detail[:3])
    bench.give(ReadEnded(1, status, answer or Failure(Cause.REFUSED)))
    assert (bench.last.phase, bench.last.cause, bench.last.detail) == (phase, cause, "404 Node not found: node9")


def test_a_gateway_without_raft_is_told_as_that_and_tried_again() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose(Cause.NOT_HELIOS)
    bench.give(ReadEnded(1, 503, NO_RAFT))
    assert (bench.last.phase, bench.last.cause, bench.last.detail) == (
        Phase.BACKOFF, Cause.RAFT_NOT_ENABLED, "503 Raft not enabled",
    )  # fmt: skip


def test_a_gateway_that_limits_us_let_us_in_so_it_is_tried_again_after_the_quiet() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose(Cause.NOT_HELIOS)
    bench.give(ReadEnded(1, 429, LIMITED))
    limited_ns = bench.now_ns
    assert (bench.last.phase, bench.last.cause) == (Phase.BACKOFF, Cause.SERVER_ERROR)
    bench.wake()
    if (early := bench.lose(Cause.NOT_HELIOS)) == []:
        early = bench.wake()
    assert early == [Read(2, STATUS, "given")]
    assert bench.now_ns - limited_ns >= QUIET_S * NS


def test_a_token_that_rest_refuses_is_followed_by_one_fresh_login_behind_a_proxy_too() -> None:
    bench = Bench(token="given", has_login=True)
    bench.give(Connect())
    bench.lose(Cause.NOT_HELIOS)
    assert bench.give(ReadEnded(1, 401, REFUSED)) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(GotToken(1, LoginAnswer("fresh"))) == [OpenSocket(2, "fresh")]
    bench.lose(Cause.NOT_HELIOS)
    bench.wake()
    bench.give(ReadEnded(2, 401, REFUSED))
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)


def test_disconnect_takes_the_question_back() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.lose(Cause.NOT_HELIOS)
    assert bench.give(Disconnect()) == [CancelRead(1)]
    assert bench.give(ReadEnded(1, 200)) == []
    assert bench.last.phase is Phase.CLOSED
    assert bench.connection.deadline_ns is None


# Instead of a socket


def test_the_status_is_polled_unbidden_every_five_seconds_with_what_is_wanted_beside_it() -> None:
    bench = polling()
    began_ns = bench.now_ns
    bench.give(Poll(LATENCY))
    reads: list[tuple[float, RestCall]] = []
    while len(reads) < 6:
        read = bench.until_read()
        reads.append(((bench.now_ns - began_ns) / NS, read.call))
        bench.give(ReadEnded(read.number, 200))
    assert [call for _, call in reads] == [RestCall.LATENCY, STATUS] * 3
    assert [at_s for at_s, call in reads if call is STATUS] == pytest.approx([5, 10, 15], abs=0.1)


def test_the_socket_is_tried_every_minute_and_fails_in_silence() -> None:
    bench = polling()
    told = len(bench.changes)
    for epoch in (2, 3):
        began_ns = bench.now_ns
        effects: list[object] = []
        while not any(isinstance(effect, OpenSocket) for effect in effects):
            effects = [*bench.wake()]
            for read in reads_of(effects):
                effects += bench.give(ReadEnded(read.number, 200))
        assert OpenSocket(epoch, "given") in effects
        assert bench.now_ns - began_ns == SOCKET_AGAIN_S * NS
        bench.lose(Cause.NOT_ADMIN)
    assert len(bench.changes) == told
    assert bench.connection.phase is Phase.POLLING


def test_a_socket_that_opens_at_last_goes_on_as_always() -> None:
    bench = polling()
    assert bench.give(Connect()) == [OpenSocket(2, "given")]
    assert bench.connection.phase is Phase.POLLING
    assert bench.give(Connect()) == []
    bench.open()
    assert [change.phase for change in bench.changes[-2:]] == [Phase.SYNCING, Phase.LIVE]
    assert all(effect == Send(2, PING_FRAME) for effect in bench.live_for(100))


@pytest.mark.parametrize(
    ("status", "failure"),
    [(None, Failure(Cause.TIMEOUT, "no answer in time")), (500, BROKEN), (404, NOT_THERE), (503, NO_RAFT)],
)
def test_three_polls_in_a_row_that_bring_no_status_end_it(status: int | None, failure: Failure) -> None:
    bench = polling()
    for good_or_not in (status, status, 200, status, status):
        bench.poll_status(good_or_not, None if good_or_not == 200 else failure)
        assert bench.connection.phase is Phase.POLLING
    assert MOST_MISSES == 3
    bench.poll_status(status, failure)
    assert (bench.last.phase, bench.last.cause, bench.last.detail) == (Phase.BACKOFF, failure.cause, failure.detail)


def test_misses_of_an_earlier_spell_of_polling_are_forgotten() -> None:
    bench = polling()
    for spell in range(3):
        for _ in range(MOST_MISSES):
            assert bench.connection.phase is Phase.POLLING
            bench.poll_status(500, BROKEN)
        assert bench.last.phase is Phase.BACKOFF
        assert bench.last.attempt == spell + 1
        bench.wake()
        bench.block()


def test_a_stable_spell_of_polling_forgets_the_failures_before_it() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    for _ in range(3):
        bench.lose(Cause.REFUSED)
        bench.wake()
    bench.block()
    while bench.now_ns < START_NS + 60 * NS:
        bench.poll_status(200)
    for _ in range(MOST_MISSES):
        bench.poll_status(500, BROKEN)
    assert (bench.last.phase, bench.last.attempt) == (Phase.BACKOFF, 1)


def test_a_limit_is_waited_out_and_not_counted() -> None:
    bench = polling()
    for _ in range(10):
        bench.poll_status(429, LIMITED)
    assert bench.connection.phase is Phase.POLLING


def test_failures_of_other_reads_are_not_counted() -> None:
    bench = polling()
    bench.give(Poll(LATENCY))
    for _ in range(20):
        read = bench.until_read()
        ok = read.call is STATUS
        bench.give(ReadEnded(read.number, 200 if ok else 500, None if ok else BROKEN))
    assert bench.connection.phase is Phase.POLLING


def test_a_refused_poll_is_followed_by_one_fresh_login_and_polling_goes_on() -> None:
    bench = polling(has_login=True)
    assert bench.poll_status(401, REFUSED) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(GotToken(1, LoginAnswer("fresh", expires_in=900))) == [OpenSocket(2, "fresh")]
    bench.block()
    assert bench.until_read().token == "fresh"


def test_a_refused_poll_after_a_fresh_login_is_rejected() -> None:
    bench = polling(has_login=True)
    bench.poll_status(401, REFUSED)
    bench.give(GotToken(1, LoginAnswer("fresh", expires_in=900)))
    bench.lose(Cause.NOT_HELIOS)
    bench.wake()
    bench.give(ReadEnded(3, 401, REFUSED))
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)


def test_a_refused_login_after_a_refused_poll_is_rejected() -> None:
    bench = polling(has_login=True)
    bench.poll_status(401, REFUSED)
    bench.give(CallFailed(1, REFUSED))
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)


def test_a_refused_poll_of_a_token_alone_is_rejected() -> None:
    bench = polling()
    bench.poll_status(401, REFUSED)
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)


def test_a_user_who_is_no_admin_any_more_is_rejected() -> None:
    bench = polling()
    bench.poll_status(403, FORBIDDEN)
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.NOT_ADMIN)


def test_an_attempt_under_way_when_polling_ends_is_never_broken_off() -> None:
    bench = polling(has_login=True)
    bench.give(Connect())
    assert bench.poll_status(401, REFUSED) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(Opened(2)) == []
    assert bench.give(GotToken(1, LoginAnswer("fresh"))) == []
    assert bench.connection.phase is Phase.CONNECTING
    assert bench.wake() == [CloseSocket(2)]
    assert bench.give(Ended(2, Failure(Cause.SERVER_CLOSED))) == [OpenSocket(3, "fresh")]


def test_a_token_is_renewed_while_polling_and_the_reason_stays_told() -> None:
    bench = polling(has_token=False)
    effects: list[object] = []
    while LogIn(2, LOGIN_PATHS[0]) not in effects:
        effects = [*bench.wake()]
        for effect in effects:
            if isinstance(effect, Read):
                bench.give(ReadEnded(effect.number, 200))
            elif isinstance(effect, OpenSocket):
                bench.lose(Cause.NOT_HELIOS)
    bench.give(GotToken(2, LoginAnswer("t2", expires_in=900)))
    assert (bench.last.phase, bench.last.cause, bench.last.detail) == (
        Phase.POLLING, Cause.SOCKET_BLOCKED, "400 Bad Request",
    )  # fmt: skip
    assert bench.last.token_expires_at_ns == bench.now_ns + 900 * NS


def test_disconnect_ends_the_polling() -> None:
    bench = polling()
    read = bench.until_read()
    assert bench.give(Disconnect()) == [CancelRead(read.number)]
    assert bench.last.phase is Phase.CLOSED
    assert bench.connection.deadline_ns is None


def test_a_sleep_while_polling_makes_up_for_nothing() -> None:
    bench = polling()
    effects = bench.give(Wake(), after_s=3600)
    assert [*effects] == [OpenSocket(2, "given"), Read(2, STATUS, "given")]
    bench.give(ReadEnded(2, 200))
    bench.lose(Cause.NOT_HELIOS)
    assert bench.connection.deadline_ns == bench.now_ns + PERIOD_S[STATUS] * NS
