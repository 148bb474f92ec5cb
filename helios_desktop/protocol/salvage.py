"""Reading as much of a value as can be read, where its type's strict decoding failed.

A whole number may be written as a float. A part of a wrong type is left out, and noted, where its type can do without
it. Null is "not told", which is no fault. Nothing becomes a number that is none: neither "5" nor true.
"""

from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec.inspect import (
    BoolType,
    DictType,
    FloatType,
    IntType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)

MOST_NOTES: Final = 20
LARGEST_WHOLE: Final = 2.0**64
"""Go's largest integer is a uint64; a float beyond it is no count."""

T = TypeVar("T")


class UnreadableError(Exception):
    """Not even the core of the value could be read; the message says what it lacks."""


class Shape(Generic[T]):
    """A type that values can be read as; make it once."""

    def __init__(self, kind: type[T]) -> None:
        self.type = msgspec.inspect.type_info(kind)


class Salvage:
    """Reads the parts of one message.

    unread: paths of what was told but is of a wrong type, so that it counts as not told; at most `MOST_NOTES`
    """

    def __init__(self) -> None:
        self.unread: list[str] = []

    def read(self, value: object, shape: Shape[T], path: str = "data") -> T:
        """Give what can be read of `value`, which stands at `path`. Raises `UnreadableError`."""
        read: T = self._read(value, shape.type, path)
        return read

    def note(self, path: str) -> None:
        """Remember that what stands at `path` could not be read."""
        if len(self.unread) < MOST_NOTES:
            self.unread.append(path)

    def _read(self, value: Any, kind: Type, path: str) -> Any:
        match kind:
            case StrType() if isinstance(value, str):
                return value
            case BoolType() if isinstance(value, bool):
                return value
            case NoneType() if value is None:
                return None
            case IntType() | FloatType() if isinstance(value, int | float) and not isinstance(value, bool):
                return _number(value, path, is_whole=isinstance(kind, IntType))
            case StructType() if isinstance(value, dict):
                try:
                    return msgspec.convert(value, kind.cls)  # most parts are sound, and this is fast
                except msgspec.ValidationError:
                    return self._struct(value, kind, path)
            case DictType() if isinstance(value, dict):
                return self._dict(value, kind, path)
            case VarTupleType() if isinstance(value, list):
                # All or nothing: a list that lacks one would tell that it is gone.
                return tuple(self._read(item, kind.item_type, f"{path}[{at}]") for at, item in enumerate(value))
            case UnionType():
                return self._union(value, kind, path)
            case msgspec.inspect.AnyType():
                return value
            case _:
                raise UnreadableError(f"`{path}` is missing or of a wrong type")

    def _struct(self, told: dict[str, Any], kind: StructType, path: str) -> Any:
        read: dict[str, Any] = {}
        for field in kind.fields:
            value = told.get(field.encode_name)
            below = f"{path}.{field.encode_name}"
            if field.required:
                read[field.name] = self._read(value, field.type, below)
            elif value is not None:
                try:
                    read[field.name] = self._read(value, field.type, below)
                except UnreadableError:
                    self.note(below)
        return kind.cls(**read)

    def _dict(self, told: dict[str, Any], kind: DictType, path: str) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for name, value in told.items():
            try:
                read[name] = self._read(value, kind.value_type, f"{path}.{name}")
            except UnreadableError:
                self.note(f"{path}.{name}")
        if told and not read:
            raise UnreadableError(f"nothing in `{path}` can be read")
        return read

    def _union(self, value: Any, kind: UnionType, path: str) -> Any:
        notes = len(self.unread)
        for one in kind.types:
            try:
                return self._read(value, one, path)
            except UnreadableError:
                del self.unread[notes:]
        raise UnreadableError(f"`{path}` is missing or of a wrong type")


def _number(value: float, path: str, *, is_whole: bool) -> float:
    if is_whole:
        if isinstance(value, int) or (value.is_integer() and abs(value) <= LARGEST_WHOLE):
            return int(value)
    else:
        try:
            return float(value)
        except OverflowError:
            pass  # an integer beyond all floats
    raise UnreadableError(f"`{path}` is no number that fits")
