"""When each REST call is due: the rate limit of the real gateway is kept, whatever is wanted and answered."""

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.client.effects import CancelRead, Read
from helios_desktop.client.polling import (
    APART_S,
    LONGEST_QUIET_S,
    PAUSE_S,
    PERIOD_S,
    QUIET_S,
    Due,
    Timetable,
)
from helios_desktop.client.tokens import NS
from helios_desktop.protocol.rest import RestCall

START_NS: Final = 1_800_000_000 * NS
ALL: Final = frozenset(RestCall)
NONE: Final[frozenset[RestCall]] = frozenset()


class _Bench:
    """A timetable and its clock, and what was started when."""

    def __init__(self, wanted: frozenset[RestCall] = ALL) -> None:
        self.timetable = Timetable()
        self.timetable.wanted = wanted
        self.now_ns = START_NS
        self.starts: list[tuple[int, RestCall]] = []

    def start(self, needed: frozenset[RestCall] = NONE) -> Read:
        """Let the time pass until a call is due, and start it."""
        due = self.timetable.due(needed)
        assert due is not None
        self.now_ns = max(self.now_ns, due.at_ns)
        read = self.timetable.start(due.call, "token", self.now_ns)
        self.starts.append((self.now_ns - START_NS, due.call))
        return read

    def answer(self, status: int | None = 200, *, after_s: float = 0.0, needed: frozenset[RestCall] = NONE) -> None:
        """Start the next, which is answered so."""
        read = self.start(needed)
        self.now_ns += int(after_s * NS)
        assert self.timetable.end(read.number, status, self.now_ns) is read

    def waits_s(self) -> float:
        """How long it is until the next."""
        due = self.timetable.due(NONE)
        assert due is not None
        return max(0.0, (due.at_ns - self.now_ns) / NS)


def test_nothing_is_due_where_nothing_is_wanted() -> None:
    assert Timetable().due(NONE) is None


def test_at_first_all_are_made_one_after_the_other() -> None:
    bench = _Bench()
    for _ in RestCall:
        bench.answer()
    assert [call for _, call in bench.starts] == list(RestCall)
    assert [at_ns for at_ns, _ in bench.starts] == [int(APART_S * NS) * i for i in range(6)]


def test_over_ten_minutes_each_is_made_in_its_period() -> None:
    bench = _Bench()
    while bench.now_ns < START_NS + 600 * NS:
        bench.answer()
    for call, period_s in PERIOD_S.items():
        starts_ns = [at_ns for at_ns, started in bench.starts if started is call]
        assert len(starts_ns) == pytest.approx(600 / period_s, rel=0.15)
        assert min(later - earlier for earlier, later in pairwise(starts_ns)) >= period_s * NS


def test_only_one_is_under_way() -> None:
    bench = _Bench()
    read = bench.start()
    assert bench.timetable.due(NONE) is None
    assert bench.timetable.at_once(RestCall.STATUS) is None
    assert bench.timetable.cancel() == CancelRead(read.number)
    assert bench.timetable.cancel() is None
    assert bench.timetable.due(NONE) is not None


def test_a_late_answer_ends_nothing() -> None:
    bench = _Bench()
    read = bench.start()
    bench.timetable.cancel()
    bench.start()
    assert bench.timetable.end(read.number, 429, bench.now_ns) is None
    assert bench.timetable.due(NONE) is None


def test_after_a_standstill_nothing_is_made_up_for() -> None:
    bench = _Bench()
    for _ in RestCall:
        bench.answer()
    bench.now_ns += 3600 * NS
    bench.starts.clear()
    for _ in RestCall:
        bench.answer()
    assert {call for _, call in bench.starts} == ALL
    assert bench.starts[0][1] is RestCall.STATUS  # the longest overdue
    assert bench.starts[-1][1] is RestCall.UPTIME_HISTORY
    assert all(later[0] - earlier[0] >= APART_S * NS for earlier, later in pairwise(bench.starts))


def test_what_is_wanted_anew_keeps_its_period() -> None:
    bench = _Bench(frozenset({RestCall.METRICS}))
    bench.answer()
    bench.timetable.wanted = NONE
    bench.timetable.wanted = frozenset({RestCall.METRICS})
    assert bench.waits_s() == PERIOD_S[RestCall.METRICS]


def test_each_429_doubles_the_quiet_up_to_a_minute_and_any_answer_ends_that() -> None:
    bench = _Bench()
    quiet_s: list[float] = []
    for _ in range(7):
        bench.answer(429, after_s=3)
        quiet_s.append(bench.waits_s())
    assert quiet_s == [QUIET_S, 5, 10, 20, 40, LONGEST_QUIET_S, LONGEST_QUIET_S]
    bench.answer(503)
    bench.answer(429, after_s=3)
    assert bench.waits_s() == QUIET_S


