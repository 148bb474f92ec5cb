"""Which REST call is made when, within the real gateway's rate limit (wire.md §1). Pure: the caller brings the time.

The limit is one bucket a user, which refills only where calls are a second or more apart; a refusal empties it too.
"""

from dataclasses import dataclass
from typing import Final

from helios_desktop.client.effects import CancelRead, Read
from helios_desktop.client.judgement import LIMITED
from helios_desktop.client.tokens import NS
from helios_desktop.protocol.rest import RestCall

PERIOD_S: Final = {
    RestCall.STATUS: 5.0,
    RestCall.LATENCY: 5.0,
    RestCall.UPTIME: 15.0,
    RestCall.SNAPSHOT: 15.0,
    RestCall.METRICS: 30.0,
    RestCall.UPTIME_HISTORY: 60.0,
}
"""From one start of a call to its next. Together that is 0.6 calls a second, and `APART_S` lets 0.9 through."""
APART_S: Final = 1.1
"""From any start to the next; the gateway counts whole seconds."""
QUIET_S: Final = 2.5
"""After a 429; twice as long after each further one, up to `LONGEST_QUIET_S`."""
LONGEST_QUIET_S: Final = 60.0
PAUSE_S: Final = 600.0
"""For a call that the gateway does not have or does not allow."""

_NOT_THERE: Final = frozenset({403, 404, 405})
_REFUSED: Final = 401


@dataclass(frozen=True, slots=True)
class Due:
    """`call` may start at `at_ns`, or later."""

    call: RestCall
    at_ns: int


class Timetable:
    """When each call is due, one at a time.

    Set `wanted`, ask `due`, `start` that call then or later, and `end` or `cancel` it before the next. Nothing is made
    up for: after a stall each call is due once, the longest overdue first, and never two within `APART_S`.
    """

    def __init__(self) -> None:
        self.wanted: frozenset[RestCall] = frozenset()
        self._under_way: Read | None = None
        self._reads = 0
        self._next_ns: dict[RestCall, int] = {}
        self._paused_ns: dict[RestCall, int] = {}
        self._refused: set[RestCall] = set()
        self._free_ns = 0
        self._quiet_s = 0.0

    def due(self, needed: frozenset[RestCall]) -> Due | None:
        """The call that is next; None while one is under way, or where none is wanted.

        `needed` are wanted too, and even where the gateway said that it does not have them.
        """
        calls = [call for call in RestCall if call in self.wanted or call in needed]
        if self._under_way is not None or not calls:
            return None

        def due_ns(call: RestCall) -> int:
            paused_ns = 0 if call in needed else self._paused_ns.get(call, 0)
            return max(self._next_ns.get(call, 0), paused_ns)

        call = min(calls, key=due_ns)
        return Due(call, max(due_ns(call), self._free_ns))

    def at_once(self, call: RestCall) -> Due | None:
        """This call, as soon as the rate limit lets it through; None while another is under way."""
        return None if self._under_way is not None else Due(call, self._free_ns)

    def start(self, call: RestCall, token: str, now_ns: int) -> Read:
        """Make it now."""
        self._reads += 1
        self._under_way = Read(self._reads, call, token)
        self._next_ns[call] = now_ns + int(PERIOD_S[call] * NS)
        self._free_ns = now_ns + int(APART_S * NS)
        return self._under_way

    def end(self, number: int, status: int | None, now_ns: int) -> Read | None:
        """Read `number` was answered with this HTTP status, None for not at all. Gives it, where it is waited for."""
        read = self._under_way
        if read is None or read.number != number:
            return None
        self._under_way = None
        if status is not None:
            self._learn(read.call, status, now_ns)
        return read

    def cancel(self) -> CancelRead | None:
        """Wait no more."""
        read, self._under_way = self._under_way, None
        return None if read is None else CancelRead(read.number)

    def forgive(self) -> None:
        """There is another token: what was refused to the last one may be asked again."""
        for call in self._refused:
            self._paused_ns.pop(call, None)
        self._refused.clear()

    def _learn(self, call: RestCall, status: int, now_ns: int) -> None:
        if status == LIMITED:
            self._quiet_s = min(LONGEST_QUIET_S, 2 * self._quiet_s or QUIET_S)
            self._free_ns = max(self._free_ns, now_ns + int(self._quiet_s * NS))
            return
        self._quiet_s = 0.0
        self._paused_ns.pop(call, None)
        self._refused.discard(call)
        if status == _REFUSED:
            self._refused.add(call)
        if status == _REFUSED or status in _NOT_THERE:
            self._paused_ns[call] = now_ns + int(PAUSE_S * NS)
