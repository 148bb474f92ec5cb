"""Opening the SQLite file of a journal or a recording, for writing or for reading."""

import sqlite3
import time
from pathlib import Path
from typing import Final

from helios_desktop.journal import schema
from helios_desktop.journal.query import VOCABULARY

BUSY_S: Final = 5.0
_WAL_BYTES: Final = 16 * 1024 * 1024
_WAL_PAGES: Final = _WAL_BYTES // 4096
"""Of 4 KiB: what is written again and again within a second is brought into the file once."""
_PARTS: Final = ("-wal", "-shm", "")


class DamagedError(Exception):
    """The file is no whole SQLite database; the message is a clause without its name."""


def open_journal(path: Path) -> sqlite3.Connection:
    """Open for writing beside readers, and make it where it is not there. Whoever opens it holds the lock.

    Nothing that is committed is lost when the process is killed; of a power failure the last seconds are.
    Raises `schema.SchemaError`, `DamagedError`; `sqlite3.OperationalError` or OSError where the disk does not serve.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = _is_blank(path)
    connection = _connect(f"{path.resolve().as_uri()}?mode=rwc")
    try:
        if is_new:
            path.chmod(0o600)
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        if is_new:
            schema.create(connection)
        schema.migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise DamagedError(str(error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


def open_recording(path: Path) -> sqlite3.Connection:
    """Make a new recording for writing, in one file without any beside it once closed. `path` must not be there."""
    connection = _connect(f"{path.resolve().as_uri()}?mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
        schema.create(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal that may be written meanwhile, or a recording. Nothing can be written by this connection.

    Raises as `open_journal` does, and FileNotFoundError.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro")
    try:
        try:
            schema.check(connection)
        except sqlite3.OperationalError:
            # A log beside it that cannot be joined to a file on a read-only disk: the file alone, as it stands.
            connection.close()
            connection = _connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1")
            schema.check(connection)
        connection.execute(VOCABULARY)
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise DamagedError(str(error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


def put_aside(path: Path) -> Path:
    """Keep a broken file under another name, with its log; gives that name. Nobody may have it open.

    Raises OSError; then the file, or what is left of it, is where it was.
    """
    stamp, number = time.strftime("%Y%m%dT%H%M%S"), 0
    while True:
        ending = f"-{number}" if number else ""
        aside = path.with_name(f"{path.stem}-damaged-{stamp}{ending}{path.suffix}")
        if not any(Path(f"{aside}{part}").exists() for part in _PARTS):
            break
        number += 1
    # The file last: a log without it harms nobody, but a new file must not find an old log.
    for part in _PARTS:
        if Path(f"{path}{part}").exists():
            Path(f"{path}{part}").rename(f"{aside}{part}")
    return aside


def _connect(uri: str) -> sqlite3.Connection:
    # Whoever owns a connection may close it from where it was made, when the thread that used it is over.
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level="IMMEDIATE", check_same_thread=False)


def _is_blank(path: Path) -> bool:
    """True where no table was made yet. Looks without touching: what is none of ours stays as it is.

    Raises `schema.SchemaError`, `DamagedError` and `sqlite3.OperationalError`.
    """
    if not path.exists() or path.stat().st_size == 0:
        return True
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro")
    try:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables:
            schema.check(connection)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise DamagedError(str(error)) from None
    finally:
        connection.close()
    return not tables
