"""When a connection that is open counts as dead, and why."""

from helios_desktop.client.backoff import FIRST_BACKOFF_S
from helios_desktop.client.effects import CloseSocket, Send
from helios_desktop.client.held_socket import LATE_S, PING_S, SILENCE_S, STILL_S
from helios_desktop.client.inputs import Connect, FirstFrame, Opened, Wake
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.subscription import PING_FRAME
from tests.unit.client.bench import Bench


def test_a_live_connection_pings_every_few_seconds_whatever_comes() -> None:
    bench = Bench(token="given")
    bench.go_live()
    for _ in range(5):
        before_ns = bench.now_ns
        bench.connection.heard(1, bench.now_ns)
        assert bench.wake() == [Send(1, PING_FRAME)]
        assert bench.now_ns - before_ns == PING_S * NS


def test_silence_ends_the_socket_only_after_pings_went_unanswered() -> None:
    bench = Bench(token="given")
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
    bench = Bench(token="given")
    bench.go_live()
    for _ in range(20):
        bench.now_ns += int(PING_S * NS)
        assert bench.connection.heard(1, bench.now_ns)
        assert bench.give(Wake()) == [Send(1, PING_FRAME)]


def test_a_socket_that_opens_and_stays_dumb_is_silent_too() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    while bench.connection.phase is Phase.SYNCING:
        bench.wake()
    assert bench.last.cause is Cause.HUB_NOT_RUNNING


def test_a_socket_that_fell_silent_after_its_first_frame_is_not_a_missing_hub() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    bench.give(FirstFrame(1), after_s=3)
    while bench.connection.phase is Phase.LIVE:
        bench.wake()
    assert bench.last.cause is Cause.SILENT


def test_a_socket_that_did_not_outlive_the_sleep_of_the_machine_is_told_as_that() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.live_for(7)
    assert bench.give(Wake(), after_s=STILL_S) == [CloseSocket(1)]
    assert (bench.last.phase, bench.last.cause) == (Phase.BACKOFF, Cause.SLEPT)


def test_a_socket_without_a_frame_that_slept_is_no_missing_hub() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1))
    bench.give(Wake(), after_s=3600)
    assert bench.last.cause is Cause.SLEPT


def test_a_pause_shorter_than_a_sleep_is_silence() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.give(Wake(), after_s=STILL_S - 1)
    assert bench.last.cause is Cause.SILENT


def test_a_sleep_is_no_failure_of_the_gateway_and_the_retry_comes_soon() -> None:
    for seed in range(50):
        bench = Bench(token="given", seed=seed)
        bench.give(Connect())
        for _ in range(6):
            bench.lose(Cause.REFUSED)
            bench.wake()
        bench.open()
        bench.give(Wake(), after_s=STILL_S)
        assert bench.last.attempt == 6
        assert bench.last.retry_at_ns is not None
        assert FIRST_BACKOFF_S <= (bench.last.retry_at_ns - bench.now_ns) / NS <= 2


def test_frames_that_waited_through_a_standstill_keep_the_socket() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.now_ns += int(STILL_S * NS)
    assert bench.connection.heard(1, bench.now_ns)
    assert bench.give(Wake()) == [Send(1, PING_FRAME)]
    assert bench.connection.phase is Phase.LIVE


def test_frames_that_waited_prove_nothing_so_the_silence_after_them_is_still_of_the_sleep() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.now_ns += 3600 * NS
    assert bench.connection.heard(1, bench.now_ns)
    while bench.connection.phase is Phase.LIVE:
        bench.wake()
    assert bench.last.cause is Cause.SLEPT


def test_a_socket_that_outlived_the_sleep_can_fall_silent_later() -> None:
    bench = Bench(token="given")
    bench.go_live()
    for pause_s in (3600, LATE_S):
        bench.now_ns += int(pause_s * NS)
        assert bench.connection.heard(1, bench.now_ns)
    while bench.connection.phase is Phase.LIVE:
        bench.wake()
    assert bench.last.cause is Cause.SILENT


def test_a_socket_whose_end_is_seen_on_waking_did_not_outlive_the_sleep() -> None:
    bench = Bench(token="given")
    bench.go_live()
    bench.now_ns += 3600 * NS
    bench.lose(said="closed without a word")
    assert (bench.last.cause, bench.last.detail) == (Cause.SLEPT, "closed without a word")


def test_an_opening_that_took_long_is_no_sleep() -> None:
    bench = Bench(token="given")
    bench.give(Connect())
    bench.give(Opened(1), after_s=STILL_S)
    bench.lose()
    assert bench.last.cause is Cause.SERVER_CLOSED
