"""One writer a journal: whoever holds the lock file beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from filelock import FileLock

_SUFFIX: Final = ".lock"


class JournalLock:
    """The system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = Path(f"{path}{_SUFFIX}")
        self._lock: FileLock | None = None
        self._inode: tuple[int, int] | None = None

    def take(self) -> bool:
        """Take it, or keep it; False where another has it. Makes the folder. Raises OSError."""
        # Loaded by the thread that writes: the window is to be there soon.
        from filelock import FileLock, Timeout  # noqa: PLC0415 - see above

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = FileLock(self._path, timeout=0, thread_local=False)
        if self._lock.is_locked:
            if self._inode == inode_of(self._path):
                return True
            # Somebody took the file away, so that another could hold one of the same name.
            self._lock.release()
        try:
            self._lock.acquire()
        except Timeout:
            return False
        self._inode = inode_of(self._path)
        return True

    def release(self) -> None:
        """Let go of it; nothing where it was not taken."""
        if self._lock is not None:
            self._lock.release()


def inode_of(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
