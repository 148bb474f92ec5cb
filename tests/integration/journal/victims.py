"""Processes that record and may be killed. Run as a program: each line on standard input names a journal.

For each, a process of its own opens it and records until it is killed, about as fast as a busy window, with bursts. Its
lines on standard output tell what it did, so that it is known what must be in the file:

    pid NUMBER                   it was started
    opened HOW                   and opened the journal
    put SEEN MONOTONIC_S         it has given so many observations to its recorder, the last one then
    told SEEN MONOTONIC_S        its recorder's status said that so many are on the disk
    ended                        it is gone

All imports are done once, before the first: a process is there within milliseconds.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from random import Random

from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Run
from tests.unit.journal.stream import FOLD, Stream


def say(*words: object) -> None:
    """One line, whole: shorter than a pipe tears."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


async def record(path: Path, rng: Random) -> None:
    """Until killed."""
    recorder = Recorder(path, Run(time.time_ns(), "victim", FOLD))
    say("opened", (await recorder.open()).name)
    stream = Stream(recorder.first_event, recorder.started_ns)
    told, first = recorder.status.last_event, recorder.first_event
    while True:
        # Each observation tells one event, so that counts of both are the same.
        for _ in range(2_000 if rng.random() < 0.01 else 10):
            recorder.record(stream.frame())
            if recorder.wants_checkpoint:
                recorder.put_checkpoint(stream.checkpoint())
        say("put", len(stream.seen), time.monotonic())
        if recorder.status.last_event != told:
            told = recorder.status.last_event
            say("told", told - first + 1, time.monotonic())
        await asyncio.sleep(0.005)


def main() -> None:
    """A victim a line."""
    rng = Random(1)
    for line in sys.stdin:
        seed = rng.random()
        pid = os.fork()
        if not pid:
            asyncio.run(record(Path(line.strip()), Random(seed)))
        say("pid", pid)
        os.waitpid(pid, 0)
        say("ended")


if __name__ == "__main__":
    main()
