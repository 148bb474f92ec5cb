"""The connection, transition by transition, on a clock of the test."""

import random

import pytest

from helios_desktop.client.connection import GRACE_S, LONGEST_BACKOFF_S, PING_S, SILENCE_S, STABLE_S, Connection
from helios_desktop.client.effects import (
    Announce,
    CancelCall,
    CloseSocket,
    Effect,
    LogIn,
    OpenSocket,
    Refresh,
    Send,
)
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Input,
    Opened,
    Subscribe,
    Wake,
)
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, ConnectionChange, Phase
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, Topic, subscribe_frame

START_NS = 1_800_000_000 * NS


class _Bench:
    """A connection under test, its clock, and what it wanted so far."""

    def __init__(
        self, *, token: str = "", has_login: bool = True, may_send_secrets: bool = True, seed: int = 1
    ) -> None:
        self.connection = Connection(
            rng=random.Random(seed),
            topics=ALL_TOPICS,
            token=token,
            has_login=has_login,
            opaque_token_life_s=900,
            may_send_secrets=may_send_secrets,
        )
        self.now_ns = START_NS
        self.changes: list[ConnectionChange] = []

    def give(self, happened: Input, *, after_s: float = 0) -> list[Effect]:
        """Step; gives the effects without the announcements, which go to `changes`."""
        self.now_ns += int(after_s * NS)
        effects = self.connection.step(happened, self.now_ns)
        self.changes += [effect.change for effect in effects if isinstance(effect, Announce)]
        return [effect for effect in effects if not isinstance(effect, Announce)]

    def wake(self) -> list[Effect]:
        """Let the time pass until the deadline."""
        assert self.connection.deadline_ns is not None
        self.now_ns = max(self.now_ns, self.connection.deadline_ns)
        return self.give(Wake())

    def go_live(self) -> None:
        """Answer well to whatever it wants until it is live."""
        effects = self.give(Connect())
        if self.connection.phase is Phase.AUTHENTICATING:
            [call] = effects
            assert isinstance(call, LogIn)
            self.give(GotToken(call.call, LoginAnswer("token", expires_in=900, refresh_token="refresh")))
        self.open()

    def open(self) -> None:
        self.give(Opened(self.connection.epoch))
        self.give(FirstFrame(self.connection.epoch))
        assert self.connection.phase is Phase.LIVE

    def lose(self, cause: Cause = Cause.SERVER_CLOSED) -> list[Effect]:
        return self.give(Ended(self.connection.epoch, Failure(cause, "said so")))

    @property
    def last(self) -> ConnectionChange:
        return self.changes[-1]


def test_a_connection_logs_in_opens_subscribes_pings_and_is_live_with_the_first_frame() -> None:
    bench = _Bench()
    assert bench.give(Connect()) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(GotToken(1, LoginAnswer("t", expires_in=900))) == [OpenSocket(1, "t")]
    assert bench.give(Opened(1)) == [Send(1, subscribe_frame(ALL_TOPICS)), Send(1, PING_FRAME)]
    assert bench.give(FirstFrame(1)) == []
    assert [change.phase for change in bench.changes] == [
        Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE,
    ]  # fmt: skip
    assert bench.changes[0].cause is Cause.ASKED
    assert bench.last.token_expires_at_ns == START_NS + 900 * NS


def test_a_given_token_is_used_as_it_is() -> None:
    assert _Bench(token="given").give(Connect()) == [OpenSocket(1, "given")]


def test_no_secret_stands_in_the_text_of_an_effect() -> None:
    assert "given" not in repr(OpenSocket(1, "given"))
    assert "given" not in repr(Refresh(1, "given"))


def test_a_given_token_that_is_refused_is_rejected_where_there_is_no_login() -> None:
    bench = _Bench(token="given", has_login=False)
    bench.give(Connect())
    assert bench.lose(Cause.BAD_CREDENTIALS) == []
    assert (bench.last.phase, bench.last.cause, bench.last.detail) == (
        Phase.REJECTED, Cause.BAD_CREDENTIALS, "said so",
    )  # fmt: skip
    assert bench.connection.deadline_ns is None


