"""How often one may do something: leaky buckets, and waits that double. Time is passed in, in seconds of any clock.

All that is kept of a key is a number or two. No map holds more than its bound: the key used longest ago goes first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_BLUR: Final = 1e-3
"""What floats may be wrong by, even of seconds since 1970; it does not add up."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_s` a second in the long run; both are above 0."""

    per_s: float
    burst: float


class Meter:
    """How much one sender is ahead of its rate. What it sends is counted whether or not it is followed."""

    __slots__ = ("_at_s", "_level", "rate")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._level = 0.0
        self._at_s = 0.0

    def level(self, now_s: float) -> float:
        """How many are in the bucket, which leaks by `per_s`."""
        return max(0.0, self._level - max(0.0, now_s - self._at_s) * self.rate.per_s)

    def add(self, now_s: float) -> float:
        """Count one more; gives how many are in the bucket then: up to `burst` for who keeps the rate."""
        self._level = self.level(now_s) + 1.0
        # A clock that goes back must not give the same time twice.
        self._at_s = max(self._at_s, now_s)
        return self._level


class Buckets(Generic[K]):
    """A bucket a key, all with the same rate; at most `most` of them."""

    def __init__(self, rate: Rate, most: int) -> None:
        self._rate = rate
        self._most = most
        self._meters: OrderedDict[K, Meter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def wait_s(self, key: K, now_s: float) -> float:
        """How long until the key may do it once more; 0 where it may now. Nothing is counted."""
        meter = self._meters.get(key)
        if meter is None:
            return 0.0
        excess = meter.level(now_s) + 1.0 - self._rate.burst
        return excess / self._rate.per_s if excess > _BLUR else 0.0

    def take(self, key: K, now_s: float) -> float:
        """Do it once: 0 where it may, which is counted, else how long it must wait."""
        wait_s = self.wait_s(key, now_s)
        if wait_s:
            return wait_s
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = Meter(self._rate)
        meter.add(now_s)
        self._meters.move_to_end(key)
        if len(self._meters) > self._most:
            self._meters.popitem(last=False)
        return 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """None after the first `free` failures, then `first_s`, doubled by each further one, `longest_s` at most."""

    free: int
    first_s: float
    longest_s: float

    def after(self, failures: int) -> float:
        """How long after so many, in seconds."""
        if failures <= self.free:
            return 0.0
        # A power far beyond any wait would overflow.
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - self.free - 1, 60))


@dataclass(slots=True)
class _Failed:
    count: int
    until_s: float


class BackOff(Generic[K]):
    """A wait after failures, for each key; at most `most` of them.

    A success forgets the failures, and so does a time of `longest_s` without any after the wait was over.
    """

    def __init__(self, wait: Wait, most: int) -> None:
        self._wait = wait
        self._most = most
        self._failed: OrderedDict[K, _Failed] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failed)

    def wait_s(self, key: K, now_s: float) -> float:
        """How long the key must still wait; 0 where it may try."""
        failed = self._failed.get(key)
        return 0.0 if failed is None else max(0.0, failed.until_s - now_s)

    def fail(self, key: K, now_s: float) -> None:
        """It tried and failed."""
        failed = self._failed.get(key)
        if failed is None or now_s - failed.until_s > self._wait.longest_s:
            failed = self._failed[key] = _Failed(0, now_s)
        failed.count += 1
        failed.until_s = now_s + self._wait.after(failed.count)
        self._failed.move_to_end(key)
        if len(self._failed) > self._most:
            self._failed.popitem(last=False)

    def succeed(self, key: K) -> None:
        """It tried and succeeded."""
        self._failed.pop(key, None)
