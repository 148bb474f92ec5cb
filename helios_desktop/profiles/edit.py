"""Changing one table of a TOML file that people edit too: all else stays as they wrote it, to the letter."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tomlkit


class EditError(ValueError):
    """The text cannot be changed; the message is a clause."""


def with_entry(text: str, section: str, key: str, entry: Mapping[str, object]) -> str:
    """Put `[section.key]` there, or bring it to `entry`; what stays of it keeps its place, way of writing and comment.

    Raises `EditError`.
    """
    import tomlkit  # noqa: PLC0415 - few starts change a file, and the window is to be there soon

    document = _parsed(text)
    tables = document.setdefault(section, tomlkit.table(is_super_table=True))
    table = tables.setdefault(key, tomlkit.table())
    for old in [old for old in table if old not in entry]:
        del table[old]
    for name, value in entry.items():
        if name not in table or table[name] != value:
            table[name] = value
    return tomlkit.dumps(document)


def without_entry(text: str, section: str, key: str) -> str:
    """Remove `[section.key]`, which must be there. Raises `EditError`."""
    import tomlkit  # noqa: PLC0415 - see above

    document = _parsed(text)
    del document[section][key]
    return tomlkit.dumps(document)


def _parsed(text: str) -> "tomlkit.TOMLDocument":
    import tomlkit  # noqa: PLC0415 - see above
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise EditError(str(error)) from None