def test_a_refused_token_is_followed_by_one_fresh_login_and_then_rejected() -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(1, LOGIN_PATHS[0])]
    assert bench.give(GotToken(1, LoginAnswer("fresh"))) == [OpenSocket(2, "fresh")]
    assert bench.lose(Cause.BAD_CREDENTIALS) == []
    assert bench.last.phase is Phase.REJECTED


def test_after_being_live_a_refused_token_may_be_followed_by_a_fresh_login_again() -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    bench.lose(Cause.BAD_CREDENTIALS)
    bench.give(GotToken(1, LoginAnswer("fresh")))
    bench.open()
    bench.lose()
    bench.wake()
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(2, LOGIN_PATHS[0])]


def test_a_refused_login_is_rejected_at_once() -> None:
    bench = _Bench()
    bench.give(Connect())
    assert bench.give(CallFailed(1, Failure(Cause.BAD_CREDENTIALS))) == []
    assert bench.last.phase is Phase.REJECTED


@pytest.mark.parametrize("cause", [Cause.NOT_ADMIN, Cause.NOT_FOUND, Cause.NOT_HELIOS, Cause.TLS])
def test_what_only_the_user_can_mend_stops_the_first_connection(cause: Cause) -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    bench.lose(cause)
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
    bench = _Bench(token="given")
    bench.go_live()
    bench.lose()
    bench.wake()
    bench.lose(cause)
    assert bench.last.phase is phase


@pytest.mark.parametrize(
    "cause",
    [Cause.UNKNOWN_HOST, Cause.REFUSED, Cause.UNREACHABLE, Cause.TIMEOUT, Cause.SERVER_ERROR, Cause.SERVER_CLOSED],
)
def test_what_may_pass_is_tried_again(cause: Cause) -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    bench.lose(cause)
    assert (bench.last.phase, bench.last.cause, bench.last.attempt) == (Phase.BACKOFF, cause, 1)
    assert bench.last.retry_at_ns == bench.connection.deadline_ns
    assert bench.wake() == [OpenSocket(2, "given")]


def test_a_secret_that_may_not_travel_is_not_sent() -> None:
    bench = _Bench(may_send_secrets=False)
    assert bench.give(Connect()) == []
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.PLAIN_TEXT)


def test_a_login_path_that_is_not_there_is_followed_by_the_other_which_is_remembered() -> None:
    bench = _Bench()
    bench.give(Connect())
    assert bench.give(CallFailed(1, Failure(Cause.NOT_FOUND))) == [LogIn(2, LOGIN_PATHS[1])]
    bench.give(GotToken(2, LoginAnswer("t")))
    assert bench.lose(Cause.BAD_CREDENTIALS) == [LogIn(3, LOGIN_PATHS[1])]


def test_no_login_path_at_all_is_a_wrong_address() -> None:
    bench = _Bench()
    bench.give(Connect())
    bench.give(CallFailed(1, Failure(Cause.NOT_FOUND)))
    assert bench.give(CallFailed(2, Failure(Cause.NOT_FOUND))) == []
    assert (bench.last.phase, bench.last.cause) == (Phase.REJECTED, Cause.NOT_FOUND)


def test_waiting_times_are_random_grow_to_a_cap_and_never_vanish() -> None:
    first_s: list[float] = []
    late_s: list[float] = []
    for seed in range(200):
        bench = _Bench(token="given", seed=seed)
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
    bench = _Bench(token="given")
    bench.give(Connect())
    for _ in range(3):
        bench.lose(Cause.REFUSED)
        bench.wake()
    bench.open()
    assert bench.last.attempt == 0
    bench.now_ns += int(lived_s * NS)
    bench.lose()
    assert bench.last.attempt == attempt


