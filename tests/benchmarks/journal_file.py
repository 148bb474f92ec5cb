"""A journal as days of watching leave it, made in minutes: `python -m tests.benchmarks.journal_file --events N FILE`.

Five nodes of the simulation's shapes beat, elect, fail and come back; the fold makes of their frames what it makes of
live ones. The same N gives the same events. One thread folds and another writes: SQLite lets go of the interpreter.
"""

import argparse
import queue
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.recorder import CHECKPOINT_EVERY
from helios_desktop.journal.writer import INDEX_AT_ONCE, Checkpoint, Item, Seen, Writer
from helios_desktop.monitor.picture import Picture, blank_picture
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.protocol.timestamps import format_timestamp
from helios_desktop.store.checkpoint import FOLD_VERSION, store
from helios_desktop.store.samples import Versions, new_samples, versions

NS: Final = 1_000_000_000
START_NS: Final = 1_790_000_000 * NS
NODES: Final = ("node1", "node2", "node3", "node4", "node5")
FRAMES_A_SECOND: Final = 20
ELECTION_EVERY_S: Final = 900
BATCH: Final = 1_500
"""Observations a transaction: with what is derived of them, few enough to be indexed at once."""


def observations(seed: int = 1) -> Iterator[Observation]:
    """What five gateways tell, without end."""
    rng = random.Random(seed)
    for node in NODES:
        yield connection_observation(node, 1, START_NS, ConnectionChange(Phase.LIVE))
    term, leader, commit, second = 1, 0, 100, 0
    while True:
        second += 1
        if second % ELECTION_EVERY_S == 0:
            term += 1
            lost, leader = leader, (leader + 1 + rng.randrange(len(NODES) - 1)) % len(NODES)
            yield from _election(second, term, lost, leader)
        for number in range(FRAMES_A_SECOND):
            at_ns = START_NS + second * NS + number * NS // FRAMES_A_SECOND
            commit += rng.randrange(3)
            node = NODES[number % len(NODES)]
            kind = (second * FRAMES_A_SECOND + number) // len(NODES) % 8
            yield _frame(node, at_ns, *_body(kind, node, NODES[leader], term, commit, second, rng))
        yield tick(START_NS + (second + 1) * NS - 1)


def _body(
    kind: int, node: str, leader: str, term: int, commit: int, second: int, rng: random.Random
) -> tuple[str, str]:
    if kind < 3:
        peers = ",".join(f'"{other}"' for other in NODES if other != node)
        return ("status" if kind == 0 else "status_update"), (
            f'{{"node_id":"{node}","state":"{"Leader" if node == leader else "Follower"}","term":{term},'
            f'"commit_index":{commit},"last_applied":{commit},"leader":"{leader}","peers":[{peers}]}}'
        )
    if kind < 5:
        low = rng.random()
        return "latency", (
            f'{{"aggregated":{{"append_entries":{{"count":{commit},"avg_value_ms":{low + 0.7:.6f},'
            f'"min_value_ms":{low:.6f},"max_value_ms":{low + 3:.6f}}}}}}}'
        )
    if kind == 5:
        return (
            "uptime",
            f'{{"current_uptime":"{second // 3600}h{second // 60 % 60}m{second % 60}s","total_sessions":5}}',
        )
    if kind == 6:
        return "custom_metrics", f'{{"request_count":{{"type":"counter","value":{commit},"help":"Requests answered"}}}}'
    if rng.random() < 0.02:
        return "error", f'{{"error":"Failed to retrieve the metrics of shard {rng.randrange(10_000)}"}}'
    if rng.random() < 0.05:
        return "snapshot", f'{{"index":{commit},"term":{term},"size_bytes":{rng.randrange(2**20)},"duration_ms":24}}'
    return "pong", "{}"


def _election(second: int, term: int, lost: int, leader: int) -> Iterator[Observation]:
    at_ns = START_NS + second * NS
    told = ((leader, "Follower", "Candidate"), (lost, "Leader", "Follower"), (leader, "Candidate", "Leader"))
    for after_ms, (node, old, new) in enumerate(told):
        data = f'{{"old_state":"{old}","new_state":"{new}","term":{term}}}'
        yield _frame(NODES[node], at_ns + after_ms * 1_000_000, "state_change", data)


def _frame(node: str, at_ns: int, message_type: str, data: str) -> Observation:
    text = f'{{"type":"{message_type}","timestamp":"{format_timestamp(at_ns)}","data":{data}}}'
    return Observation(node, 1, at_ns, Kind.FRAME, text)


def write(path: Path, events: int, *, is_indexed: bool = True) -> None:
    """Make the journal at `path`, which must not be there, with that many events or a few more."""
    batches: queue.Queue[list[Item] | None] = queue.Queue(8)
    connection = open_journal(path)
    writer = Writer(connection)
    writer.begin_run(START_NS, START_NS // 1_000, "benchmark", FOLD_VERSION)
    writer.describe({"cluster": "Benchmark", "environment": "DEMO", "sources": ""})
    failed: list[BaseException] = []

    def work() -> None:
        while (batch := batches.get()) is not None:
            try:
                if not failed:
                    writer.write(batch)
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                failed.append(error)

    thread = threading.Thread(target=work, name="journal")
    thread.start()
    try:
        for batch in _batches(events):
            batches.put(batch)
            if failed:
                break
    finally:
        batches.put(None)
        thread.join()
    if failed:
        raise failed[0]
    while is_indexed and writer.index(INDEX_AT_ONCE):
        pass
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _batches(events: int) -> Iterator[list[Item]]:
    picture = blank_picture(START_NS, START_NS // 1_000)
    first = picture.log.end
    batch: list[Item] = []
    kept: Versions = {}
    for count, observation in enumerate(observations(), 1):
        told, numbers = picture.see(observation)
        batch.append(Seen(observation, told, numbers))
        if count % CHECKPOINT_EVERY == 0:
            batch.append(_checkpoint(picture, kept))
            kept = versions(picture.series)
        if len(batch) >= BATCH:
            yield batch
            batch = []
        if picture.log.end - first >= events:
            break
    yield batch


def _checkpoint(picture: Picture, kept: Versions) -> Checkpoint:
    state, samples = store(picture.state), new_samples(picture.series, kept)
    return Checkpoint(picture.state.now_ns, picture.log.end, FOLD_VERSION, state, samples)


def main() -> int:
    """Write the file, and say how long that took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.journal_file")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("file", type=Path)
    chosen = parser.parse_args()
    begin = time.perf_counter()
    write(chosen.file, chosen.events)
    taken_s = time.perf_counter() - begin
    size = chosen.file.stat().st_size
    print(f"{chosen.events:,} events, {size / 2**20:,.0f} MiB, {taken_s:.0f} s ({chosen.events / taken_s:,.0f}/s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
