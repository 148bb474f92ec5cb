"""Both families of Go durations (wire.md §6)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helios_desktop.protocol.durations import format_duration, format_duration_in_days, parse_duration

S = 10**9
INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("0s", 0),
        ("100ns", 100),
        ("12.345µs", 12_345),
        ("12.345μs", 12_345),
        ("12.345us", 12_345),
        ("1.5ms", 1_500_000),
        ("350ms", 350_000_000),
        ("1m20.95963149s", 80 * S + 959_631_490),
        ("2h0m0.5s", 7_200 * S + S // 2),
        ("24h30m0s", 88_200 * S),
        ("120h15m30s", 432_930 * S),
        ("1d4h5s", 100_805 * S),
        ("3d2m", 259_320 * S),
        ("10h", 36_000 * S),
        ("-1m", -60 * S),
        ("+1m", 60 * S),
        (".5s", S // 2),
        ("1500", 1_500),
        (" 5s ", 5 * S),
        ("0" * 60 + "7s", 7 * S),  # longer than Go's
    ],
)
def test_both_families_and_bare_numbers_are_read(text: str, duration_ns: int) -> None:
    assert parse_duration(text) == duration_ns


@pytest.mark.parametrize("text", ["", " ", "s", "5", "1x", "1h 5m", "--1s", "1h-5m", "NaN", "٣s", "1e3s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) == (5 if text == "5" else None)


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (245 * S, "4m5s"),
        (245 * S + 1_000_000, "4m5.001s"),
        (5 * 3600 * S + 367 * S + 1_000_000, "5h6m7.001s"),
        (480 * S + 1, "8m0.000000001s"),
        (2**63 - 1, "2562047h47m16.854775807s"),
        (-(2**63), "-2562047h47m16.854775808s"),
    ],
)
def test_go_writes_a_duration_so(duration_ns: int, text: str) -> None:
    """The table of Go's own test of `Duration.String`."""
    assert format_duration(duration_ns) == text


@given(INT64)
@example(-1)
def test_what_go_writes_is_read_back(duration_ns: int) -> None:
    assert parse_duration(format_duration(duration_ns)) == duration_ns


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_the_uptime_trackers_text_is_read_back_to_the_second(duration_ns: int) -> None:
    assert parse_duration(format_duration_in_days(duration_ns)) == duration_ns // S * S


@given(st.text(alphabet="0123456789.dhmsnuµ+- ", max_size=30))
def test_no_text_raises(text: str) -> None:
    read = parse_duration(text)
    assert read is None or isinstance(read, int)
