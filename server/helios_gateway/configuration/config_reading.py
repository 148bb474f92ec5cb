"""Reads the configuration: the file, over it the environment, over both the command line.

Whatever is wrong is told in one sentence that names the place: the file's line, the variable or the argument.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_origin

import msgspec

from helios_gateway.configuration.config import PATHS, Config, KeyPath
from helios_gateway.configuration.config_keys import Key, sections

PREFIX: Final = "HELIOS_GATEWAY_"
_NOT_OURS: Final = re.compile(r"(PORT(_\d.*)?|SERVICE_.*)\Z")
"""What Kubernetes puts into every process's environment for a service of the name "helios-gateway"."""
_AT_LINE: Final = re.compile(r"(?P<reason>.*) \(at line (?P<line>\d+), column \d+\)\Z", re.DOTALL)
_AT: Final = re.compile(r" - at `\$[^`]*`\Z")


class ConfigError(Exception):
    """The configuration cannot be followed; its text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A value of the command line, and how it was named there."""

    said: str
    value: Any


@dataclass(slots=True)
class Origins:
    """Where each key has its value from, to name it as the user did."""

    file: Path | None = None
    text: str = field(default="", repr=False)
    named: dict[KeyPath, str] = field(default_factory=dict)

    def name(self, path: KeyPath, option: str = "") -> str:
        """What to call a key that was set, or that the user may set by `option` where there is no file."""
        return self.named.get(path) or (option if option and self.file is None else f"[{path[0]}] {path[1]}")

    def error(self, path: KeyPath, sentence: str) -> ConfigError:
        """Blame a key: the sentence after the place where its value stands."""
        return ConfigError(f"{self.place(path)}{sentence}")

    def place(self, path: KeyPath) -> str:
        """The file and line of a key, or nothing where an argument's or a variable's name is place enough."""
        if self.file is None or not self.named.get(path, "[").startswith("["):
            return ""
        return f"{self.file}, line {_line_of(self.text, *path)}: "


@dataclass(frozen=True, slots=True)
class Read:
    """The configuration and where it is from."""

    config: Config
    origins: Origins = field(repr=False)


def read(file: Path | None, environment: Mapping[str, str], arguments: Mapping[KeyPath, Argument]) -> Read:
    """Put the configuration together. Raises `ConfigError`; what it means together is checked elsewhere."""
    origins = Origins(file)
    tables: dict[str, dict[str, Any]] = {section: {} for section in sections()}
    if file is not None:
        _take_file(file, tables, origins)
    _take_environment(environment, tables, origins)
    for path, argument in arguments.items():
        tables[path[0]][path[1]] = argument.value
        origins.named[path] = argument.said
    return Read(msgspec.convert(tables, Config), origins)


def _take_file(file: Path, tables: dict[str, dict[str, Any]], origins: Origins) -> None:
    try:
        origins.text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is no text in UTF-8: save it as such") from None
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror or error}") from None
    try:
        root = tomllib.loads(origins.text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.match(str(error))
        where = f"line {at['line']}: {at['reason']}" if at is not None else f"at its end: {error}"
        raise ConfigError(f"{file}, {where}") from None
    for section, table in root.items():
        if section not in tables:
            raise origins.error((section, ""), _unknown_at_root(section, table))
        if not isinstance(table, dict):
            raise origins.error((section, ""), f"“{section}” must be a table: write [{section}] on a line of its own")
        for name, value in table.items():
            key = _key(section, name, origins)
            tables[section][name] = _from_file(key, value, file, origins)
            origins.named[key.path] = f"[{section}] {name}"


def _unknown_at_root(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return _told(name, _nearest_key("", name))
    near = _nearest(name, sections())
    return _told(f"[{name}]", f"[{near}]" if near else "")


def _key(section: str, name: str, origins: Origins) -> Key:
    key = sections()[section].get(name)
    if key is not None:
        return key
    raise origins.error((section, name), _told(f"{section}.{name}", _nearest_key(section, name)))


def _nearest_key(section: str, name: str) -> str:
    """The key that was meant: of that name in another section, else one like it in this section, else anywhere."""
    homes = [known for known, keys in sections().items() if name in keys]
    if homes:
        return f"{homes[0]}.{name}"
    near = _nearest(name, sections().get(section, {}))
    if near:
        return f"{section}.{near}"
    near = _nearest(name, [name for keys in sections().values() for name in keys])
    return _nearest_key("", near) if near else ""


def _from_file(key: Key, value: Any, file: Path, origins: Origins) -> Any:
    try:
        converted = msgspec.convert(value, key.kind)
    except msgspec.ValidationError as error:
        raise origins.error(key.path, f"{key.section}.{key.name}: {_reason(error)}") from None
    return _beside(file, converted) if key.path in PATHS else converted


def _beside(file: Path, told: str) -> str:
    return str(file.parent / told) if told else ""


def _take_environment(environment: Mapping[str, str], tables: dict[str, dict[str, Any]], origins: Origins) -> None:
    keys = {variable(key): key for keys in sections().values() for key in keys.values()}
    for name, told in environment.items():
        if not name.startswith(PREFIX) or _NOT_OURS.match(name.removeprefix(PREFIX)):
            continue
        key = keys.get(name)
        if key is None:
            raise ConfigError(_told(f"the variable {name}", _nearest(name, keys)))
        try:
            value = msgspec.convert(_listed(told) if get_origin(key.kind) is tuple else told, key.kind, strict=False)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{name}: {_reason(error)}") from None
        tables[key.section][key.name] = value
        origins.named[key.path] = name


def variable(key: Key) -> str:
    """The environment variable that overrides a key."""
    return f"{PREFIX}{key.section.upper()}_{key.name.upper()}"


def _listed(told: str) -> list[str]:
    return [part.strip() for part in told.split(",") if part.strip()]


def _reason(error: msgspec.ValidationError) -> str:
    said = _AT.sub("", str(error))
    return f"{said[:1].lower()}{said[1:]}"


def _nearest(asked: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(asked, list(known), 1)), "")


def _told(unknown: str, nearest: str) -> str:
    if nearest:
        return f"{unknown} is not known; did you mean {nearest}?"
    return f"{unknown} is not known; `helios-gateway --print-config` shows all that is"


def _line_of(text: str, section: str, name: str) -> int:
    """Where a key stands, its section where it is not found, else line 1."""
    header = re.compile(rf"""\s*\[\s*["']?{re.escape(section)}["']?\s*\]""")
    dotted = re.compile(rf"""\s*["']?{re.escape(section)}["']?\s*(\.\s*["']?{re.escape(name)}["']?\s*)?=""")
    assigned = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
    found, is_inside, is_first = 1, False, True
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            is_inside, is_first = header.match(line) is not None, False
            found = number if is_inside else found
        elif (is_inside and name and assigned.match(line)) or (is_first and dotted.match(line)):
            return number
    return found
