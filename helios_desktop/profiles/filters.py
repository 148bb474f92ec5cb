"""Filters of the timeline under names of their own, in a TOML file beside the profiles that people may edit.

[filters."Only elections"]
types = ["leader_change", "term_change"]
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import platformdirs
from msgspec import Struct

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter, Finder, PatternError
from helios_desktop.profiles.edit import EditError, with_entry, without_entry
from helios_desktop.profiles.file import APPLICATION
from helios_desktop.profiles.whole_file import write_whole
from helios_desktop.words import _

FILE: Final = "filters.toml"
_SECTION: Final = "filters"
_SEVERITY_NAMES: Final = {severity.name.lower(): severity for severity in Severity}


class FiltersError(Exception):
    """The file cannot be read or written; the message is a sentence with what to do next."""


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    types: tuple[str, ...] | None = None
    hidden_types: tuple[str, ...] = ()
    text: str = ""
    pattern: str = ""
    severities: tuple[str, ...] | None = None
    nodes: tuple[str, ...] | None = None
    hidden_nodes: tuple[str, ...] = ()
    observers: tuple[str, ...] | None = None
    hidden_observers: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    filters: dict[str, _Entry] = {}


class SavedFilters:
    """The filters of one folder, read anew at each call.

    Every call raises `FiltersError` where the file cannot be read as a whole, or written: then it is as it was.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or Path(platformdirs.user_config_dir(APPLICATION, appauthor=False))) / FILE

    def list(self) -> Mapping[str, EventFilter]:
        """All, by name, in the order of the file; none where there is no file."""
        return {name: self._filter(name, entry) for name, entry in self._read(self._text()).items()}

    def save(self, name: str, chosen: EventFilter) -> None:
        """Add it, or replace the one of this name. Comments and order stay."""
        text = self._text()
        self._read(text)
        try:
            changed = with_entry(text, _SECTION, name, msgspec.to_builtins(_entry(chosen)))
        except EditError as error:
            raise self._error(str(error)) from None
        self._write(changed)

    def remove(self, name: str) -> None:
        """Remove the one of this name, if there is one."""
        text = self._text()
        if name not in self._read(text):
            return
        try:
            changed = without_entry(text, _SECTION, name)
        except EditError as error:
            raise self._error(str(error)) from None
        self._write(changed)

    def _filter(self, name: str, entry: _Entry) -> EventFilter:
        unknown = set(entry.severities or ()) - _SEVERITY_NAMES.keys()
        if unknown:
            known = ", ".join(_SEVERITY_NAMES)
            reason = _("“{name}” is no severity; known are {known}").format(name=min(unknown), known=known)
            raise self._error(_("[filters.{name}]: {reason}").format(name=name, reason=reason))
        severities = None if entry.severities is None else frozenset(_SEVERITY_NAMES[one] for one in entry.severities)
        chosen = EventFilter(
            types=_set(entry.types),
            hidden_types=frozenset(entry.hidden_types),
            text=entry.text,
            severities=severities,
            nodes=_set(entry.nodes),
            hidden_nodes=frozenset(entry.hidden_nodes),
            observers=_set(entry.observers),
            hidden_observers=frozenset(entry.hidden_observers),
            pattern=entry.pattern,
            since_ns=entry.since_ns,
            until_ns=entry.until_ns,
        )
        try:
            Finder(chosen)
        except PatternError as error:
            raise self._error(_("[filters.{name}]: {reason}").format(name=name, reason=error)) from None
        return chosen

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise self._error(_("this is not UTF-8")) from None
        except OSError as error:
            sentence = _("{path} cannot be read: {reason}. Check its rights.")
            raise FiltersError(sentence.format(path=self.path, reason=error.strerror)) from None

    def _read(self, text: str) -> dict[str, _Entry]:
        try:
            return msgspec.convert(tomllib.loads(text), _File).filters
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise self._error(str(error)) from None

    def _write(self, text: str) -> None:
        self._read(text)
        try:
            write_whole(self.path, text)
        except OSError as error:
            sentence = _("{path} cannot be written: {reason}. The filters are as they were; check the folder's rights.")
            raise FiltersError(sentence.format(path=self.path, reason=error.strerror)) from None

    def _error(self, reason: str) -> FiltersError:
        sentence = _("{path}: {reason}. Mend it in an editor; the file is left as it is.")
        return FiltersError(sentence.format(path=self.path, reason=reason.removesuffix(".")))


def _entry(chosen: EventFilter) -> _Entry:
    severities = None if chosen.severities is None else tuple(one.name.lower() for one in sorted(chosen.severities))
    return _Entry(
        types=_tuple(chosen.types),
        hidden_types=tuple(sorted(chosen.hidden_types)),
        text=chosen.text,
        pattern=chosen.pattern,
        severities=severities,
        nodes=_tuple(chosen.nodes),
        hidden_nodes=tuple(sorted(chosen.hidden_nodes)),
        observers=_tuple(chosen.observers),
        hidden_observers=tuple(sorted(chosen.hidden_observers)),
        since_ns=chosen.since_ns,
        until_ns=chosen.until_ns,
    )


def _tuple(names: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(names))


def _set(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