def test_a_live_connection_pings_every_few_seconds_whatever_comes() -> None:
    bench = _Bench(token="given")
    bench.go_live()
    for _ in range(5):
        before_ns = bench.now_ns
        bench.connection.heard(1, bench.now_ns)
        assert bench.wake() == [Send(1, PING_FRAME)]
        assert bench.now_ns - before_ns == PING_S * NS


def test_silence_ends_the_socket_only_after_pings_went_unanswered() -> None:
    bench = _Bench(token="given")
    bench.go_live()
    heard_ns = bench.now_ns
    pings = 0
    while (effects := bench.wake()) == [Send(1, PING_FRAME)]:
        pings += 1
    assert effects == [CloseSocket(1)]
    assert pings == 2
    assert bench.now_ns - heard_ns == SILENCE_S * NS
    assert (bench.last.phase, bench.last.cause) == (Phase.BACKOFF, Cause.SILENT)


def test_a_frame_of_any_kind_counts_against_silence() -> None:
    bench = _Bench(token="given")
    bench.go_live()
    for _ in range(20):
        bench.now_ns += int(PING_S * NS)
        assert bench.connection.heard(1, bench.now_ns)
        assert bench.give(Wake()) == [Send(1, PING_FRAME)]


def test_a_socket_that_opens_and_stays_dumb_is_silent_too() -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    while bench.connection.phase is Phase.SYNCING:
        bench.wake()
    assert bench.last.cause is Cause.SILENT


def test_a_new_token_leaves_the_socket_alone_and_its_life_is_told() -> None:
    bench = _Bench()
    bench.go_live()
    effects: list[Effect] = []
    while not any(isinstance(effect, Refresh) for effect in effects):
        bench.connection.heard(1, bench.now_ns)
        effects = bench.wake()
    assert effects == [Send(1, PING_FRAME), Refresh(2, "refresh")]
    assert bench.now_ns == START_NS + 840 * NS
    assert bench.give(GotToken(2, LoginAnswer("t2", expires_in=900))) == []
    assert (bench.last.phase, bench.last.token_expires_at_ns) == (Phase.LIVE, bench.now_ns + 900 * NS)


def live_until_renewal(bench: _Bench) -> None:
    bench.go_live()
    while not any(isinstance(effect, Refresh) for effect in bench.wake()):
        bench.connection.heard(1, bench.now_ns)
    bench.connection.heard(1, bench.now_ns)


def test_a_refused_refresh_is_followed_by_a_login() -> None:
    bench = _Bench()
    live_until_renewal(bench)
    assert bench.give(CallFailed(2, Failure(Cause.NOT_FOUND))) == [LogIn(3, LOGIN_PATHS[0])]
    assert bench.connection.phase is Phase.LIVE


def test_a_renewal_that_fails_is_tried_later_while_the_socket_lives() -> None:
    bench = _Bench()
    live_until_renewal(bench)
    failed_ns = bench.now_ns
    assert bench.give(CallFailed(2, Failure(Cause.TIMEOUT))) == []
    while not any(isinstance(effect, Refresh) for effect in bench.wake()):
        bench.connection.heard(1, bench.now_ns)
    assert bench.now_ns == failed_ns + 30 * NS
    assert bench.connection.phase is Phase.LIVE


def test_a_renewal_that_is_refused_for_good_is_not_tried_again_while_the_socket_lives() -> None:
    bench = _Bench()
    live_until_renewal(bench)
    bench.give(CallFailed(2, Failure(Cause.BAD_CREDENTIALS)))
    bench.give(CallFailed(3, Failure(Cause.BAD_CREDENTIALS)))
    for _ in range(100):
        bench.connection.heard(1, bench.now_ns)
        assert bench.wake() == [Send(1, PING_FRAME)]


