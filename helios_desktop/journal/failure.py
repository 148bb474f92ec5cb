"""Why a journal cannot be written, in words."""

import errno
import sqlite3
from typing import Final

from helios_desktop.journal.database import DamagedError
from helios_desktop.journal.schema import SchemaError
from helios_desktop.words import _


class NoRoomError(OSError):
    """The disk is fuller than we would have it; the message is a translated clause."""

    def __init__(self, clause: str) -> None:
        super().__init__(errno.ENOSPC, clause)


class TakenError(OSError):
    """Another window records this cluster by now."""

    def __init__(self) -> None:
        super().__init__(errno.EBUSY, _("another window records this cluster"))


Failure = sqlite3.Error | OSError | DamagedError | SchemaError
FAILURES: Final = (sqlite3.Error, OSError, DamagedError, SchemaError)
"""All that opening and writing raise."""
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY: Final = 0xFF
"""The part of an extended result code that names the kind (SQLite, "Result and Error Codes")."""


def is_damage(error: Failure) -> bool:
    """True where the file itself is broken, so that writing to it again is no use."""
    return isinstance(error, DamagedError) or _code(error) in _DAMAGE or _is_broken_text(error)


def damage_of(error: Failure) -> str:
    """What is broken, a clause, where `is_damage`."""
    # What Python says of a text holds the statement and the text.
    return _("a text in it is broken") if _is_broken_text(error) else str(error)


def reason_of(error: Failure) -> str:
    """A translated clause, such as “disk full”."""
    if isinstance(error, SchemaError):
        return str(error)
    if is_damage(error):
        return _("its file is damaged")
    if isinstance(error, NoRoomError | TakenError):
        return str(error.strerror)
    if isinstance(error, OSError):
        return _of_errno(error)
    match _code(error):
        case sqlite3.SQLITE_FULL:
            return _("disk full")
        case sqlite3.SQLITE_READONLY:
            return _("the disk can only be read")
        case sqlite3.SQLITE_CANTOPEN:
            return _("its file cannot be opened")
        case sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return _("no right to write")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _("another program holds its file")
        case sqlite3.SQLITE_IOERR if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_WRITE:
            # SQLite does not tell a quota from a broken disk.
            return _("the disk takes no more: it fails, or a quota is used up")
        case sqlite3.SQLITE_IOERR:
            return _("the disk fails")
        case _:
            return str(error)


def _code(error: Failure) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY


def _is_broken_text(error: Failure) -> bool:
    """True where a text is no UTF-8: the one error of this class that is Python's own, so that it has no code."""
    return isinstance(error, sqlite3.OperationalError) and _code(error) is None


def _of_errno(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return _("disk full")
        case errno.EROFS:
            return _("the disk can only be read")
        case errno.EACCES | errno.EPERM:
            return _("no right to write")
        case errno.ENOENT | errno.ENOTDIR | errno.EEXIST:
            return _("its folder is gone")
        case _:
            return error.strerror or str(error)
