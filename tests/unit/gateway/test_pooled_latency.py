"""The guide's `aggregated`: one figure for all peers must be that of all their round trips together."""

from hypothesis import given
from hypothesis import strategies as st

from helios_gateway.clusters.rpc_stats import pooled
from helios_gateway.simulation.record import Samples

TIMES = st.lists(st.floats(min_value=1e-4, max_value=1.0), min_size=1, max_size=50)


def samples(times: list[float]) -> Samples:
    made = Samples()
    for took_s in times:
        made.add(took_s)
    return made


@given(st.lists(TIMES, min_size=1, max_size=4))
def test_percentiles_are_those_of_all_round_trips_together(peers: list[list[float]]) -> None:
    each = pooled(samples(times).record() for times in peers)
    together = sorted(took_s * 1e3 for times in peers for took_s in times)
    assert each.count == len(together)
    assert (each.min_ms, each.max_ms) == (together[0], together[-1])
    middle = len(together) // 2
    median = together[middle] if len(together) % 2 else (together[middle - 1] + together[middle]) / 2
    assert abs(each.p50_ms - median) < 1e-6
    assert each.p50_ms <= each.p90_ms <= each.p99_ms <= each.max_ms


def test_what_was_never_answered_is_zero_with_its_errors() -> None:
    silent = Samples()
    silent.fail(3.0)
    told = pooled([silent.record()])
    assert (told.count, told.p99_ms, told.error_count, told.last_error_at_s) == (0, 0.0, 1, 3.0)
