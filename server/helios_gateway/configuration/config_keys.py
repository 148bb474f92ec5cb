"""The sections and keys of `Config`, as its types tell them."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from helios_gateway.admission.limits import Limits
from helios_gateway.configuration.config import Config, KeyPath

_ENTRY = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*): +(?P<text>\S.*(?:\n {6,}\S.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section.

    kind:        its type without its description
    is_computed: its default is found out when the gateway starts, as by what the system allows
    """

    section: str
    name: str
    kind: Any
    default: Any
    description: str
    is_computed: bool

    @property
    def path(self) -> KeyPath:
        """Its section and name."""
        return self.section, self.name


@cache
def sections() -> dict[str, dict[str, Key]]:
    """Every key by section and name, in the order of the types."""
    defaults = Config()
    return {
        section: {key.name: key for key in _keys(section, type(getattr(defaults, section)))}
        for section in Config.__struct_fields__
    }


def section_description(section: str) -> str:
    """What the section is about, in a line."""
    if section == "limits":
        return "Cadences (in seconds) and bounds; each must be above 0."
    return (type(getattr(Config(), section)).__doc__ or "").strip()


def changed(before: Config, after: Config) -> list[KeyPath]:
    """Which keys differ."""
    return [
        key.path
        for keys in sections().values()
        for key in keys.values()
        if value_of(before, key.path) != value_of(after, key.path)
    ]


def value_of(config: Config, path: KeyPath) -> Any:
    """The value of a key."""
    return getattr(getattr(config, path[0]), path[1])


def _keys(section: str, kind: type) -> Iterator[Key]:
    hints = get_type_hints(kind, include_extras=True)
    defaults = kind()
    said = _limits_said() if kind is Limits else {}
    computed = _computed() if kind is Limits else frozenset()
    for name in hints:
        plain, description = _split(hints[name])
        yield Key(section, name, plain, getattr(defaults, name), description or said.get(name, ""), name in computed)


def _computed() -> frozenset[str]:
    fields = dataclasses.fields(Limits)
    return frozenset(field.name for field in fields if field.default_factory is not dataclasses.MISSING)


def _split(hint: Any) -> tuple[Any, str]:
    if get_origin(hint) is not Annotated:
        return hint, ""
    plain, *metas = get_args(hint)
    return plain, next((meta.description or "" for meta in metas if isinstance(meta, msgspec.Meta)), "")


@cache
def _limits_said() -> dict[str, str]:
    """What the docstring of `Limits` says of each; several that it describes at once have it in common."""
    return {
        name: " ".join(entry["text"].split())
        for entry in _ENTRY.finditer(Limits.__doc__ or "")
        for name in entry["names"].split(", ")
    }
