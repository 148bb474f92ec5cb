"""`helios-gateway user`: what it does, what it says, and what it refuses in one sentence each."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from helios_gateway import cli
from helios_gateway.accounts import user_commands
from helios_gateway.accounts.account_database import AccountDatabase, default_path
from helios_gateway.accounts.passwords import Passwords

SECRET = "correct horse"
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Terminal:
    """Answers what it is asked, in order; after the last one comes the end of input."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        """The next answer."""
        self.asked.append(prompt)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[AccountDatabase]:
    """The file that the commands write."""
    database = AccountDatabase(tmp_path / "accounts.sqlite")
    yield database
    database.close()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(terminal: Terminal, database: AccountDatabase, capsys: pytest.CaptureFixture[str]) -> Run:
    """Gives the code, and what was written to both outputs."""

    def running(*arguments: str) -> tuple[int, str, str]:
        place = ["--accounts", str(database.path)] if arguments else []
        try:
            code = user_commands.main([*arguments, *place], terminal, CHEAP)
        except SystemExit as ended:
            code = int(str(ended.code))
        told = capsys.readouterr()
        return code, told.out, told.err

    return running


@pytest.fixture
def add(run: Run, terminal: Terminal) -> Callable[..., None]:
    """Adds an account."""

    def adding(name: str, *arguments: str) -> None:
        terminal.answers = [SECRET, SECRET]
        assert run("add", name, *arguments)[0] == 0

    return adding


def test_the_first_account_is_added_with_a_password_that_is_asked_for_twice(
    run: Run, terminal: Terminal, database: AccountDatabase
) -> None:
    terminal.answers = [SECRET, SECRET]
    code, out, err = run("add", "ada", "--role", "admin")
    assert (code, err) == (0, "")
    assert out == (
        f"ada is an admin in {database.path}\n"
        "This is its first account: with this file the demo's accounts hold no more\n"
    )
    assert terminal.asked == ["Password for ada: ", "The same again: "]
    entry = database.entry("ada")
    assert entry is not None
    assert CHEAP.is_right(SECRET, entry.hash)
    terminal.answers = [SECRET, SECRET]
    assert run("add", "bob")[1] == f"bob is a reader (readonly) in {database.path}\n"


def test_accounts_are_listed_by_name(run: Run, add: Callable[..., None]) -> None:
    add("zoe", "--role", "user")
    add("ada", "--role", "admin")
    run("disable", "zoe")
    assert run("list") == (0, "ada  admin\nzoe  user      disabled\n", "")
    assert run("enable", "zoe")[1] == "zoe may log in again\n"
    assert run("list")[1] == "ada  admin\nzoe  user\n"


def test_a_password_and_a_role_are_changed(run: Run, add: Callable[..., None], database: AccountDatabase) -> None:
    add("ada")
    file = database.path.with_name("secret")
    file.write_bytes("другой пароль\r\n".encode())
    assert run("passwd", "ada", "--password-file", str(file))[:2] == (
        0,
        "ada has a new password, and must log in again\n",
    )
    assert run("role", "ada", "user")[:2] == (0, "ada is a user now, and must log in again\n")
    entry = database.entry("ada")
    assert entry is not None
    assert CHEAP.is_right("другой пароль", entry.hash)
    assert (entry.account.role, entry.account.revision) == ("user", 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "arguments are required: COMMAND"),
        (["remove", "ada"], "invalid choice: 'remove'"),
        (["add"], "arguments are required: NAME"),
        (["add", "a b"], "'a b' will not do: a name has visible characters only"),
        (["add", "\x1b[2J"], "a name has visible characters only"),
        (["add", "x" * 65], "a name has 1 to 64 characters, this one 65"),
        (["add", "eve", "--role", "king"], "invalid choice: 'king'"),
        (["add", "eve", "--password", SECRET], "unrecognized arguments: --password; a password is never one"),
        (["add", "eve", f"--password={SECRET}"], "unrecognized arguments: --password; a password is never one"),
        (["add", "eve", SECRET], "unrecognized arguments; a password is never one"),
        (["role", "ada"], "arguments are required: ROLE"),
        (["role", "ada", "king"], "invalid choice: 'king'"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_code_2(
    run: Run, arguments: list[str], says: str, database: AccountDatabase
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert err.startswith("helios-gateway: ")
    assert "\x1b" not in err
    assert SECRET not in err
    assert not database.path.exists()


@pytest.mark.parametrize(
    ("arguments", "answers", "says"),
    [
        (["add", "ada"], [], "has an account ada already: change it with passwd, role, disable or enable"),
        (["passwd", "eve"], [], "has no account eve: `helios-gateway user list` names them"),
        (["role", "eve", "user"], [], "has no account eve"),
        (["disable", "eve"], [], "has no account eve"),
        (["add", "eve"], ["short"], "a password has 8 to 1024 bytes, this one 5: nothing was changed"),
        (["add", "eve"], ["x" * 1025], "this one more"),
        (["add", "eve"], [SECRET, SECRET + "r"], "the two passwords differ: nothing was changed"),
        (["add", "eve"], [SECRET], "no password was given: nothing was changed"),
        (["passwd", "ada"], [], "no password was given: nothing was changed"),
        (["add", "eve", "--password-file", "/nowhere"], [], "the password file /nowhere cannot be read: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_code_1(
    run: Run,
    add: Callable[..., None],
    terminal: Terminal,
    database: AccountDatabase,
    arguments: list[str],
    answers: list[str],
    says: str,
) -> None:
    add("ada")
    before = database.entries()
    terminal.answers = list(answers)
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert says in err
    assert err.count("\n") == 1
    assert SECRET not in err
    assert database.entries() == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"short\n", "this one 5"),
        (b"", "this one 0"),
        (b"correct horse\nbattery\n", "more than one line"),
        (b"correct\x00horse", "characters that cannot be typed"),
        (b"correct \xff horse", "is no UTF-8 text"),
        (b"x" * 100_000, "is too long: a password has 8 to 1024 bytes, this one more"),
    ],
)
def test_a_password_file_is_looked_at(
    run: Run, database: AccountDatabase, tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    code, _, err = run("add", "ada", "--password-file", str(file))
    assert code == 1
    assert says in err
    assert "horse" not in err
    assert not database.path.exists()


def test_the_list_of_no_file_says_how_to_make_one(run: Run, database: AccountDatabase) -> None:
    code, _, err = run("list")
    assert code == 1
    assert f"there is no account file {database.path}: `helios-gateway user add NAME --accounts FILE` makes it" in err
    assert not database.path.exists()


def test_an_interrupt_at_the_prompt_is_no_traceback(
    database: AccountDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_prompt: str) -> str:
        raise KeyboardInterrupt

    assert user_commands.main(["add", "ada", "--accounts", str(database.path)], interrupted, CHEAP) == 1
    assert capsys.readouterr().err == "helios-gateway: no password was given: nothing was changed\n"


def test_the_file_is_in_the_users_data_folder_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cli.main(["user", "list"]) == 1
    assert str(default_path()) in capsys.readouterr().err


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "helios_gateway.cli", "user", "add", "ada", "--accounts", str(tmp_path / "a")],
        input=f"{SECRET}\n{SECRET}\n",
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == ("helios-gateway: there is no terminal to ask for the password: give --password-file FILE\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_on_a_terminal_the_password_is_not_shown(tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - not on Windows

    database = AccountDatabase(tmp_path / "accounts.sqlite")
    terminal, its_end = pty.openpty()
    arguments = ["user", "add", "ada", "--accounts", str(database.path)]
    command = subprocess.Popen(
        [sys.executable, "-m", "helios_gateway.cli", *arguments],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
    )
    shown = b""
    for prompt in (b"Password for ada: ", b"The same again: "):
        shown += _read_until(terminal, prompt)
        os.write(terminal, f"{SECRET}\n".encode())
    shown += _read_until(terminal, b"hold no more")
    assert command.wait(30) == 0
    os.close(terminal)
    os.close(its_end)
    assert SECRET.encode() not in shown
    assert [entry.account.username for entry in database.entries()] == ["ada"]
    database.close()


def _read_until(terminal: int, text: bytes) -> bytes:
    read = b""
    deadline = time.monotonic() + 30
    while text not in read:
        assert time.monotonic() < deadline, read
        read += os.read(terminal, 1024)
    return read
