"""A file that is there whole or not at all.

It is written beside its target under another name, brought to the disk and renamed. Whatever fails on the way leaves
no trace, and a file that was there before stays as it was.
"""

import contextlib
import errno
import os
import secrets
from pathlib import Path
from typing import IO, Final, Self

from helios_desktop.words import _

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
PARTS: Final = ("", "-wal", "-shm", "-journal", ".lock")
"""The endings of a journal or a recording, and of what SQLite and the lock keep beside it."""


class ExportError(Exception):
    """Nothing was written; the message is a sentence with the path, the cause and what to do."""


class ExportCancelled(ExportError):  # noqa: N818 - it is what happened, not a fault
    """It was cancelled; nothing was written."""

    def __init__(self) -> None:
        super().__init__(_("The export was cancelled; no file was written."))


class Replacement:
    """A file that becomes `path` by `take_place`, or goes. Its calls raise OSError; `cannot_write` has the words."""

    def __init__(self, path: Path) -> None:
        self._path = _target_of(path)
        self._temporary: Path | None = None
        self.file: IO[bytes]

    def __enter__(self) -> Self:
        self.file = _open_beside(self._path)
        self._temporary = Path(self.file.name)
        return self

    def write(self, text: str) -> None:
        """Append it as UTF-8."""
        self.file.write(text.encode("utf-8", "backslashreplace"))

    def sync(self) -> None:
        """Bring all to the disk; from then on only a rename can fail."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    def take_place(self) -> None:
        """Become the target, with the rights of what was there."""
        if self._temporary is None:
            return
        if self._path.exists():
            self._temporary.chmod(self._path.stat().st_mode & 0o777)
        self._temporary.replace(self._path)
        self._temporary = None

    def __exit__(self, *_exception: object) -> None:
        # A full disk fails once more where the rest of the buffer is flushed; that failure is already told.
        with contextlib.suppress(OSError):
            self.file.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out before anything is gathered whether `path` can be written. Raises `ExportError`."""
    try:
        with _open_beside(_target_of(path)) as file:
            Path(file.name).unlink()
    except OSError as error:
        raise cannot_write(path, error) from None


def check_apart(path: Path, source: Path) -> None:
    """Raise `ExportError` where `path` is the journal or recording it is made from, or stands beside it for SQLite."""
    if any(_is_same(path, Path(f"{source}{ending}")) for ending in PARTS):
        sentence = _("{path} cannot take the place of what it is made from. Give the new file another name.")
        raise ExportError(sentence.format(path=path))


def cannot_write(path: Path, error: OSError) -> ExportError:
    """What to tell where writing to `path` failed."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        sentence = _(
            "{path} was not written: the disk is full. Free some space or choose another folder, then try again."
        )
    elif error.errno in _FORBIDDEN:
        sentence = _("{path} cannot be written: {reason}. Choose another folder, or ask for the right to write.")
    elif error.errno in _ABSENT:
        sentence = _("{path} cannot be written: its folder is not there. Make it, or choose another.")
    elif error.errno == errno.EISDIR:
        sentence = _("{path} is a folder: name a file in it.")
    else:
        sentence = _("{path} was not written: {reason}. Choose another file name or folder.")
    return ExportError(sentence.format(path=path, reason=reason))


def _target_of(path: Path) -> Path:
    """The file that is replaced: a link stays one, and what it names goes. It is a file or not there yet."""
    # Before links are followed, since the pipe behind /dev/stdout has no name that could be looked at.
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        # As root, the renaming would put a file in the place of a device.
        raise OSError(errno.EINVAL, _("it is a device or a pipe"))
    return path.resolve()


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        # One of them is not there (yet): SQLite would take what is made there for its own.
        return os.path.realpath(path) == os.path.realpath(other)


def _open_beside(path: Path) -> IO[bytes]:
    """Make a new file for writing in the folder of `path`."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part").open("xb")
