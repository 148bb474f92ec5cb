"""The body of an event as JSON with the name of its type, and back: for what keeps events."""

from typing import Final, get_args

import msgspec
from msgspec import Struct

from helios_desktop.event import Fact

_FACTS: Final[dict[str, type[Fact]]] = {fact.__name__: fact for fact in get_args(Fact)}
_encode: Final = msgspec.json.Encoder().encode


class StoredFact(Struct, frozen=True, gc=False):
    """type: the name of its type here; body: itself."""

    type: str
    body: msgspec.Raw


def store_fact(fact: Fact) -> StoredFact:
    """Wrap a body."""
    return StoredFact(type(fact).__name__, msgspec.Raw(_encode(fact)))


def restore_fact(stored: StoredFact) -> Fact:
    """Unwrap it.

    Raises `msgspec.ValidationError` where it is none that this program knows, and other `msgspec.MsgspecError` where
    it is broken.
    """
    known = _FACTS.get(stored.type)
    if known is None:
        raise msgspec.ValidationError(f"no fact is known by the name {stored.type!r}")
    return msgspec.json.decode(stored.body, type=known)
