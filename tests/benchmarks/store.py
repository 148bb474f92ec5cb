"""Rows 4 and 5: decode against `json.loads`, and the way of a message from the socket into the state.

The machine may be shared: decoders take turns many times over, and the best round of each counts; the way into the
state is told by the processor time that all its threads took in the best of some runs, on one core where the system
lets a process choose one.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from helios_desktop.client.address import Address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Run
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_observation
from helios_desktop.protocol.codec import decode
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.store.fold import fold
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState
from tests.benchmarks.row import Row
from tests.benchmarks.store_server import guide_message

ROOT = Path(__file__).parents[2]
MESSAGES = 100_000
GUIDE_KINDS = 8
TARGET_HZ = 40_000
ROUNDS = 200
SLICE = 400
"""So many the timeline looks at between two frames (`qt.timeline_feed.TEXT_ROWS`)."""
NS = 1_000_000_000


def measure() -> list[Row]:
    """Decode by ratio; fold in process; then all of it through a socket and a monitor; then the log's filter."""
    return [*_decode_rows(), _fold_row(), *_socket_rows(), _memory_row(), *_log_rows()]


def _best(run: Callable[[], float]) -> float:
    return min(run() for _ in range(5))


def _decode_rows() -> list[Row]:
    guide = [guide_message(number) for number in range(GUIDE_KINDS)]
    real = _captured_statuses()
    rows = []
    for name, frames, bar in (("the guide's eight", guide, 3.0), ("a real gateway's status", real, 2.5)):
        bare_s, typed_s = _best_of_turns((json.loads, decode), frames)
        ratio = bare_s / typed_s
        figure = f"{ratio:.2f} × json.loads, {1 / typed_s:,.0f}/s"
        rows.append(Row(4, f"decode, {name}", figure, f"≥ {bar} ×", ratio >= bar))
    return rows


def _captured_statuses() -> list[str]:
    path = ROOT / "tests/fixtures/captures/steady_leader_60s_query.jsonl"
    frames = [row["raw"] for row in map(json.loads, path.read_text().splitlines()) if row.get("opcode") == "text"]
    return [frame for frame in frames if frame.startswith('{"type":"status')][:GUIDE_KINDS]


def _best_of_turns(decoders: Sequence[Callable[[str], object]], frames: Sequence[str]) -> list[float]:
    """Seconds a message of each, in the best of many short turns that they take one after the other."""
    best = [float("inf")] * len(decoders)
    for _ in range(ROUNDS):
        for at, decoder in enumerate(decoders):
            begin = time.perf_counter()
            for _ in range(20):
                for frame in frames:
                    decoder(frame)
            best[at] = min(best[at], time.perf_counter() - begin)
    return [taken_s / (20 * len(frames)) for taken_s in best]


def _fold_row() -> Row:
    return _rate_row("decode, fold, series and log, in process", _best(_fold_s))


def _fold_s() -> float:
    state, log, book = ClusterState(), EventLog(), SeriesBook()
    start_ns = 1_800_000_000 * NS
    state, _ = fold(state, connection_observation("node1", 1, start_ns, ConnectionChange(Phase.LIVE)))
    seen = [
        Observation("node1", 1, start_ns + number * 25_000, Kind.FRAME, guide_message(number))
        for number in range(MESSAGES)
    ]
    begin = time.process_time()
    for observation in seen:
        before = state
        state, events = fold(before, observation)
        book.add(before, state, observation)
        log.extend(events)
    taken_s = time.process_time() - begin
    assert log.end >= MESSAGES
    return taken_s


def _rate_row(what: str, taken_s: float) -> Row:
    rate_hz = MESSAGES / taken_s
    figure = f"{rate_hz:,.0f}/s of one core, {taken_s / MESSAGES * 1e6:.1f} µs each"
    return Row(5, what, figure, f"≥ {TARGET_HZ:,}/s", rate_hz >= TARGET_HZ)


