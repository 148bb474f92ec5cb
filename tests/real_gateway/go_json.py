"""JSON read as Go's encoding/json reads it from a stream: the first value only, keys in any case."""

import json
from typing import Final, NoReturn


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("Go knows no NaN and no Infinity")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def first_value(data: bytes) -> object:
    """Give the first JSON value of `data`. Raises ValueError where there is none."""
    value, _end = _DECODER.raw_decode(data.decode("utf-8", "replace").lstrip(" \t\r\n"))
    return value


def lower_keys(value: dict[str, object]) -> dict[str, object]:
    """The object with its keys in lower case, as Go matches them to a struct's fields; the last one wins."""
    return {key.lower(): item for key, item in value.items()}
