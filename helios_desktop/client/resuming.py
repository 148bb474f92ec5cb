"""Where a socket ended in the numbering of our own gateway, so that the next one can go on from there. Pure."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from helios_desktop.protocol.codec import UNREADABLE

_BOOT: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
"""The name of a gateway's run; it goes back into a query, which must stay short and plain whatever a server sends."""
_MOST: Final = 10**18


@dataclass(frozen=True, slots=True)
class Place:
    """The message `seq` of the gateway's run `boot`. Its text is what `?since=` asks for."""

    boot: str
    seq: int

    def __str__(self) -> str:
        return f"{self.boot}:{self.seq}"


class _Numbered(Struct, frozen=True, gc=False):
    boot: str
    seq: int


_numbered: Final = msgspec.json.Decoder(_Numbered).decode


def place_of(text: str) -> Place | None:
    """The place of the message with this text; None where its gateway numbers none, as the real one."""
    try:
        told = _numbered(text)
    except UNREADABLE:
        return None
    return Place(told.boot, told.seq) if _BOOT.fullmatch(told.boot) and 0 < told.seq < _MOST else None
