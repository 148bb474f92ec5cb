"""The file of accounts: SQLite, for its owner only, changed by the command line while gateways read it."""

import contextlib
import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from helios_gateway.accounts.accounts import Account, Role

_APPLICATION_ID: Final = 0x48_4C_41_43
"""Tells the file from any other of SQLite's."""
_VERSION: Final = 1
_BUSY_S: Final = 5.0
_SCHEMA: Final = """
CREATE TABLE account (
    username    TEXT PRIMARY KEY,
    role        TEXT NOT NULL CHECK (role IN ('admin', 'user', 'readonly')),
    hash        TEXT NOT NULL,
    is_disabled INTEGER NOT NULL DEFAULT 0,
    revision    INTEGER NOT NULL DEFAULT 1
)
"""

_log = logging.getLogger(__name__)


class AccountFileError(Exception):
    """Why the accounts cannot be read or changed, as a sentence that names the file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An account as it is kept."""

    account: Account
    hash: str = field(repr=False)
    is_disabled: bool


def default_path() -> Path:
    """Where the accounts are unless another place is named."""
    return Path(platformdirs.user_data_dir("helios-gateway", appauthor=False)) / "accounts.sqlite"


class AccountDatabase:
    """Reads and writes it; safe to use from several threads. All may raise `AccountFileError`; `close` at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version_seen: int | None = None

    def is_there(self) -> bool:
        """Whether there is a file; so it counts where that cannot be seen, for who opens it is told why."""
        try:
            return self.path.exists()
        except OSError:
            return True

    def entries(self) -> list[Entry]:
        """All of them, by name."""
        with self._using() as connection:
            return [_entry(row) for row in connection.execute(f"{_SELECT} ORDER BY username")]

    def entry(self, username: str) -> Entry | None:
        """The account of that name."""
        with self._using() as connection:
            row = connection.execute(f"{_SELECT} WHERE username = ?", (username,)).fetchone()
        return None if row is None else _entry(row)

    def changed(self) -> list[Entry] | None:
        """All of them, if another process changed one since this was last asked; else None."""
        with self._using() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version == self._version_seen:
                return None
            entries = [_entry(row) for row in connection.execute(_SELECT)]
            self._version_seen = version
            return entries

    def add(self, username: str, password_hash: str, role: Role) -> None:
        """Add an account; the first one makes the file."""
        self._create()
        with self._using() as connection:
            try:
                connection.execute(
                    "INSERT INTO account (username, hash, role) VALUES (?, ?, ?)", (username, password_hash, role.value)
                )
            except sqlite3.IntegrityError:
                raise AccountFileError(f"{self.path} has an account {username} already") from None

    def set_hash(self, username: str, password_hash: str) -> None:
        """Give it another password."""
        self._change("hash = ?", username, password_hash)

    def set_role(self, username: str, role: Role) -> None:
        """Give it another role."""
        self._change("role = ?", username, role.value)

    def set_disabled(self, username: str, *, is_disabled: bool) -> None:
        """Shut it out, or let it in again."""
        self._change("is_disabled = ?", username, int(is_disabled))

    def replace_hash(self, username: str, old: str, new: str) -> None:
        """Put another hash of the same password in its place, unless it was changed meanwhile."""
        with self._using() as connection:
            connection.execute("UPDATE account SET hash = ? WHERE username = ? AND hash = ?", (new, username, old))

    def close(self) -> None:
        """Close the file; it is opened again by whoever asks next."""
        with self._lock:
            self._disconnect()

    def _change(self, what: str, username: str, value: str | int) -> None:
        with self._using() as connection:
            done = connection.execute(
                f"UPDATE account SET {what}, revision = revision + 1 WHERE username = ?",  # noqa: S608  # of the three above
                (value, username),
            )
        if done.rowcount == 0:
            raise AccountFileError(f"{self.path} has no account {username}")

    @contextlib.contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connected()
            except FileNotFoundError:
                raise AccountFileError(
                    f"there is no account file {self.path}: `helios-gateway user add NAME --accounts FILE` makes it"
                ) from None
            except OSError as error:
                raise AccountFileError(f"{self.path} cannot be opened: {error.strerror}") from None
            except sqlite3.Error as error:
                raise AccountFileError(f"{self.path} cannot be used as an account file: {error}") from None

    def _connected(self) -> sqlite3.Connection:
        told = self.path.stat()
        identity = (told.st_dev, told.st_ino)
        if self._connection is None or identity != self._identity:
            # Another file may have been put in its place, from a backup say.
            self._disconnect()
            self._connection = _connect(self.path)
            # Only now is it known to be ours.
            self._keep_private()
            self._identity = identity
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._identity = self._version_seen = None

    def _create(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its companion files the same permissions.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise AccountFileError(f"{self.path} cannot be made: {error.strerror}") from None

    def _keep_private(self) -> None:
        if sys.platform == "win32":
            return
        # SQLite gave its companions, which hold what was written last, the permissions that the file had then.
        was_open = False
        for path in (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mode & 0o077:
                    path.chmod(0o600)
                    was_open = True
        if was_open:
            _log.warning("others could read %s: now only its owner may", self.path)


_SELECT: Final = "SELECT username, role, hash, is_disabled, revision FROM account"


def _entry(row: tuple[str, str, str, int, int]) -> Entry:
    username, role, password_hash, is_disabled, revision = row
    return Entry(Account(username, Role(role), revision), password_hash, bool(is_disabled))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    def number(name: str) -> int:
        (value,) = connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    if number("schema_version") == 0:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            # Somebody else may have been first.
            if number("schema_version") == 0:
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
    if number("application_id") != _APPLICATION_ID:
        raise sqlite3.DatabaseError("it is a database of something else")
    if number("user_version") != _VERSION:
        raise sqlite3.DatabaseError("a newer helios-gateway made it: use that one")
