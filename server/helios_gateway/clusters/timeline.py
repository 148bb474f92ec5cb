"""When it was, by the wall clock, that a simulated instant was reached: speed changes, pauses and steps included.

An instant in `data` is then where it was for whoever watched: never in the future, never before the cluster began, and
the same at every reading but while a step is computed and after hundreds of changes of speed.
"""

from bisect import bisect_left
from typing import Final

_KEPT: Final = 1000


class Timeline:
    """Pairs of simulated seconds and nanoseconds since the epoch, between which time went evenly."""

    def __init__(self, simulated_s: float, wall_ns: int) -> None:
        self._simulated_s = [simulated_s]
        self._wall_ns = [wall_ns]
        self._head_s, self._head_ns = simulated_s, wall_ns

    def reach(self, simulated_s: float, wall_ns: int) -> None:
        """Time went on at the rate it had."""
        self._head_s, self._head_ns = simulated_s, wall_ns

    def turn(self, simulated_s: float, wall_ns: int) -> None:
        """Time went on, and goes on at another rate from here."""
        self.reach(simulated_s, wall_ns)
        self._simulated_s.append(simulated_s)
        self._wall_ns.append(wall_ns)
        if len(self._wall_ns) > _KEPT:
            # The first stays: instants between it and the others are spread, but none comes before the cluster began.
            del self._simulated_s[1 : _KEPT // 2], self._wall_ns[1 : _KEPT // 2]

    def wall_ns(self, simulated_s: float) -> int:
        """Before the first pair, time is taken to have gone at its natural rate."""
        place = bisect_left(self._simulated_s, simulated_s)
        if place == 0:
            return self._wall_ns[0] - round((self._simulated_s[0] - simulated_s) * 1e9)
        from_s, from_ns = self._simulated_s[place - 1], self._wall_ns[place - 1]
        if place < len(self._wall_ns):
            to_s, to_ns = self._simulated_s[place], self._wall_ns[place]
        else:
            to_s, to_ns = self._head_s, self._head_ns
        if to_s <= from_s:
            return to_ns
        share = min(1.0, (simulated_s - from_s) / (to_s - from_s))
        return from_ns + round(share * (to_ns - from_ns))
