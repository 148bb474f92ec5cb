"""The folded state as bytes and back, so that a recording need not be folded from its beginning.

`restore(store(state))` equals `state`, but that an event which may yet be completed has forgotten what it completes
itself; it folds on as the state would have done.
"""

import zlib
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from helios_desktop.event import Event
from helios_desktop.fact_codec import StoredFact, restore_fact, store_fact
from helios_desktop.observation import Observation
from helios_desktop.store.state import ClusterState, Recent, RecentKey

FOLD_VERSION: Final = 2
"""Raise it with each change of what the fold makes of the same observations, or of the shape of a state.

Checkpoints of another version are not believed: the observations are folded anew.
"""
_LEVEL: Final = 1
"""Of the compression: texts repeat themselves so much that more of it gains nothing."""


class CheckpointError(ValueError):
    """The bytes hold no state of this version."""


class _StoredRecent(Struct, frozen=True, gc=False):
    key: RecentKey
    type: str
    at_ns: int
    timestamp: str
    observer: str
    node: str
    fact: StoredFact
    observation: Observation
    evidence: tuple[Observation, ...]
    after_ns: int | None
    is_pushed: bool
    lacks: str


_PLAIN: Final = [field for field in fields(ClusterState) if field.name != "recent"]
"""All but the events that may yet be completed: their bodies are of many types."""
# Every field but that one as it is declared, so that a new field of the state is kept without a word here.
_StoredState: Final[Any] = msgspec.defstruct(
    "_StoredState",
    [(field.name, field.type) for field in _PLAIN] + [("recent", tuple[_StoredRecent, ...])],
    frozen=True,
    gc=False,
)


def _plain_mapping(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"a state holds {type(value).__name__}, which JSON cannot")


_encode: Final = msgspec.json.Encoder(enc_hook=_plain_mapping).encode
_decoder: Final = msgspec.json.Decoder(_StoredState)


def store(state: ClusterState) -> bytes:
    """Compressed JSON, some ten kilobytes a node."""
    recent = tuple(_store_recent(key, known) for key, known in state.recent.items())
    plain = {field.name: getattr(state, field.name) for field in _PLAIN}
    return zlib.compress(_encode(_StoredState(**plain, recent=recent)), _LEVEL)


def restore(stored: bytes) -> ClusterState:
    """Raises `CheckpointError`."""
    try:
        read = _decoder.decode(zlib.decompress(stored))
        recent = {kept.key: _restore_recent(kept) for kept in read.recent}
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CheckpointError(str(error)) from None
    plain = {field.name: getattr(read, field.name) for field in _PLAIN}
    return replace(ClusterState(**plain), recent=recent)


def _store_recent(key: RecentKey, known: Recent) -> _StoredRecent:
    event = known.event
    return _StoredRecent(
        key,
        event.type,
        event.at_ns,
        event.timestamp,
        event.observer,
        event.node,
        store_fact(event.body),
        event.observation,
        event.evidence,
        event.after_ns,
        event.is_pushed,
        known.lacks,
    )


def _restore_recent(kept: _StoredRecent) -> Recent:
    event = Event(
        kept.type,
        kept.at_ns,
        kept.timestamp,
        kept.observer,
        kept.node,
        restore_fact(kept.fact),
        kept.observation,
        kept.evidence,
        kept.after_ns,
        is_pushed=kept.is_pushed,
    )
    return Recent(event, kept.lacks)
