"""Buckets, meters and waits: by a clock of the test's own, for whatever times and keys come."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_gateway.admission.rates import BackOff, Buckets, Meter, Rate, Wait

BLUR = 2e-3
rates = st.builds(Rate, st.floats(0.01, 1000), st.integers(1, 50))
pauses = st.lists(st.one_of(st.just(0.0), st.floats(0, 30)), min_size=1, max_size=200)
starts = st.sampled_from([0.0, 12_345.678, 1_800_000_000.0])


@given(rates, pauses, starts)
def test_of_any_stretch_of_time_no_more_pass_than_the_burst_and_what_the_rate_gives(
    rate: Rate, pauses: list[float], start_s: float
) -> None:
    buckets: Buckets[str] = Buckets(rate, 10)
    now_s = start_s
    passed: list[float] = []
    for pause_s in pauses:
        now_s += pause_s
        if not buckets.take("a", now_s):
            passed.append(now_s)
    for first, since_s in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= rate.burst + rate.per_s * (passed[last] - since_s) + BLUR


@given(rates, starts)
def test_a_whole_burst_passes_at_once_and_the_next_one_after_the_wait_that_was_told(rate: Rate, start_s: float) -> None:
    buckets: Buckets[str] = Buckets(rate, 10)
    assert [buckets.take("a", start_s) for _ in range(int(rate.burst))] == [0.0] * int(rate.burst)
    wait_s = buckets.take("a", start_s)
    assert wait_s == pytest.approx(1 / rate.per_s, abs=1e-4)
    assert buckets.wait_s("a", start_s) == wait_s
    assert buckets.take("a", start_s + wait_s) == 0.0
    assert buckets.take("b", start_s) == 0.0


@given(rates, pauses, starts)
def test_who_keeps_the_rate_is_never_refused(rate: Rate, pauses: list[float], start_s: float) -> None:
    buckets: Buckets[str] = Buckets(rate, 10)
    meter = Meter(rate)
    now_s = start_s
    for pause_s in pauses:
        now_s += pause_s + 1 / rate.per_s
        assert buckets.take("a", now_s) == 0.0
        assert meter.add(now_s) <= 1 + BLUR


@given(rates, pauses, starts)
def test_a_meter_is_over_its_burst_exactly_where_more_came_than_burst_and_rate_give(
    rate: Rate, pauses: list[float], start_s: float
) -> None:
    meter = Meter(rate)
    now_s = start_s
    came: list[float] = []
    for pause_s in pauses:
        now_s += pause_s
        came.append(now_s)
        level = meter.add(now_s)
        # The fullest stretch that ends now.
        ahead = max(len(came) - first - rate.per_s * (now_s - since_s) for first, since_s in enumerate(came))
        assert level == pytest.approx(ahead, abs=BLUR, rel=1e-4)


def test_a_clock_that_goes_back_lets_nobody_pass_sooner() -> None:
    meter = Meter(Rate(1.0, 2))
    assert [meter.add(100.0), meter.add(50.0), meter.add(100.0)] == [1.0, 2.0, 3.0]


@given(st.lists(st.tuples(st.text(max_size=3), st.booleans()), max_size=300), st.integers(1, 20))
def test_no_more_keys_are_remembered_than_the_bound_whatever_comes(keys: list[tuple[str, bool]], most: int) -> None:
    buckets: Buckets[str] = Buckets(Rate(1.0, 2), most)
    waits: BackOff[str] = BackOff(Wait(0, 1.0, 300.0), most)
    for key, is_wrong in keys:
        buckets.take(key, 0.0)
        if is_wrong:
            waits.fail(key, 0.0)
        else:
            waits.succeed(key)
        assert len(buckets) <= most
        assert len(waits) <= most


def test_the_key_that_was_used_longest_ago_makes_room() -> None:
    buckets: Buckets[str] = Buckets(Rate(0.01, 2), 2)
    for key in ("a", "b", "a", "c"):
        assert buckets.take(key, 0.0) == 0.0
    assert buckets.take("a", 0.0) > 0.0
    assert buckets.take("b", 0.0) == 0.0
    waits: BackOff[str] = BackOff(Wait(0, 100.0, 300.0), 2)
    for key in ("a", "b", "a", "c"):
        waits.fail(key, 0.0)
    assert waits.wait_s("a", 0.0) == 200.0
    assert waits.wait_s("b", 0.0) == 0.0


@given(st.integers(0, 10), st.floats(0.1, 10), st.floats(10, 1000), st.integers(1, 200))
def test_a_wait_doubles_with_each_failure_after_the_free_ones_up_to_its_cap(
    free: int, first_s: float, longest_s: float, failures: int
) -> None:
    waits: BackOff[str] = BackOff(Wait(free, first_s, longest_s), 10)
    now_s = 0.0
    for number in range(1, failures + 1):
        waits.fail("a", now_s)
        wait_s = waits.wait_s("a", now_s)
        doubled = 0.0 if number <= free else first_s * 2 ** (number - free - 1)
        assert wait_s == pytest.approx(min(doubled, longest_s))
        assert waits.wait_s("b", now_s) == 0.0
        now_s += wait_s
        assert waits.wait_s("a", now_s) == pytest.approx(0.0, abs=1e-6)


def test_a_success_forgets_the_failures() -> None:
    waits: BackOff[str] = BackOff(Wait(1, 1.0, 300.0), 10)
    for _ in range(5):
        waits.fail("a", 0.0)
    assert waits.wait_s("a", 0.0) == 8.0
    waits.succeed("a")
    assert (waits.wait_s("a", 0.0), len(waits)) == (0.0, 0)
    waits.fail("a", 0.0)
    assert waits.wait_s("a", 0.0) == 0.0


def test_failures_are_forgotten_after_the_longest_wait_without_one() -> None:
    waits: BackOff[str] = BackOff(Wait(0, 1.0, 300.0), 10)
    for now_s, wait_s in ((0.0, 1.0), (1.0, 2.0), (303.0, 4.0), (607.1, 1.0)):
        waits.fail("a", now_s)
        assert waits.wait_s("a", now_s) == wait_s


def test_a_dictionary_of_passwords_gets_few_tries_a_day() -> None:
    waits: BackOff[str] = BackOff(Wait(5, 1.0, 300.0), 10)
    tries: Counter[str] = Counter()
    for now_s in range(24 * 3600):
        if not waits.wait_s("admin", now_s):
            waits.fail("admin", now_s)
            tries["admin"] += 1
    assert tries["admin"] < 310
