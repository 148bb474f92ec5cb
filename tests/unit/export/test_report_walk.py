"""The way through a recording: how often it tells where it is, what it keeps in memory, and how it counts time."""

import gc
import os
import time
import tracemalloc
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from helios_desktop.export.replacement import ExportCancelled
from helios_desktop.export.report import write_report
from helios_desktop.export.report_walk import Steps
from helios_desktop.export.report_words import Clock, latency_text, names_text, rate_text, span_text
from tests.unit.export.reported import record
from tests.unit.store.scene import THREE, latency, peer, three_live

NS = 1_000_000_000


def test_progress_is_told_thirty_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    told: list[float] = []
    steps = Steps(told.append, lambda: False)
    for number in range(10_000):
        now = 1_000 + number / 1_000
        steps.step(number / 10_000)
    assert 270 <= len(told) <= 301
    steps.step(1.0)
    assert told[-1] == 1.0


def test_a_cancel_is_heard_at_the_next_step() -> None:
    steps = Steps(lambda _share: None, lambda: True)
    with pytest.raises(ExportCancelled):
        steps.step(0.5)


def peak_bytes(path: Path, observations: int) -> int:
    """What a report of so many observations takes in memory at most."""
    if not path.exists():
        scene, leader, term, beats = three_live(), "node1", 1, 0
        while len(scene.observations) < observations:
            beats += 1
            if beats % 200 == 0:
                term += 1
                leader = THREE[term % 3]
            scene.beat(leader, term, 100 * beats)
            scene.frame(leader, "latency", latency(*(peer(other) for other in THREE if other != leader)))
            scene.wait(1)
            scene.events.clear()
        record(path, scene.observations)
        del scene
    gc.collect()
    tracemalloc.start()
    try:
        write_report(
            path.with_suffix(".html"), path, zone=UTC, progress=lambda _share: None, is_cancelled=lambda: False
        )
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_what_was_recorded(tmp_path: Path) -> None:
    peak_bytes(tmp_path / "first.helios", 200)  # what is loaded once
    many = 100_000 if os.environ.get("HELIOS_FUZZ") else 5_000
    peak_of_few, peak_of_many = (peak_bytes(tmp_path / f"{count}.helios", count) for count in (1_500, many))
    # The events that are shown, their evidence and the latest samples have bounds that this few do not reach.
    assert peak_of_many < peak_of_few + 14_000_000, f"{peak_of_few} bytes, then {peak_of_many}"


def test_times_have_the_day_where_the_range_has_several() -> None:
    start_ns = 1_800_000_000 * NS  # 2027-01-15T08:00:00Z
    assert Clock(UTC, start_ns, start_ns + NS).time(start_ns) == "08:00:00.000"
    assert Clock(UTC, start_ns, start_ns + 86_400 * NS).time(start_ns + 5_000_000) == "01-15 08:00:00.005"
    assert Clock(UTC, start_ns, start_ns + 400 * 86_400 * NS).time(start_ns) == "2027-01-15 08:00:00.000"


def test_a_range_over_the_end_of_summer_time_names_both_offsets() -> None:
    clock = Clock(ZoneInfo("Europe/Berlin"), 1_792_880_000 * NS, 1_792_900_000 * NS)
    assert clock.zone_name == "Europe/Berlin (UTC+02:00, later UTC+01:00)"
    assert [clock.full(at * NS)[11:] for at in (1_792_889_999, 1_792_890_000)] == [
        "02:59:59.000 UTC+02:00",
        "02:00:00.000 UTC+01:00",
    ]


def test_amounts_have_the_unit_that_fits_them() -> None:
    spans = (0, 900, 421 * 10**6, 1_340 * 10**6, 125 * NS, 11_520 * NS, 270_000 * NS)
    assert [span_text(span) for span in spans] == [
        "0 ms", "<1 ms", "421 ms", "1.3 s", "2 min 5 s", "3 h 12 min", "3 d 3 h",
    ]  # fmt: skip
    latencies = [latency_text(value).replace("\N{NO-BREAK SPACE}", " ") for value in (0, 0.0004, 0.82, 1.25, 30, 1_200)]
    assert latencies == ["0 ms", "0.4 µs", "820 µs", "1.25 ms", "30 ms", "1.2 s"]
    assert rate_text(1_234.5).replace("\N{NO-BREAK SPACE}", " ") == "1 234 /s"
    assert [names_text(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
