"""A profile as a TOML table: strict reading, and an error that names line, key and the key that was meant."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from helios_desktop.profiles.profile import Colour, LoginPath, Profile, ProfileError, TokenLife
from helios_desktop.protocol.auth import OPAQUE_TOKEN_LIFE_S
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic
from helios_desktop.words import _

_AT_LINE: Final = re.compile(r"(?P<reason>.*) \(at line (?P<line>\d+), column \d+\)\Z", re.DOTALL)
_AT_END: Final = re.compile(r"(?P<reason>.*) \(at end of document\)\Z", re.DOTALL)
_PATH: Final = re.compile(r" - at `\$\.?(?P<key>\w*)[^`]*`\Z")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<key>.*)`\Z", re.DOTALL)
_HEADER: Final = re.compile(r"\s*\[")


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    addresses: tuple[str, ...]
    username: str = ""
    environment: str = ""
    colour: Colour = ""
    ca_file: str = ""
    allows_plain_text: bool = False
    topics: frozenset[Topic] = ALL_TOPICS
    opaque_token_life_s: TokenLife = OPAQUE_TOKEN_LIFE_S
    login_path: LoginPath = ""


def read_profiles(text: str, path: Path) -> tuple[Profile, ...]:
    """Read the whole text of the file at `path`. Raises `ProfileError`."""
    try:
        root = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, path) from None
    for key in root:
        if key != "profiles":
            raise _unknown_key(key, ["profiles"], path, _line_of(text, "", key))
    tables = root.get("profiles", {})
    if not isinstance(tables, dict):
        raise _error(path, _line_of(text, "", "profiles"), _("“profiles” must be a table, like [profiles.prod]"))
    return tuple(_read_profile(profile_id, table, text, path) for profile_id, table in tables.items())


def table_of(profile: Profile) -> dict[str, object]:
    """What the file says of a profile: only what differs from the defaults. Raises `ProfileError`."""
    values = msgspec.structs.asdict(profile)
    del values["id"]
    try:
        entry = msgspec.convert(msgspec.to_builtins(values), _Entry)
    except msgspec.ValidationError as error:
        raise ProfileError(
            _("The profile “{name}” cannot be saved: {reason}.").format(name=profile.name, reason=error)
        ) from None
    defaults = {field.name: field.default for field in msgspec.structs.fields(_Entry)}
    table = {key: value for key, value in msgspec.structs.asdict(entry).items() if value != defaults[key]}
    if "topics" in table:
        table["topics"] = [topic.value for topic in Topic if topic in entry.topics]
    table["addresses"] = list(entry.addresses)
    return table


def _read_profile(profile_id: str, table: object, text: str, path: Path) -> Profile:
    try:
        entry = msgspec.convert(table, _Entry)
    except msgspec.ValidationError as error:
        raise _bad_entry(str(error), profile_id, text, path) from None
    if not entry.addresses:
        raise _error(path, _line_of(text, profile_id, "addresses"), _("“addresses” must name one address at least"))
    return Profile(id=profile_id, **msgspec.structs.asdict(entry))


def _bad_entry(message: str, profile_id: str, text: str, path: Path) -> ProfileError:
    unknown = _UNKNOWN.match(message)
    if unknown is not None:
        key = unknown["key"]
        return _unknown_key(key, list(_Entry.__struct_fields__), path, _line_of(text, profile_id, key))
    at = _PATH.search(message)
    key = at["key"] if at is not None else ""
    reason = _PATH.sub("", message)
    said = _("“{key}” of [profiles.{id}]: {reason}").format(key=key, id=profile_id, reason=reason)
    if not key:
        said = f"[profiles.{profile_id}]: {reason}"
    return _error(path, _line_of(text, profile_id, key), said)


def _unknown_key(key: str, known: list[str], path: Path, line: int) -> ProfileError:
    nearest = difflib.get_close_matches(key, known, 1)
    if nearest:
        said = _("“{key}” is not known here; did you mean “{nearest}”?").format(key=key, nearest=nearest[0])
    else:
        said = _("“{key}” is not known here; known are {known}").format(key=key, known=", ".join(known))
    return _error(path, line, said)


def _syntax_error(message: str, text: str, path: Path) -> ProfileError:
    at = _AT_LINE.match(message)
    if at is not None:
        return _error(path, int(at["line"]), at["reason"])
    at_end = _AT_END.match(message)
    return _error(path, text.count("\n") + 1, message if at_end is None else at_end["reason"])


def _error(path: Path, line: int, said: str) -> ProfileError:
    return ProfileError(
        _("{path}, line {line}: {said} Mend that line in an editor; the file is left as it is.").format(
            path=path, line=line, said=said if said.endswith(("?", ".")) else said + "."
        )
    )


def _line_of(text: str, profile_id: str, key: str) -> int:
    """Where a key of a profile stands; its header where the key is not found, else line 1."""
    header = re.compile(rf"""\s*\[\s*profiles\s*\.\s*["']?{re.escape(profile_id)}["']?\s*\]""")
    assignment = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*(=|\.)""")
    found, is_inside = 1, not profile_id
    for number, line in enumerate(text.splitlines(), 1):
        if profile_id and header.match(line):
            found, is_inside = number, True
        elif is_inside and key and (assignment.match(line) or (not profile_id and _names(line, key))):
            return number
        elif is_inside and profile_id and _HEADER.match(line):
            is_inside = False
    return found


def _names(line: str, key: str) -> bool:
    return re.match(rf"""\s*\[+\s*["']?{re.escape(key)}["']?\s*[.\]]""", line) is not None