def _memory_row() -> Row:
    """Of a log that is full, while it is filled anew; each message a text of its own, as from a socket."""
    state, log, book = ClusterState(), EventLog(), SeriesBook()

    def take(numbers: range) -> None:
        nonlocal state
        for number in numbers:
            text = guide_message(number) + " " * (number % 7)
            before = state
            state, events = fold(before, Observation("node1", 1, number * 1_000_000, Kind.FRAME, text))
            book.add(before, state, Observation("node1", 1, number * 1_000_000, Kind.FRAME, text))
            log.extend(events)

    take(range(2 * log.capacity))
    full_bytes = _resident_bytes()
    take(range(2 * log.capacity, 4 * log.capacity))
    grown_mib = (_resident_bytes() - full_bytes) / 2**20
    figure = f"{grown_mib:+.1f} MiB over {2 * log.capacity:,} messages"
    return Row(5, "memory once the log is full", figure, "flat: ≤ 8 MiB", grown_mib <= 8)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _socket_rows() -> list[Row]:
    what = f"socket to state, {MESSAGES:,} messages"
    return [
        _rate_row(f"{what}, recorded", _best(lambda: _socket_s(is_recorded=True))),
        _rate_row(f"{what}, not recorded", _best(lambda: _socket_s(is_recorded=False))),
    ]


def _socket_s(*, is_recorded: bool) -> float:
    """Processor time of all threads; of a recorded run until the last message is on the disk."""
    command = [sys.executable, "-m", "tests.benchmarks.store_server"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server,
    ):
        try:
            with _on_one_core():
                return asyncio.run(_watch(server, Path(folder) / "bench.journal" if is_recorded else None))
        finally:
            server.kill()


@contextmanager
def _on_one_core() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


async def _watch(server: subprocess.Popen[str], journal: Path | None) -> float:
    assert server.stdin is not None
    assert server.stdout is not None
    address = Address("http", "127.0.0.1", int(server.stdout.readline()))
    target = Target("bench", (address,), Credentials(token="bench"))
    now_ns = make_clock()
    recorder = None if journal is None else Recorder(journal, Run(now_ns(), "bench", FOLD_VERSION))
    if recorder is not None:
        await recorder.open()
    monitor = Monitor(target, now_ns=now_ns, rng=random.Random(1), recorder=recorder)
    watching = asyncio.create_task(monitor.run())
    try:
        async with asyncio.timeout(60):
            await _until(lambda: _frames(monitor) == 1)
            begin = time.process_time()
            server.stdin.write(f"go {MESSAGES}\n")
            server.stdin.flush()
            await _until(lambda: _frames(monitor) == 1 + MESSAGES)
            if recorder is not None:
                assert not recorder.lost
                await _until(lambda: recorder.status.last_event == monitor.log.end - 1)
            return time.process_time() - begin
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await monitor.close_recording()


def _frames(monitor: Monitor) -> int:
    return sum(observer.messages for observer in monitor.state.observers.values())


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - whoever told it would take part of the time
        await asyncio.sleep(0.01)


def _log_rows() -> list[Row]:
    log = EventLog()
    state = ClusterState()
    for number in range(log.capacity):
        observation = Observation("node1", 1, number, Kind.FRAME, guide_message(number))
        state, (event, *_) = fold(state, observation)
        log.extend((event,))
    wanted = EventFilter(types=frozenset({"peer_change"}))
    taken_s = min(_timed(lambda: log.select(wanted, 0)) for _ in range(20))
    by_type = Row(
        8, f"filter {log.capacity:,} events in memory by type", f"{taken_s * 1e3:.2f} ms", "≤ 5 ms", taken_s <= 0.005
    )
    words = EventFilter(text="localhost:8004")
    first_s = min(_timed(lambda: log.select(words, log.first, limit_rows=SLICE)) for _ in range(5))
    log.select(words, 0)
    again_s = min(_timed(lambda: log.select(words, 0)) for _ in range(5))
    figure = f"{SLICE} of them {first_s * 1e3:.1f} ms; all again {again_s * 1e3:.0f} ms"
    return [by_type, Row(8, "filter them by text", figure, "a slice ≤ 8 ms", first_s <= 0.008)]


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
