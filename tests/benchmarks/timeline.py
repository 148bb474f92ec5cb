"""Row 8: a million recorded events, first rows of each kind of filter, and what the window holds in memory for it.

The journal is made anew (`journal_file`), a minute and a half; HELIOS_BENCH_JOURNAL names one that is there already,
HELIOS_BENCH_LARGE one of ten millions, for which memory must be as flat. Each window has a process of its own, from
which `python -m tests.benchmarks.timeline FILE` tells its figures as JSON; without FILE it is an empty one.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import SEVERITIES, Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.filters import SavedFilters
from helios_desktop.qt.theme import DARK, load_fonts
from helios_desktop.qt.timeline import TimelinePanel
from helios_desktop.qt.timeline_filter import EVERYTHING, TimelineFilter
from tests.benchmarks.journal_file import NODES, NS, START_NS, write
from tests.benchmarks.row import Row
from tests.qt.recorded import Recorded

ROOT: Final = Path(__file__).parents[2]
EVENTS: Final = 1_000_000
ROUNDS: Final = 5
WORDS: Final = (
    "leader", "lead", "node", "node3", "status", "follower", "candidate", "shard", "shard 77", "node3 candidate",
    "follower leader_lost", "100", "2026", "append_entries", "metrics", "absent", "term 7", "commit 123456",
)  # fmt: skip


def measure() -> list[Row]:
    """First rows, and memory, at a million; memory at ten million where there is such a file."""
    with _journal() as path:
        told, empty_mib = _run(path), _run(None).rss_mib
    rows = []
    for kind, times_ms in told.first_ms.items():
        median, worst = statistics.median(times_ms), max(times_ms)
        figure = f"median {median:.1f} ms, worst {worst:.1f} ms of {len(times_ms)}"
        rows.append(Row(8, f"first rows by {kind}", figure, "≤ 16 and ≤ 100 ms", median <= 16 and worst <= 100))
    more_mib = told.rss_mib - empty_mib
    figure = f"{more_mib:+.0f} MiB ({told.rss_mib:.0f}, empty {empty_mib:.0f})"
    rows.append(Row(8, f"memory, {told.events:,} events, all looked through", figure, "≤ 150 MiB", more_mib <= 150))
    if (large := os.environ.get("HELIOS_BENCH_LARGE")) is not None:
        told = _run(Path(large))
        more_mib = told.rss_mib - empty_mib
        figure = f"{more_mib:+.0f} MiB above an empty window"
        rows.append(Row(8, f"memory, {told.events:,} events", figure, "≤ 150 MiB", more_mib <= 150))
    return rows


@contextmanager
def _journal() -> Iterator[Path]:
    if (given := os.environ.get("HELIOS_BENCH_JOURNAL")) is not None:
        yield Path(given)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.journal"
        write(path, EVENTS)
        yield path


@dataclass(frozen=True)
class Told:
    """What one window's process tells."""

    first_ms: dict[str, list[float]]
    rss_mib: float
    events: int


def _run(path: Path | None) -> Told:
    command = [sys.executable, "-m", "tests.benchmarks.timeline", *([] if path is None else [str(path)])]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=900, check=True)
    return msgspec.json.decode(done.stdout, type=Told)


def filters(kind: str, rng: random.Random, span_s: int) -> Iterator[EventFilter]:
    """Many of one kind."""
    match kind:
        case "type":
            yield from (EventFilter(types=frozenset({event_type})) for event_type in SEVERITIES)
        case "node":
            yield from (EventFilter(nodes=frozenset({node})) for node in (*NODES, "node9"))
        case "observer":
            yield from (EventFilter(observers=frozenset({node})) for node in NODES)
            yield from (EventFilter(hidden_observers=frozenset({node})) for node in NODES)
        case "severity":
            yield from (EventFilter(severities=frozenset({severity})) for severity in Severity)
        case "time":
            for _ in range(20):
                since_s = rng.randrange(span_s)
                since_ns, length_ns = START_NS + since_s * NS, rng.choice((1, 60, 3_600, 36_000)) * NS
                yield EventFilter(since_ns=since_ns, until_ns=since_ns + length_ns)
        case "text":
            yield from (EventFilter(text=words) for words in WORDS)
        case _:
            problems = frozenset({Severity.PROBLEM, Severity.WARNING})
            for words in WORDS:
                yield EventFilter(text=words, severities=problems)
                yield EventFilter(text=words, nodes=frozenset({rng.choice(NODES)}))
                yield EventFilter(text=words, until_ns=START_NS + rng.randrange(span_s) * NS)


def _look(app: QApplication, panel: TimelinePanel, path: Path) -> dict[str, list[float]]:
    target = Target("Benchmark", (parse_address("http://127.0.0.1:8080"),), Credentials())
    panel.show_monitor(Recorded(target, path))
    _wait(app, lambda: not panel.feed.is_searching)
    rng = random.Random(1)
    span_s = (panel.density.density.end_ns - START_NS) // NS
    first_ms: dict[str, list[float]] = {}
    for kind in ("type", "node", "observer", "severity", "time", "text", "several of these"):
        times_ms = first_ms[kind] = []
        for _ in range(ROUNDS):
            for chosen in filters(kind, rng, span_s):
                begin = time.perf_counter()
                panel.bar.choose(TimelineFilter(events=chosen))
                _wait(app, lambda: panel.model.rowCount() > 0 or panel.feed.has_no_older)
                times_ms.append((time.perf_counter() - begin) * 1e3)
                # As after a look at them: what else the filter asks for is broken off by the next one.
                app.processEvents()
    return first_ms


def _scroll(app: QApplication, panel: TimelinePanel) -> None:
    """Through more rows than are held, and through all counts."""
    panel.bar.choose(EVERYTHING)
    _wait(app, lambda: not panel.feed.is_searching)
    for _ in range(150):
        panel.feed.want_older()
        _wait(app, lambda: not panel.feed.is_searching)
    panel.bar.choose(EVERYTHING.with_text("node"))
    _wait(app, lambda: not panel.feed.is_searching)


def _wait(app: QApplication, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not condition():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
        if time.monotonic() > until:
            raise TimeoutError


def main() -> int:
    """One window, its figures on stdout."""
    app = QApplication([])
    load_fonts()
    with tempfile.TemporaryDirectory() as folder:
        panel = TimelinePanel(DARK, SavedFilters(Path(folder)))
    panel.resize(1280, 400)
    panel.show()
    app.processEvents()
    first_ms: dict[str, list[float]] = {}
    events = 0
    if len(sys.argv) > 1:
        first_ms = _look(app, panel, Path(sys.argv[1]))
        _scroll(app, panel)
        panel.bar.choose(EVERYTHING)
        _wait(app, lambda: "ing…" not in panel.bar.shown.text())
        events = int(panel.density.density.counts.sum())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    rss_mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    print(msgspec.json.encode(Told(first_ms, rss_mib, events)).decode())
    panel.close_files()
    return 0


if __name__ == "__main__":
    sys.exit(main())
