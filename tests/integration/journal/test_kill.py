"""`kill -9` at any moment: the file can be read, and what was recorded a second before is in it."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Final

import pytest

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.reader import Reader
from tests.unit.journal.checks import check_whole

KILLS: Final = 200
LONG_EVERY: Final = 25
"""One in so many lives long enough that “more than a second before” means something."""
CHECK_EVERY: Final = 25
REPOSITORY: Final = Path(__file__).parents[3]


class _Victims:
    """The program that makes them."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def live(self, path: Path, life_s: float) -> tuple[int, int]:
        """Let one record for so long, and kill it; gives what must be on the disk, and the most that may be."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        pid, killed_at, kill_at = 0, None, None
        puts: list[tuple[int, float]] = []
        told = 0
        for words in self._lines():
            match words:
                case ["pid", number]:
                    pid = int(number)
                case ["opened", how]:
                    assert how == "RECORDING"
                    kill_at = time.monotonic() + life_s
                case ["put", seen, at]:
                    puts.append((int(seen), float(at)))
                case ["told", seen, _at]:
                    told = max(told, int(seen))
                case ["ended"]:
                    break
            if pid and killed_at is None and kill_at is not None and time.monotonic() >= kill_at:
                os.kill(pid, signal.SIGKILL)
                killed_at = time.monotonic()
        assert killed_at is not None
        long_ago = max((seen for seen, at in puts if at < killed_at - 1.0), default=0)
        # The loop gives some more after its last word, before it is killed.
        return max(told, long_ago), puts[-1][0] + 2_000 if puts else 2_000

    def _lines(self) -> Iterator[list[str]]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line.split()
        raise AssertionError(f"it ended by itself: {self.process.wait()}")


@contextmanager
def victims() -> Iterator[_Victims]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.journal.victims"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _Victims(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no kill -9 here")
def test_of_two_hundred_killed_recorders_each_left_a_whole_file_that_lacks_the_last_second_at_most(
    tmp_path: Path,
) -> None:
    path, rng = tmp_path / "a.journal", Random(5)
    seqs = 0
    with victims() as made:
        for number in range(1, KILLS + 1):
            is_long = number % LONG_EVERY == 0
            least, most = made.live(path, rng.uniform(1.1, 1.4) if is_long else rng.uniform(0.0, 0.15))
            count = written_by_last(path, seqs)
            assert least <= count <= most, f"kill {number}"
            seqs += count
            if number % CHECK_EVERY == 0:
                with closing(open_journal(path)) as connection:
                    check_whole(connection)
    with Reader(path) as reader:
        assert len(reader.runs()) == KILLS
        assert reader.extent().observations == reader.extent().events == seqs > KILLS


def written_by_last(path: Path, before: int) -> int:
    """How many observations the last victim left after the first `before`: its first ones, in order, without a hole."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        ask = connection.execute
        (first_event,) = ask("SELECT first_event FROM run ORDER BY id DESC LIMIT 1").fetchone()
        rows = ask(
            "SELECT seq, json_extract(text, '$.data.latency_ms') FROM observation WHERE seq > ? ORDER BY seq", (before,)
        ).fetchall()
        events = ask("SELECT id, seq FROM event WHERE id >= ? ORDER BY id", (first_event,)).fetchall()
    assert rows == [(before + 1 + number, number) for number in range(len(rows))]
    assert events == [(first_event + number, before + 1 + number) for number in range(len(rows))]
    return len(rows)
