"""Accounts: in memory, in a file that other processes change, and the demo's until there are others."""

import asyncio
import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from hypothesis import given
from hypothesis import strategies as st

from helios_gateway.accounts.account_database import AccountDatabase, AccountFileError
from helios_gateway.accounts.account_file import AccountFile, DemoUntilFirst
from helios_gateway.accounts.accounts import DEMO_ACCOUNTS, Account, Denied, FixedAccounts, Role
from helios_gateway.accounts.passwords import LONGEST, Passwords, password_fault, username_fault

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET = "correct horse"


class Counting(Passwords):
    """Cheap ones that count how often they were asked, and by which threads."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.checked: list[bool] = []
        self.threads: set[int] = set()
        self.is_asked = threading.Event()
        self.may_go = threading.Event()
        self.may_go.set()

    def is_right(self, password: str, hashed: str | None) -> bool:
        """Also notes whether there was a hash to check against."""
        self.threads.add(threading.get_ident())
        self.is_asked.set()
        assert self.may_go.wait(20)
        self.checked.append(hashed is not None)
        return super().is_right(password, hashed)


@pytest.fixture
def passwords() -> Counting:
    return Counting()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[AccountDatabase]:
    """What the command line writes to."""
    database = AccountDatabase(tmp_path / "data" / "accounts.sqlite")
    yield database
    database.close()


@pytest.fixture
def file(database: AccountDatabase, passwords: Counting) -> Iterator[AccountFile]:
    """What a gateway reads of it."""
    file = AccountFile(database.path, passwords)
    yield file
    file.close()


def add(database: AccountDatabase, username: str = "ada", role: Role = Role.ADMIN) -> None:
    database.add(username, CHEAP.hash(SECRET), role)


async def test_fixed_accounts_know_their_passwords_and_show_none() -> None:
    accounts = FixedAccounts({Account("ada", Role.USER): SECRET})
    assert await accounts.verify("ada", SECRET) == Account("ada", Role.USER) == accounts.find("ada")
    assert await accounts.verify("ada", SECRET + " ") is Denied.WRONG
    assert await accounts.verify("eve", SECRET) is Denied.WRONG
    assert accounts.find("eve") is None
    assert SECRET not in repr(vars(accounts))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ada", ""),
        ("ада.й-1_@x", ""),
        ("x" * 64, ""),
        ("", "1 to 64"),
        ("x" * 65, "this one 65"),
        ("a b", "no spaces"),
        ("a\n", "no control"),
        ("a\x1b[2J", "no control"),
        ("a\u202eb", "no control"),
        ("a\ud800", "no control"),
        ("\u00a0", "no spaces"),
        ("-x", "does not begin with '-'"),
        ("e\u0301", "composed form"),
    ],
)
def test_a_name_has_visible_characters_only(name: str, fault: str) -> None:
    assert fault in username_fault(name)
    assert bool(username_fault(name)) == bool(fault)


@given(st.text(st.characters(categories=["C", "Z"]), min_size=1), st.text(), st.text())
def test_no_name_holds_what_cannot_be_seen(unseen: str, before: str, after: str) -> None:
    assert username_fault(before + unseen + after)


def test_a_password_is_bounded_by_bytes() -> None:
    assert password_fault("é" * 4) == ""
    assert "this one 7" in password_fault("x" * 7)
    assert password_fault("x" * LONGEST) == ""
    assert "this one more" in password_fault("é" * 513)


async def test_a_password_of_the_file_is_checked(database: AccountDatabase, file: AccountFile) -> None:
    add(database)
    account = await file.verify("ada", SECRET)
    assert account == Account("ada", Role.ADMIN, 1)
    assert file.find("ada") == account
    assert await file.verify("ada", SECRET[:-1]) is Denied.WRONG


async def test_an_unknown_name_costs_the_same_work(
    database: AccountDatabase, file: AccountFile, passwords: Counting
) -> None:
    add(database)
    for name in ("eve", "", "a\ud800", "x" * 1000):
        assert await file.verify(name, SECRET) is Denied.WRONG
    assert passwords.checked == [False] * 4


def test_no_account_costs_a_whole_hash_with_the_parameters_of_the_others() -> None:
    class Seeing(PasswordHasher):
        seen = ""

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # argon2's own
            """Note what is compared with."""
            Seeing.seen = str(hash)
            return super().verify(hash, password)

    passwords = Passwords(Seeing(time_cost=1, memory_cost=8, parallelism=1))
    assert not passwords.is_right(SECRET, None)
    assert extract_parameters(Seeing.seen) == extract_parameters(passwords.hash(SECRET))
    # It is compared to the end, and does not fail for its form.
    with pytest.raises(VerifyMismatchError):
        CHEAP.verify(Seeing.seen, SECRET)


def test_a_hash_is_argon2id_with_the_parameters_that_owasp_names() -> None:
    assert Passwords().hash(SECRET).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_password_too_long_to_be_one_is_not_hashed(
    database: AccountDatabase, file: AccountFile, passwords: Counting
) -> None:
    add(database)
    assert await file.verify("ada", "x" * (LONGEST + 1)) is Denied.WRONG
    assert await file.verify("ada", "é" * LONGEST) is Denied.WRONG
    assert passwords.checked == []


async def test_a_disabled_account_is_gone_until_it_is_enabled(database: AccountDatabase, file: AccountFile) -> None:
    add(database)
    file.load()
    database.set_disabled("ada", is_disabled=True)
    assert await file.verify("ada", SECRET) is Denied.DISABLED
    assert await file.verify("ada", "another one") is Denied.WRONG
    await file.reload()
    assert file.find("ada") is None
    assert not file
    database.set_disabled("ada", is_disabled=False)
    await file.reload()
    assert file.find("ada") == Account("ada", Role.ADMIN, 3)
    assert file


async def test_what_another_process_changed_is_seen_by_a_reload(database: AccountDatabase, file: AccountFile) -> None:
    add(database)
    file.load()
    database.set_role("ada", Role.READONLY)
    add(database, "bob")
    assert file.find("ada") == Account("ada", Role.ADMIN, 1)
    await file.reload()
    assert file.find("ada") == Account("ada", Role.READONLY, 2)
    assert file.find("bob") == Account("bob", Role.ADMIN, 1)
    database.set_hash("ada", CHEAP.hash("another one"))
    await file.reload()
    assert file.find("ada") == Account("ada", Role.READONLY, 3)
    assert await file.verify("ada", SECRET) is Denied.WRONG


async def test_an_old_hash_is_made_anew_at_a_login_which_changes_nothing_else(
    database: AccountDatabase, file: AccountFile
) -> None:
    database.add("ada", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(SECRET), Role.USER)
    file.load()
    assert await file.verify("ada", SECRET) == file.find("ada")
    entry = database.entry("ada")
    assert entry is not None
    assert not CHEAP.check_needs_rehash(entry.hash)
    assert entry.account.revision == 1
    assert await file.verify("ada", SECRET) == entry.account


@pytest.mark.parametrize("is_seen", [True, False], ids=["seen while it is hashed", "seen afterwards"])
async def test_an_account_that_is_disabled_while_its_password_is_hashed_is_out(
    database: AccountDatabase, file: AccountFile, passwords: Counting, is_seen: bool
) -> None:
    add(database)
    file.load()
    passwords.may_go.clear()
    verifying = asyncio.create_task(file.verify("ada", SECRET))
    assert await asyncio.to_thread(passwords.is_asked.wait, 20)
    database.set_disabled("ada", is_disabled=True)
    if is_seen:
        await file.reload()
    passwords.may_go.set()
    assert await verifying == (Denied.WRONG if is_seen else Account("ada", Role.ADMIN, 1))
    # The next review ends the login that was let in.
    await file.reload()
    assert file.find("ada") is None


def test_a_hash_is_replaced_only_where_the_password_was_not_changed(database: AccountDatabase) -> None:
    add(database)
    old, new, newest = (CHEAP.hash(password) for password in (SECRET, "another one", SECRET))
    database.set_hash("ada", new)
    database.replace_hash("ada", old, newest)
    entry = database.entry("ada")
    assert entry is not None
    assert entry.hash == new


def test_accounts_are_read_again_only_after_a_change(database: AccountDatabase) -> None:
    add(database)
    reader = AccountDatabase(database.path)
    assert reader.changed() == database.entries()
    assert reader.changed() is None
    database.set_role("ada", Role.USER)
    assert reader.changed() == database.entries()
    assert reader.changed() is None
    reader.close()


async def test_two_passwords_are_hashed_at_once_and_a_crowd_is_turned_away(
    database: AccountDatabase, file: AccountFile, passwords: Counting
) -> None:
    add(database)
    passwords.may_go.clear()
    asking = [asyncio.create_task(file.verify("ada", SECRET)) for _ in range(50)]
    turned_away = 0
    for asked in asyncio.as_completed(asking):
        turned_away += await asked is Denied.BUSY
        if turned_away == 18:
            passwords.may_go.set()
    assert turned_away == 18
    assert len(passwords.threads) <= 2
    assert len(passwords.checked) == 32
    assert isinstance(await file.verify("ada", SECRET), Account)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the user's data folder private by itself")
def test_only_its_owner_may_read_the_file(database: AccountDatabase, caplog: pytest.LogCaptureFixture) -> None:
    add(database)
    beside = list(database.path.parent.iterdir())
    assert [path.name for path in sorted(beside)] == ["accounts.sqlite", "accounts.sqlite-shm", "accounts.sqlite-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in beside} == {0o600}
    assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700
    database.close()
    database.path.chmod(0o644)
    assert len(database.entries()) == 1
    database.set_hash("ada", "a hash that is only in the companion yet")
    beside = list(database.path.parent.iterdir())
    assert len(beside) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in beside} == {0o600}
    assert "others could read" in caplog.text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.sqlite"
    text.write_text("not a database, though it is long enough to have been one" * 20)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE account (username)")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    for path in (text, other):
        path.chmod(0o644)
        before = path.read_bytes()
        database = AccountDatabase(path)
        with pytest.raises(AccountFileError, match=f"{path.name} cannot be used as an account file"):
            add(database)
        database.close()
        assert path.read_bytes() == before
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_of_a_newer_version_is_refused(database: AccountDatabase) -> None:
    add(database)
    database.close()
    with sqlite3.connect(database.path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(AccountFileError, match="a newer helios-gateway made it"):
        database.entries()


def test_a_missing_file_is_said_and_not_made(database: AccountDatabase, file: AccountFile) -> None:
    with pytest.raises(AccountFileError, match="`helios-gateway user add NAME --accounts FILE` makes it"):
        file.load()
    with pytest.raises(AccountFileError, match="there is no account file"):
        database.set_role("ada", Role.USER)
    assert not database.path.exists()


async def test_a_file_that_goes_away_lets_nobody_in_and_is_logged_once(
    database: AccountDatabase, file: AccountFile, caplog: pytest.LogCaptureFixture
) -> None:
    add(database)
    file.load()
    database.close()
    database.path.rename(database.path.with_name("aside"))
    for _ in range(3):
        await file.reload()
        assert await file.verify("ada", SECRET) is Denied.BUSY
    assert file.find("ada") == Account("ada", Role.ADMIN, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "there is no account file" in caplog.text
    # Another one in its place, as from a backup.
    other = AccountDatabase(database.path)
    add(other, "bob")
    await file.reload()
    assert (file.find("ada"), file.find("bob")) == (None, Account("bob", Role.ADMIN, 1))
    assert isinstance(await file.verify("bob", SECRET), Account)
    other.close()


def test_many_who_add_the_first_account_at_once_all_succeed(tmp_path: Path) -> None:
    databases = [AccountDatabase(tmp_path / "accounts.sqlite") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(add, database, f"user{number}") for number, database in enumerate(databases)]:
            done.result()
    assert len(databases[0].entries()) == 8
    for database in databases:
        database.close()


def test_an_account_is_added_once_and_changed_only_if_it_is_there(database: AccountDatabase) -> None:
    add(database)
    with pytest.raises(AccountFileError, match="has an account ada already"):
        add(database)
    with pytest.raises(AccountFileError, match="has no account eve"):
        database.set_role("eve", Role.ADMIN)
    assert SECRET not in repr(database.entries())
    assert "argon2" not in repr(database.entries())


async def test_the_demo_ends_with_the_first_account_for_good(database: AccountDatabase, file: AccountFile) -> None:
    accounts = DemoUntilFirst(file)
    demo = await accounts.verify("admin", "admin123")
    assert demo == DEMO_ACCOUNTS.find("admin") == accounts.find("admin")
    assert accounts.is_demo()
    database.add("admin", CHEAP.hash(SECRET), Role.ADMIN)
    assert await accounts.verify("admin", "admin123") is Denied.WRONG
    await accounts.reload()
    assert accounts.find("admin") not in (None, demo)
    assert isinstance(await accounts.verify("admin", SECRET), Account)
    database.set_disabled("admin", is_disabled=True)
    await accounts.reload()
    assert accounts.find("admin") is None
    database.close()
    database.path.unlink()
    await accounts.reload()
    assert not accounts.is_demo()
    assert await accounts.verify("admin", "admin123") is Denied.BUSY


async def test_a_broken_file_does_not_bring_the_demo_back(database: AccountDatabase, file: AccountFile) -> None:
    database.path.parent.mkdir()
    database.path.write_text("not a database" * 100)
    accounts = DemoUntilFirst(file)
    await accounts.reload()
    assert accounts.find("admin") is None
    assert await accounts.verify("admin", "admin123") is Denied.BUSY


async def test_a_place_that_cannot_be_looked_at_ends_the_demo_and_breaks_nothing(
    tmp_path: Path, passwords: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    file = AccountFile(tmp_path / ("a" * 300), passwords)
    accounts = DemoUntilFirst(file)
    await accounts.reload()
    assert not accounts.is_demo()
    assert await accounts.verify("admin", "admin123") is Denied.BUSY
    assert "cannot be opened: " in caplog.text
    file.close()


async def test_where_there_may_be_no_demo_a_missing_file_does_not_bring_it(file: AccountFile) -> None:
    accounts = DemoUntilFirst(file, may_be_demo=False)
    assert not accounts.is_demo()
    assert accounts.find("admin") is None
    assert await accounts.verify("admin", "admin123") is Denied.BUSY
