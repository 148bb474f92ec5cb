"""The configuration as a file to begin with: every key, with what it is about and its default."""

import json
import textwrap
from itertools import groupby
from typing import Any, Final

from helios_gateway.configuration.config_keys import Key, section_description, sections
from helios_gateway.configuration.config_reading import variable

_WIDTH: Final = 100
_HEAD: Final = """\
# The configuration of helios-gateway; what stands here are the defaults.
# A variable overrides a key, as {variable} does, and an argument of the command line overrides both.
# `helios-gateway --config FILE --check-config` says what is wrong; SIGHUP lets a running gateway read the file again.
"""


def example() -> str:
    """The text, in TOML; read again, it is the defaults."""
    first = next(iter(next(iter(sections().values())).values()))
    parts = [_HEAD.format(variable=variable(first))]
    for section, keys in sections().items():
        entries = [_entry(told, list(alike)) for told, alike in groupby(keys.values(), lambda key: key.description)]
        head = f"{_comment(section_description(section))}[{section}]\n"
        parts.append(head + "\n".join(entries))
    return "\n".join(parts)


def _entry(description: str, keys: list[Key]) -> str:
    return _comment(description) + "".join(_line(key) for key in keys)


def _line(key: Key) -> str:
    # TOML has no word for "none", and what this machine allows may be wrong for the next one.
    mark = "# " if key.default is None or key.is_computed else ""
    return f"{mark}{key.name} = {_toml(1 if key.default is None else key.default)}\n"


def _comment(said: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(said, _WIDTH, break_on_hyphens=False))


def _toml(value: Any) -> str:
    # Of texts, truth, numbers and lists of texts JSON and TOML write the same.
    return json.dumps(value)
