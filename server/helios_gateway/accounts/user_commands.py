"""`helios-gateway user`: the accounts that may log in, kept in a file. A running gateway follows within a second."""

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from helios_gateway.accounts.account_database import AccountDatabase, AccountFileError, Entry, default_path
from helios_gateway.accounts.accounts import Role
from helios_gateway.accounts.passwords import LONGEST, Passwords, password_fault, username_fault
from helios_gateway.command_line import FAILURE, OK, Parser, say_wrong

Ask = Callable[[str], str]
"""Asks for a secret with a prompt. Raises `PasswordError` where there is no terminal, `EOFError` at its end."""

_LINE_END: Final = 2


class PasswordError(Exception):
    """Why there is no password to use, as a sentence."""


def main(arguments: Sequence[str], ask: Ask | None = None, passwords: Passwords | None = None) -> int:
    """Do what is asked. Returns 0, or 1 for a failure; a wrong command line ends with 2. Each is said in a line."""
    options = _parse(arguments)
    path = default_path() if options.accounts is None else options.accounts
    command = UserCommands(
        AccountDatabase(path),
        Passwords() if passwords is None else passwords,
        ask_on_terminal if ask is None else ask,
    )
    try:
        print(command.run(options))
    except (AccountFileError, PasswordError) as error:
        say_wrong(str(error))
        return FAILURE
    except (EOFError, KeyboardInterrupt):
        say_wrong("no password was given: nothing was changed")
        return FAILURE
    finally:
        command.close()
    return OK


class UserCommands:
    """The commands, each of which gives what to print. `close` at the end."""

    def __init__(self, database: AccountDatabase, passwords: Passwords, ask: Ask) -> None:
        self._database = database
        self._passwords = passwords
        self._ask = ask

    def run(self, options: argparse.Namespace) -> str:
        """Do one. Raises `AccountFileError` and `PasswordError`."""
        database, path = self._database, self._database.path
        match options.command:
            case "add":
                return self._add(options)
            case "passwd":
                self._must_exist(options.name)
                database.set_hash(options.name, self._hash(options))
                return f"{options.name} has a new password, and must log in again"
            case "role":
                database.set_role(options.name, options.role)
                return f"{options.name} is {_with_article(options.role)} now, and must log in again"
            case "disable":
                database.set_disabled(options.name, is_disabled=True)
                return f"{options.name} can no longer log in, and is logged out"
            case "enable":
                database.set_disabled(options.name, is_disabled=False)
                return f"{options.name} may log in again"
            case _:
                return _table(database.entries()) or f"{path} has no accounts"

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def _add(self, options: argparse.Namespace) -> str:
        database = self._database
        is_first = not database.is_there()
        if not is_first and database.entry(options.name) is not None:
            # Before a password is asked for.
            raise AccountFileError(
                f"{database.path} has an account {options.name} already: change it with passwd, role, disable or enable"
            )
        database.add(options.name, self._hash(options), options.role)
        told = f"{options.name} is {_with_article(options.role)} in {database.path}"
        if is_first:
            told += "\nThis is its first account: with this file the demo's accounts hold no more"
        return told

    def _must_exist(self, name: str) -> None:
        if self._database.entry(name) is None:
            raise AccountFileError(
                f"{self._database.path} has no account {name}: `helios-gateway user list` names them"
            )

    def _hash(self, options: argparse.Namespace) -> str:
        if options.password_file is not None:
            password = read_password(options.password_file)
        else:
            password = self._ask(f"Password for {options.name}: ")
            fault = password_fault(password)
            if not fault and self._ask("The same again: ") != password:
                raise PasswordError("the two passwords differ: nothing was changed")
        fault = password_fault(password)
        if fault:
            raise PasswordError(f"{fault}: nothing was changed")
        return self._passwords.hash(password)


def _table(entries: Sequence[Entry]) -> str:
    width = max((len(entry.account.username) for entry in entries), default=0)
    lines = [
        f"{entry.account.username:{width}}  {entry.account.role:8}  {'disabled' if entry.is_disabled else ''}".rstrip()
        for entry in entries
    ]
    return "\n".join(lines)


def ask_on_terminal(prompt: str) -> str:
    """Ask without an echo."""
    if not sys.stdin.isatty():
        raise PasswordError("there is no terminal to ask for the password: give --password-file FILE")
    return getpass.getpass(prompt)


def read_password(path: Path) -> str:
    """The text of a file, of which one line end is left away. Raises `PasswordError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + _LINE_END + 1)
        if len(raw) > LONGEST + _LINE_END:
            raise PasswordError(f"the password file {path} is too long: {password_fault(raw.decode('latin-1'))}")
        text = raw.decode()
    except OSError as error:
        raise PasswordError(f"the password file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PasswordError(f"the password file {path} is no UTF-8 text") from None
    password = text.removesuffix("\n").removesuffix("\r")
    if not all(sign.isprintable() for sign in password):
        raise PasswordError(f"the password file {path} has more than one line, or characters that cannot be typed")
    return password


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="helios-gateway user", description="The accounts that may log in to the gateway.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = Parser(add_help=False)
    common.add_argument(
        "--accounts",
        type=Path,
        metavar="FILE",
        help=f"the file of the accounts (default: {str(default_path()).replace('%', '%%')})",
    )
    secret = Parser(add_help=False)
    secret.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="read the password from there; without it, it is asked for twice, on the terminal",
    )
    roles = [role.value for role in Role]

    def command(name: str, told: str, *parents: Parser) -> Parser:
        return commands.add_parser(name, help=told, description=told, parents=[common, *parents], allow_abbrev=False)

    command("list", "name the accounts, with their roles")
    add = command("add", "add an account; the first one ends the demo's accounts for good", secret)
    named = [
        add,
        command("passwd", "change a password, which logs the user out", secret),
        command("disable", "let nobody log in under that name, and log it out"),
        command("enable", "let a disabled account log in again"),
        command("role", "change what an account may do, which logs it out"),
    ]
    for one in named:
        one.add_argument("name", metavar="NAME", type=_username)
    add.add_argument("--role", choices=roles, default="readonly", help="admin may all (default: %(default)s)")
    named[-1].add_argument("role", choices=roles, metavar="ROLE", help=", ".join(roles))
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        # Without their values, one of which may be a password.
        names = " ".join(word.partition("=")[0] for word in unknown if word.startswith("--"))
        parser.error(
            f"unrecognized arguments{names and f': {names}'}; "
            "a password is never one: it is asked for, or read from --password-file FILE"
        )
    if "role" in options:
        options.role = Role(options.role)
    return options


def _username(told: str) -> str:
    fault = username_fault(told)
    if fault:
        raise argparse.ArgumentTypeError(f"{told[:64]!r} will not do: {fault}")
    return told


def _with_article(role: Role) -> str:
    return {Role.ADMIN: "an admin", Role.USER: "a user", Role.READONLY: "a reader (readonly)"}[role]