def test_a_call_that_brings_no_answer_waits_for_its_period_and_ends_no_quiet() -> None:
    bench = _Bench(frozenset({RestCall.UPTIME}))
    bench.answer(None)
    assert bench.waits_s() == PERIOD_S[RestCall.UPTIME]
    other = _Bench()
    other.answer(429)
    other.answer(None)
    other.answer(429)
    assert other.waits_s() == 2 * QUIET_S


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_call_that_the_gateway_does_not_have_pauses_and_the_others_go_on(status: int) -> None:
    bench = _Bench(frozenset({RestCall.LATENCY, RestCall.UPTIME}))
    bench.answer(status)
    for _ in range(30):
        bench.answer()
    assert {call for _, call in bench.starts[1:]} == {RestCall.UPTIME}
    bench.now_ns = START_NS + int(PAUSE_S * NS)
    bench.answer()
    bench.answer()
    assert RestCall.LATENCY in {call for _, call in bench.starts[-2:]}


def test_what_is_needed_is_asked_for_although_the_gateway_did_not_have_it() -> None:
    status = frozenset({RestCall.STATUS})
    bench = _Bench(NONE)
    for _ in range(3):
        bench.answer(404, needed=status)
    assert [at_ns / NS for at_ns, _ in bench.starts] == [0, 5, 10]


def test_a_route_that_is_there_after_all_is_paused_no_more() -> None:
    status = frozenset({RestCall.STATUS})
    bench = _Bench(status)
    bench.answer(404)
    bench.now_ns += 5 * NS
    bench.answer(200, needed=status)
    assert bench.waits_s() == PERIOD_S[RestCall.STATUS]


def test_what_is_refused_pauses_until_there_is_another_token() -> None:
    bench = _Bench(frozenset({RestCall.LATENCY}))
    bench.answer(401)
    assert bench.waits_s() == PAUSE_S
    bench.timetable.forgive()
    assert bench.waits_s() == PERIOD_S[RestCall.LATENCY]
    bench.answer(404)
    bench.timetable.forgive()
    assert bench.waits_s() == PAUSE_S


def test_at_once_is_not_before_the_limit_allows_it() -> None:
    bench = _Bench()
    bench.answer()
    free_ns = bench.now_ns + int(APART_S * NS)
    assert bench.timetable.at_once(RestCall.STATUS) == Due(RestCall.STATUS, free_ns)
    bench.answer(429)
    assert bench.timetable.at_once(RestCall.STATUS) == Due(RestCall.STATUS, bench.now_ns + int(QUIET_S * NS))


_STATUSES: Final = st.sampled_from([200, 200, 200, 401, 403, 404, 405, 429, 429, 500, 503, None])
_CALLS: Final = st.frozensets(st.sampled_from(RestCall))
_HAPPENINGS: Final = st.lists(
    st.tuples(
        st.sampled_from(["answer", "answer", "cancel", "stand still", "want", "another token"]),
        _STATUSES,
        st.sampled_from([0.0, 0.01, 0.5, 1.0, 2.0, 8.0, 100.0]),
        _CALLS,
        st.booleans(),
    ),
    max_size=60,
)


@pytest.mark.slow
@given(_HAPPENINGS)
def test_no_two_starts_are_too_close_and_none_is_in_the_quiet_time_whatever_happens(
    happenings: list[tuple[str, int | None, float, frozenset[RestCall], bool]],
) -> None:
    bench = _Bench()
    quiet_until_ns = started_ns = 0
    for what, status, seconds, calls, is_at_once in happenings:
        bench.now_ns += int(seconds * NS)
        if what == "want":
            bench.timetable.wanted = calls
        elif what == "another token":
            bench.timetable.forgive()
        if what not in {"answer", "cancel"}:
            continue
        due = bench.timetable.at_once(RestCall.STATUS) if is_at_once else bench.timetable.due(NONE)
        if due is None:
            assert not bench.timetable.wanted
            continue
        assert is_at_once or due.call in bench.timetable.wanted
        bench.now_ns = max(bench.now_ns, due.at_ns)
        assert bench.now_ns - started_ns >= APART_S * NS
        assert bench.now_ns >= quiet_until_ns
        started_ns = bench.now_ns
        read = bench.timetable.start(due.call, "token", bench.now_ns)
        bench.now_ns += int(seconds * NS)
        if what == "cancel":
            assert bench.timetable.cancel() is not None
            continue
        bench.timetable.end(read.number, status, bench.now_ns)
        if status == 429:
            quiet_until_ns = bench.now_ns + int(QUIET_S * NS)


@pytest.mark.slow
@given(_CALLS.filter(bool), st.lists(_STATUSES, max_size=40), st.lists(st.sampled_from([0.0, 0.3, 8.0]), min_size=1))
def test_every_wanted_call_is_served_in_the_end_whatever_went_before(
    wanted: frozenset[RestCall], statuses: list[int | None], answer_times_s: list[float]
) -> None:
    bench = _Bench(wanted)
    for i, status in enumerate(statuses):
        bench.answer(status, after_s=answer_times_s[i % len(answer_times_s)])
    after_ns = bench.now_ns + int((PAUSE_S + LONGEST_QUIET_S) * NS)
    bench.starts.clear()
    for i in range(1000):
        bench.answer(200, after_s=answer_times_s[i % len(answer_times_s)])
        if bench.now_ns > after_ns + max(PERIOD_S.values()) * NS:
            break
    assert {call for _, call in bench.starts} == wanted
    # In the last two minutes too, so that none starves among slow ones.
    last_ns = bench.starts[-1][0] - 2 * int(max(PERIOD_S.values()) * NS)
    assert {call for at_ns, call in bench.starts if at_ns > last_ns} == wanted
