"""Times on the command line: what they mean in a recording, and what they are refused for."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.headless.instants import (
    BeforeEnd,
    InstantError,
    TimeOfDay,
    parse_instant,
    parse_span,
    resolve,
)

NS = 1_000_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS


FIRST, LAST = at("2024-01-15T23:50:00+00:00"), at("2024-01-16T00:20:00+00:00")


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine stands in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-01-15T10:30:00Z", at("2024-01-15T10:30:00+00:00")),
        ("2024-01-15T10:30:00.5+01:00", at("2024-01-15T09:30:00+00:00") + NS // 2),
        ("10:30", TimeOfDay(10, 30)),
        ("9:05:07", TimeOfDay(9, 5, 7)),
        ("-30m", BeforeEnd(1800 * NS)),
        ("-1h30m", BeforeEnd(5400 * NS)),
        ("-90", BeforeEnd(90 * NS)),
        ("-0.5s", BeforeEnd(NS // 2)),
    ],
)
def test_a_time_is_an_instant_a_time_of_the_day_or_before_the_end(text: str, meant: object) -> None:
    assert parse_instant(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "now", "24:00", "10:60", "2024-01-15", "2024-01-15T10:30:00", "-", "-0", "-5x", "30m", "-9e99", "9" * 400],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InstantError, match="like"):
        parse_instant(text)


@given(st.integers(1, 50_000), st.sampled_from("smhd"))
def test_a_span_is_its_number_of_units(count: int, unit: str) -> None:
    assert parse_span(f"{count}{unit}") == count * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit] * NS
    assert parse_instant(f"-{count}{unit}") == BeforeEnd(parse_span(f"{count}{unit}"))


@given(st.text())
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    try:
        instant = parse_instant(text)
    except InstantError:
        return
    assert isinstance(instant, (int, TimeOfDay, BeforeEnd))


@given(
    st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - aware below
    st.integers(0, 86_000),
    st.integers(-12, 14),
)
def test_a_time_of_the_day_within_a_recording_of_less_than_a_day_is_found(
    first: datetime, length_s: int, offset_h: int
) -> None:
    zone = timezone(timedelta(hours=offset_h))
    begin = first.replace(microsecond=0, tzinfo=UTC)
    wanted = (begin + timedelta(seconds=length_s // 2)).astimezone(zone)
    first_ns = int(begin.timestamp()) * NS
    clock = TimeOfDay(wanted.hour, wanted.minute, wanted.second)
    assert resolve(clock, first_ns, first_ns + length_s * NS, zone) == int(wanted.timestamp()) * NS


def test_a_time_of_the_day_is_that_of_the_day_on_which_the_recording_has_it() -> None:
    assert resolve(TimeOfDay(23, 55), FIRST, LAST, UTC) == at("2024-01-15T23:55:00+00:00")
    assert resolve(TimeOfDay(0, 5), FIRST, LAST, UTC) == at("2024-01-16T00:05:00+00:00")


def test_of_one_day_it_may_lie_outside() -> None:
    assert resolve(TimeOfDay(12, 0), FIRST, FIRST + 60 * NS, UTC) == at("2024-01-15T12:00:00+00:00")


def test_no_day_and_several_days_are_sentences() -> None:
    with pytest.raises(InstantError, match="12:00:00 is not within the recording, which goes from 2024-01-15T23:50:00"):
        resolve(TimeOfDay(12, 0), FIRST, LAST, UTC)
    with pytest.raises(InstantError, match="on several days: name one, like 2024-01-17T23:55:00"):
        resolve(TimeOfDay(23, 55), FIRST, FIRST + 3 * 86_400 * NS, UTC)


def test_before_the_end_is_before_the_end() -> None:
    assert resolve(BeforeEnd(60 * NS), FIRST, LAST, None) == LAST - 60 * NS


@pytest.mark.usefixtures("berlin")
def test_without_a_zone_it_is_this_machines_in_winter_and_in_summer() -> None:
    assert resolve(TimeOfDay(1, 5), FIRST, LAST, None) == at("2024-01-16T00:05:00+00:00")
    july = at("2024-07-15T10:00:00+00:00")
    assert resolve(TimeOfDay(12, 30), july, july + 3600 * NS, None) == july + 1800 * NS
