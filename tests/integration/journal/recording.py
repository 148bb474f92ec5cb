"""A recorder at work, and what it left."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Opening, Run
from helios_desktop.journal.writer import Seen
from helios_desktop.observation import Observation
from tests.unit.journal.stream import FOLD, START_NS, Stream


class Recording:
    """A recorder and the stream that it records."""

    def __init__(self, recorder: Recorder, stream: Stream) -> None:
        self.recorder = recorder
        self.stream = stream

    def record(self, *seen: Seen) -> None:
        """As `Keeper` does."""
        for one in seen:
            self.recorder.record(one)
            if self.recorder.wants_checkpoint:
                self.recorder.put_checkpoint(self.stream.checkpoint())

    async def recorded(self) -> None:
        """Until all of it is on the disk."""
        await until(lambda: self.recorder.status.last_event == self.stream.next_event - 1)

    @property
    def problem(self) -> str:
        """Why nothing is recorded."""
        return self.recorder.status.problem


@asynccontextmanager
async def recording(recorder: Recorder, *, how: Opening = Opening.RECORDING) -> AsyncIterator[Recording]:
    """Open it, and close it in the end."""
    assert await recorder.open() is how
    try:
        yield Recording(recorder, Stream(recorder.first_event))
    finally:
        await recorder.close()


def a_run() -> Run:
    """One life of a recorder."""
    return Run(START_NS, "test", FOLD, {"cluster": "Test"})


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of what another thread does there is no event
            await asyncio.sleep(0.005)


def read(path: Path) -> list[Observation]:
    """All that a file holds, in its order, without a hole."""
    with Reader(path) as reader:
        found = list(reader.observations())
    assert [seq for seq, _ in found] == list(range(1, len(found) + 1))
    return [one for _, one in found]


class FaultyConnection(sqlite3.Connection):
    """One whose statements that change something raise what `fault` gives, where it gives something."""

    fault: Callable[[], Exception | None] = staticmethod(lambda: None)

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """As a connection does."""
        error = None if sql.startswith(("SELECT", "PRAGMA")) else self.fault()
        if error is not None:
            raise error
        return super().execute(sql, *values)  # type: ignore[arg-type]


def faulty(fault: Callable[[], Exception | None]) -> Callable[[Path], sqlite3.Connection]:
    """For `Recorder(connect=…)`."""

    def connect(path: Path) -> sqlite3.Connection:
        open_journal(path).close()
        connection = sqlite3.connect(
            path, isolation_level="IMMEDIATE", check_same_thread=False, factory=FaultyConnection
        )
        connection.fault = fault
        return connection

    return connect


def sqlite_error(code: int) -> sqlite3.OperationalError:
    """As SQLite's own module raises it."""
    error = sqlite3.OperationalError("as if")
    error.sqlite_errorcode = code
    return error
