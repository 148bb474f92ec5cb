"""Accounts that are kept in a file, as a gateway reads them."""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from helios_gateway.accounts.account_database import AccountDatabase, AccountFileError, Entry
from helios_gateway.accounts.accounts import DEMO_ACCOUNTS, Account, Denied
from helios_gateway.accounts.passwords import Passwords, is_too_long, username_fault

_HASHED_AT_ONCE: Final = 2
_MOST_WAITING: Final = 32
"""For whom a second or two pass until it is their turn; more are turned away."""

_log = logging.getLogger(__name__)


class AccountFile:
    """Reads the file that `helios-gateway user` writes; changes are seen by `reload`. `close` it at the end."""

    def __init__(self, path: Path, passwords: Passwords | None = None) -> None:
        self.path = path
        self._database = AccountDatabase(path)
        self._passwords = Passwords() if passwords is None else passwords
        self._known: dict[str, Account] = {}
        self._hashers = ThreadPoolExecutor(_HASHED_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        # Of two readings that overlap, the older one could be learnt last.
        self._reading = asyncio.Lock()
        self._trouble = ""

    def __bool__(self) -> bool:
        """Whether anybody may log in, as of the last `load` or `reload`."""
        return bool(self._known)

    def is_there(self) -> bool:
        """As of the database."""
        return self._database.is_there()

    def load(self) -> None:
        """Read it for the first time; it blocks. Raises `AccountFileError` where that cannot be done."""
        self._learn(self._database.changed())

    async def verify(self, username: str, password: str) -> Account | Denied:
        """Check a password, in a thread; at most two at once."""
        if is_too_long(password):
            return Denied.WRONG
        if self._waiting >= _MOST_WAITING:
            return Denied.BUSY
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            told = await loop.run_in_executor(self._hashers, self._verify, username, password)
        except AccountFileError as error:
            self._report(str(error))
            return Denied.BUSY
        finally:
            self._waiting -= 1
        if isinstance(told, Account) and self.find(told.username) != told:
            # Either it was added a moment ago, or it was changed or disabled while its password was hashed.
            await self.reload()
            return told if self.find(told.username) == told else Denied.WRONG
        return told

    def find(self, username: str) -> Account | None:
        """The account as it was last read."""
        return self._known.get(username)

    async def reload(self) -> None:
        """Read what changed; a file that cannot be read changes nothing, and is logged once."""
        async with self._reading:
            try:
                self._learn(await asyncio.to_thread(self._database.changed))
            except AccountFileError as error:
                self._report(str(error))
            else:
                self._trouble = ""

    def close(self) -> None:
        """Let the file and the threads go."""
        self._hashers.shutdown(wait=True, cancel_futures=True)
        self._database.close()

    def _learn(self, entries: list[Entry] | None) -> None:
        if entries is not None:
            self._known = {entry.account.username: entry.account for entry in entries if not entry.is_disabled}

    def _verify(self, username: str, password: str) -> Account | Denied:
        entry = None if username_fault(username) else self._database.entry(username)
        is_right = self._passwords.is_right(password, None if entry is None else entry.hash)
        if entry is None or not is_right:
            return Denied.WRONG
        if entry.is_disabled:
            return Denied.DISABLED
        if self._passwords.is_outdated(entry.hash):
            # The login holds without it, and the next one tries again.
            with contextlib.suppress(AccountFileError):
                self._database.replace_hash(username, entry.hash, self._passwords.hash(password))
        return entry.account

    def _report(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            _log.error("%s: those who are logged in stay so, nobody else can log in", trouble)


class DemoUntilFirst:
    """The demo's accounts, if they may be, until the file is there; from then on those of the file, for good."""

    def __init__(self, file: AccountFile, *, may_be_demo: bool = True) -> None:
        self._file = file
        self._is_demo = may_be_demo

    def is_demo(self) -> bool:
        """Whether the demo's accounts still hold."""
        self._is_demo = self._is_demo and not self._file.is_there()
        return self._is_demo

    async def verify(self, username: str, password: str) -> Account | Denied:
        """Check a password."""
        return await (DEMO_ACCOUNTS if self.is_demo() else self._file).verify(username, password)

    def find(self, username: str) -> Account | None:
        """The account of that name."""
        return (DEMO_ACCOUNTS if self._is_demo else self._file).find(username)

    async def reload(self) -> None:
        """See whether the file has come, and what changed in it."""
        if not self.is_demo():
            await self._file.reload()
