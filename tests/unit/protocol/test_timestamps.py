"""RFC 3339 with any fraction and offset (wire.md §3, §4 row 24)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.protocol.timestamps import format_timestamp, parse_timestamp, parse_unix


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("2024-01-15T10:30:00Z", 1_705_314_600 * 10**9),
        ("2024-01-15T16:00:00+05:30", 1_705_314_600 * 10**9),
        ("2024-01-15T10:30:00.123456789Z", 1_705_314_600_123_456_789),
        ("2024-01-15T10:30:00.12345678912Z", 1_705_314_600_123_456_789),
        ("2024-01-15T02:30:00.5-08:00", 1_705_314_600_500_000_000),
        ("2024-01-15 10:30:00z", 1_705_314_600 * 10**9),
        ("2024-01-15t10:30:00z", 1_705_314_600 * 10**9),
        ("2024-01-15T10:30:00.1+00:00", 1_705_314_600_100_000_000),
        ("2024-01-15T16:15:00+05:45", 1_705_314_600 * 10**9),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * 10**9),
    ],
)
def test_a_timestamp_is_read_to_the_nanosecond(text: str, at_ns: int) -> None:
    assert parse_timestamp(text) == at_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-01-15",
        "2024-01-15T10:30:00",
        "2024-01-15T10:30:00.Z",
        "2024-01-15T24:30:00Z",
        "2024-01-15T10:30:00+24:00",
        "2024-01-15T10:30:00+05:60",
        "2024-13-01T00:00:00Z",
        "1705314600",
        "0001-01-01T00:00:00Z",
        "0001-01-01T05:30:00+05:30",
        "0001-01-01T00:00:00+05:30",
        "0000-01-01T00:00:00Z",
    ],
)
def test_no_offset_no_date_and_gos_zero_time_are_unknown(text: str) -> None:
    assert parse_timestamp(text) is None


@pytest.mark.parametrize(
    ("unix_s", "at_ns"),
    [(1_795_422_097, 1_795_422_097 * 10**9), (0, 0), (-62_135_596_800, None), (-62_135_596_801, None), (None, None)],
)
def test_unix_seconds_are_read_and_gos_zero_time_is_never(unix_s: int | None, at_ns: int | None) -> None:
    assert parse_unix(unix_s) == at_ns


@given(st.text(alphabet="0123456789-:.,TtZz+ ", max_size=40) | st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    read = parse_timestamp(text)
    assert read is None or isinstance(read, int)


@given(st.integers(min_value=0, max_value=4_102_444_800 * 10**9))
def test_what_is_written_is_read_back(at_ns: int) -> None:
    assert parse_timestamp(format_timestamp(at_ns)) == at_ns


@given(st.integers(min_value=0, max_value=4_102_444_800 * 10**6))
def test_it_agrees_with_the_standard_library(at_us: int) -> None:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at_us)
    assert parse_timestamp(moment.isoformat()) == at_us * 1000


@given(st.integers(min_value=0, max_value=9), st.integers(min_value=0, max_value=10**18))
def test_fewer_digits_truncate(digits: int, at_ns: int) -> None:
    read = parse_timestamp(format_timestamp(at_ns, digits))
    assert read == at_ns - at_ns % 10 ** (9 - digits)
