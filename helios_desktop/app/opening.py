"""Opening a recording for the window: as it is, or, where it is damaged or of another version, made anew beside."""

import asyncio
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from helios_desktop.client.address import Address, AddressError, parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.failure import FAILURES
from helios_desktop.journal.manifest import Manifest, read_manifest
from helios_desktop.journal.place import RECORDING_SUFFIX
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import RecordingError, open_reader, unreadable
from helios_desktop.journal.steps import event_after
from helios_desktop.monitor.past import EmptyError
from helios_desktop.monitor.rebuild import needs_rebuild, rebuild
from helios_desktop.monitor.recordings import Maker
from helios_desktop.monitor.replay import Replay, open_replay
from helios_desktop.monitor.target import Target
from helios_desktop.version import program_version
from helios_desktop.words import _, ngettext

NOBODY: Final = Credentials()
CHECKED_BYTES: Final = 256 * 1024 * 1024
LEADING: Final = EventFilter(types=frozenset({"leader_change"}))


@dataclass(frozen=True)
class _Found:
    """What is opened: the file itself or what was made of it, from which instant on, and what is missing of it."""

    path: Path
    manifest: Manifest
    at_ns: int | None
    sentence: str = ""


class Opener:
    """Opens recordings; what it has to make anew stands in `folder`, which is the caller's to remove."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    async def open(self, path: Path, now_ns: int) -> tuple[Replay, str]:
        """Give the replay, and a sentence about what is missing of it, "" where nothing is.

        It begins where a leader is first known: before that there is nothing to see. Raises `RecordingError`.
        """
        found = await asyncio.to_thread(self._look, path, now_ns)
        try:
            return await open_replay(found.path, target_of(found.manifest, path), found.at_ns), found.sentence
        except EmptyError:
            raise RecordingError(_("{path} holds nothing yet. Choose another recording.").format(path=path)) from None
        except FAILURES as error:
            raise unreadable(path, error) from error

    def _look(self, path: Path, now_ns: int) -> _Found:
        try:
            with open_reader(path) as reader:
                if not needs_rebuild(reader) and _is_whole(reader):
                    return _Found(path, read_manifest(reader), _first_led_ns(reader))
        except RecordingError as error:
            if not error.is_damaged:
                raise
        except sqlite3.DatabaseError:
            pass  # damaged where nobody had looked yet
        return self._make_anew(path, now_ns)

    def _make_anew(self, path: Path, now_ns: int) -> _Found:
        self._made += 1
        target = self._folder / f"{path.stem[:60]}-{self._made}{RECORDING_SUFFIX}"
        made = rebuild(path, target, Maker(program_version(), now_ns))
        with open_reader(target) as reader:
            found = _Found(target, made.manifest, _first_led_ns(reader))
        why = _("{path} is of another version of this program.").format(path=path)
        if made.lost:
            why = ngettext(
                "{path} is damaged: {n} observation at least could not be read and is shown as a gap.",
                "{path} is damaged: {n} observations at least could not be read and are shown as gaps.",
                made.lost,
            ).format(path=path, n=made.lost)
        copy = _("A copy is shown: save it as a recording to keep it, and the notes that you add.")
        return replace(found, sentence=f"{why} {copy}")


def _is_whole(reader: Reader) -> bool:
    """False where SQLite finds damage; a large file is not read through before it is shown."""
    if reader.path.stat().st_size > CHECKED_BYTES:
        return True
    (found,) = reader.connection.execute("PRAGMA quick_check(1)").fetchone()
    return bool(found == "ok")


def _first_led_ns(reader: Reader) -> int | None:
    number = event_after(reader, 0, LEADING)
    row = None if number is None else reader.rows((number,)).get(number)
    return None if row is None else row.at_ns


def target_of(manifest: Manifest, path: Path) -> Target:
    """Whom a recording is of. It has no credentials, and nobody asks it for any."""
    addresses: list[Address] = []
    for source in manifest.sources:
        with suppress(AddressError):
            addresses.append(parse_address(source))
    return Target(manifest.cluster or path.stem, tuple(addresses), NOBODY, environment=manifest.environment)