def test_a_token_near_its_end_is_renewed_before_the_next_socket() -> None:
    bench = _Bench()
    bench.go_live()
    bench.now_ns += 850 * NS
    bench.lose()
    assert bench.wake() == [Refresh(2, "refresh")]
    assert bench.last.phase is Phase.AUTHENTICATING
    assert bench.give(GotToken(2, LoginAnswer("t2"))) == [OpenSocket(2, "t2")]


def test_a_renewal_in_flight_is_waited_for_when_the_socket_ends_meanwhile() -> None:
    bench = _Bench()
    live_until_renewal(bench)
    bench.now_ns += 40 * NS
    bench.lose()
    assert bench.wake() == []
    assert bench.last.phase is Phase.AUTHENTICATING
    assert bench.give(GotToken(2, LoginAnswer("t2"))) == [OpenSocket(2, "t2")]


def test_reconnect_now_skips_the_waiting() -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    bench.lose(Cause.REFUSED)
    assert bench.give(Connect()) == [OpenSocket(2, "given")]
    assert bench.give(Connect()) == []


def test_reconnect_now_tries_again_what_was_refused() -> None:
    bench = _Bench()
    bench.give(Connect())
    bench.give(CallFailed(1, Failure(Cause.BAD_CREDENTIALS)))
    assert bench.give(Connect()) == [LogIn(2, LOGIN_PATHS[0])]


def test_disconnect_during_a_login_takes_it_back() -> None:
    bench = _Bench()
    bench.give(Connect())
    assert bench.give(Disconnect()) == [CancelCall(1)]
    assert bench.give(GotToken(1, LoginAnswer("late"))) == []
    assert bench.last.phase is Phase.CLOSED
    assert bench.connection.deadline_ns is None


def test_a_socket_with_a_message_is_closed_at_once() -> None:
    bench = _Bench(token="given")
    bench.go_live()
    assert bench.give(Disconnect()) == [CloseSocket(1)]
    assert bench.connection.deadline_ns is None
    assert not bench.connection.heard(1, bench.now_ns)


def test_a_socket_without_a_message_is_closed_only_at_half_a_second_or_its_first_message() -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    assert bench.give(Disconnect(), after_s=0.1) == []
    assert bench.last.phase is Phase.CLOSED
    assert bench.wake() == [CloseSocket(1)]
    assert bench.now_ns == START_NS + int(GRACE_S * NS)
    assert bench.give(FirstFrame(1)) == []

    other = _Bench(token="given")
    other.give(Connect())
    other.give(Opened(1))
    other.give(Disconnect())
    assert other.give(FirstFrame(1), after_s=0.1) == [CloseSocket(1)]


def test_a_socket_that_opens_after_the_goodbye_is_still_given_its_half_second() -> None:
    bench = _Bench(token="given")
    bench.give(Connect())
    assert bench.give(Disconnect()) == []
    assert bench.give(Opened(1), after_s=3) == []
    assert bench.wake() == [CloseSocket(1)]
    assert bench.now_ns == START_NS + int((3 + GRACE_S) * NS)


def test_the_next_socket_waits_for_the_end_of_the_one_before() -> None:
    bench = _Bench(token="given")
    bench.go_live()
    bench.give(Disconnect())
    assert bench.give(Connect()) == []
    assert bench.last.phase is Phase.CONNECTING
    assert bench.give(Ended(1, Failure(Cause.SERVER_CLOSED))) == [OpenSocket(2, "given")]


def test_what_comes_late_from_an_older_socket_changes_nothing() -> None:
    bench = _Bench(token="given")
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
    bench = _Bench(token="given")
    assert bench.give(Subscribe(ALL_TOPICS)) == []
    bench.go_live()
    assert bench.give(Subscribe(topics)) == [Send(1, subscribe_frame(topics))]
    bench.lose()
    bench.wake()
    assert bench.give(Opened(2))[0] == Send(2, subscribe_frame(topics))
