"""The one socket of a connection: when it is pinged, when it is dead, and when it may be closed. Pure."""

from dataclasses import dataclass
from typing import Final

from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause

SILENCE_S: Final = 12.0
"""Nothing came for so long, although pings asked: the connection is dead."""
PING_S: Final = 5.0
"""Less than half the silence limit, so that a ping is always out when it ends; and the round trip stays fresh."""
GRACE_S: Final = 0.5
"""Never close a socket before its first message or this age: the real gateway can die of it (wire.md §2, Closing)."""
STILL_S: Final = 15.0
"""Nothing was done for so long, although a ping was due every `PING_S`: the machine slept, or the program stood."""
LATE_S: Final = 2.0
"""After such a standstill, frames that come within this time may have waited, and prove nothing."""


@dataclass(slots=True)
class HeldSocket:
    """Set `is_leaving` where it is not wanted any more but still lives, and `is_told` once it is being closed.

    ping_ns:  when to ping next
    woke_ns:  when a standstill ended that it has not outlived for certain; None where there was none
    """

    epoch: int
    opened_ns: int | None = None
    has_message: bool = False
    is_leaving: bool = False
    is_told: bool = False
    ping_ns: int = 0
    woke_ns: int | None = None
    _heard_ns: int = 0
    _noted_ns: int = 0

    def open(self, now_ns: int) -> None:
        """It is open."""
        self.opened_ns = self._heard_ns = self._noted_ns = now_ns

    def note(self, now_ns: int) -> None:
        """Something is done with the connection; where nothing was for long, that was a standstill."""
        if self.opened_ns is not None and now_ns - self._noted_ns >= _STILL_NS:
            self.woke_ns = now_ns
        self._noted_ns = now_ns

    def hear(self, now_ns: int) -> None:
        """A frame came."""
        if now_ns - self._noted_ns >= _STILL_NS:
            self.note(now_ns)
        self._heard_ns = self._noted_ns = now_ns
        if self.woke_ns is not None and now_ns - self.woke_ns >= _LATE_NS:
            self.woke_ns = None

    def cause_of_death(self, now_ns: int) -> Cause | None:
        """Why it counts as dead although it is open; None where it does not."""
        if now_ns - self._heard_ns < _SILENCE_NS:
            return None
        if self.woke_ns is not None:
            return Cause.SLEPT
        return Cause.SILENT if self.has_message else Cause.HUB_NOT_RUNNING

    @property
    def is_usable(self) -> bool:
        """True where it is open and wanted."""
        return self.opened_ns is not None and not self.is_leaving

    @property
    def leaves_ns(self) -> int | None:
        """When it may be closed; None where it needs no more telling or is not open yet."""
        if not self.is_leaving or self.is_told or self.opened_ns is None:
            return None
        return self.opened_ns + (0 if self.has_message else _GRACE_NS)

    @property
    def deadline_ns(self) -> int | None:
        """When to look at it again; None where only its opening or its end goes on."""
        if self.is_leaving or self.opened_ns is None:
            return self.leaves_ns
        return min(self.ping_ns, self._heard_ns + _SILENCE_NS)


_SILENCE_NS: Final = int(SILENCE_S * NS)
_GRACE_NS: Final = int(GRACE_S * NS)
_STILL_NS: Final = int(STILL_S * NS)
_LATE_NS: Final = int(LATE_S * NS)
