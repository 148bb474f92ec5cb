"""The profile file: TOML that people may edit, of which we change only what we must.

[profiles.prod]
name = "Production"
addresses = ["https://raft1.example.com:8443", "https://raft2.example.com:8443"]
username = "ops"

docs/using.md, "The profile file", lists all keys.
"""

import re
import unicodedata
from pathlib import Path
from typing import Final

import platformdirs

from helios_desktop.profiles.edit import EditError, with_entry, without_entry
from helios_desktop.profiles.entry import read_profiles, table_of
from helios_desktop.profiles.profile import Profile, ProfileError
from helios_desktop.profiles.whole_file import write_whole
from helios_desktop.words import _

APPLICATION: Final = "helios-desktop"
FILE: Final = "profiles.toml"
_SECTION: Final = "profiles"


class Profiles:
    """The profiles of one folder, read anew at each call, since people edit the file while we run.

    Every call raises `ProfileError` where the file cannot be read as a whole, or written. Then the file is as it was:
    a broken one is never overwritten.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or Path(platformdirs.user_config_dir(APPLICATION, appauthor=False))) / FILE

    def list(self) -> tuple[Profile, ...]:
        """All, in the order of the file; none where there is no file."""
        return read_profiles(self._read(), self.path)

    def get(self, name: str) -> Profile | None:
        """The one of this name: as written, else whatever the case, else by id. None where there is none."""
        profiles = self.list()
        folded = name.casefold()
        by_name = (profile for profile in profiles if profile.name == name)
        by_case = (profile for profile in profiles if profile.name.casefold() == folded)
        by_id = (profile for profile in profiles if profile.id == name)
        return next(by_name, None) or next(by_case, None) or next(by_id, None)

    def by_id(self, profile_id: str) -> Profile | None:
        """The one of this id, whatever it is called by now. None where there is none."""
        return next((profile for profile in self.list() if profile.id == profile_id), None)

    def new_id(self, name: str) -> str:
        """An id for a new profile, made from its name, that no other has."""
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-") or "profile"
        taken = {profile.id for profile in self.list()}
        number, new = 1, slug
        while new in taken:
            number += 1
            new = f"{slug}-{number}"
        return new

    def save(self, profile: Profile) -> None:
        """Add it, or replace the one of its id. Comments and order stay. Two of one name are refused."""
        text = self._read()
        others = [other for other in read_profiles(text, self.path) if other.id != profile.id]
        if any(other.name.casefold() == profile.name.casefold() for other in others):
            raise ProfileError(_("There is a profile “{name}” already: take another name.").format(name=profile.name))
        try:
            changed = with_entry(text, _SECTION, profile.id, table_of(profile))
        except EditError as error:
            raise self._cannot_change(str(error)) from None
        self._write(changed, {other.id: other for other in others} | {profile.id: profile})

    def remove(self, name: str) -> None:
        """Remove the one of this name, if there is one. Its secrets are the caller's to forget."""
        profile = self.get(name)
        if profile is None:
            return
        text = self._read()
        try:
            changed = without_entry(text, _SECTION, profile.id)
        except EditError as error:
            raise self._cannot_change(str(error)) from None
        left = {other.id: other for other in read_profiles(text, self.path) if other.id != profile.id}
        self._write(changed, left)

    def _read(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise ProfileError(
                _("{path}, line {line}: this is not UTF-8. Save the file as UTF-8.").format(path=self.path, line=line)
            ) from None
        except OSError as error:
            raise ProfileError(
                _("{path} cannot be read: {reason}. Check its rights.").format(path=self.path, reason=error.strerror)
            ) from None

    def _write(self, text: str, expected: dict[str, Profile]) -> None:
        """Write `text`, which must read as the profiles `expected`, all or nothing."""
        if {profile.id: profile for profile in read_profiles(text, self.path)} != expected:
            raise self._cannot_change(_("it is written in a way that cannot be kept"))
        try:
            write_whole(self.path, text)
        except OSError as error:
            raise ProfileError(
                _(
                    "{path} cannot be written: {reason}. The profiles are as they were; check the folder's rights."
                ).format(path=self.path, reason=error.strerror)
            ) from None

    def _cannot_change(self, reason: str) -> ProfileError:
        return ProfileError(
            _("{path} cannot be changed: {reason}. It is as it was; change it in an editor.").format(
                path=self.path, reason=reason
            )
        )
