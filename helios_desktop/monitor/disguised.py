"""A recording with made-up names for hosts and addresses: its texts are rewritten before they are folded anew.

So no event, state or index is ever made of the true names, and what the file shows follows from what it holds.
"""

import zlib
from collections.abc import Sequence
from enum import StrEnum
from types import ModuleType
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from helios_desktop import event, observation
from helios_desktop.journal.anonymise import Disguise, HostFinder
from helios_desktop.journal.manifest import about_of
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stretch import Stretch
from helios_desktop.monitor.anew import Rewriting
from helios_desktop.monitor.beginning import Step, beginning_of
from helios_desktop.protocol import frames, history, messages, subscription
from helios_desktop.store import state
from helios_desktop.store.checkpoint import restore, store
from helios_desktop.store.state import ClusterState

_SPEAKING: Final = (event, observation, frames, history, messages, subscription, state)
_STEP: Final = 1_000


def disguise_of(reader: Reader, found: Sequence[Stretch], step: Step) -> Disguise:
    """Look for hosts and addresses in all that is to be saved. `step` is called with the number of observations."""
    finder = HostFinder(protocol_words())
    for text in (*about_of(reader.meta()).values(), *(gap.reason for gap in reader.gaps())):
        finder.look_at(text)
    for note in reader.notes():
        finder.look_at(note.text)
    for (name,) in reader.connection.execute("SELECT text FROM name ORDER BY id").fetchall():
        finder.look_at(name)
    for stretch in found:
        if stretch.is_begun:
            finder.look_at(_json_of(beginning_of(reader, stretch, step).state))
        for count, (_seq, seen) in enumerate(reader.observations(stretch.first_seq - 1, stretch.last_seq), 1):
            finder.look_at(seen.text)
            if count % _STEP == 0:
                step(_STEP)
    return finder.disguise()


def rewriting_of(disguise: Disguise) -> Rewriting:
    """Made-up names in texts, and in the state that a stretch begins with."""

    def in_state(known: ClusterState) -> ClusterState:
        return restore(zlib.compress(disguise.text(_json_of(known)).encode()))

    return Rewriting(disguise.text, in_state)


def protocol_words() -> set[str]:
    """What messages, events and states are spelt with: a host of such a name is not told from them."""
    words = set(event.SEVERITIES)
    for module in _SPEAKING:
        words |= _words_of(module)
    return words


def _words_of(module: ModuleType) -> set[str]:
    words: set[str] = set()
    for known in vars(module).values():
        if isinstance(known, type) and issubclass(known, Struct):
            words.update(name for field in fields(known) for name in (field.name, field.encode_name))
        elif isinstance(known, type) and issubclass(known, StrEnum):
            words.update(known)
    return words


def _json_of(known: ClusterState) -> str:
    return zlib.decompress(store(known)).decode()
