"""How long to wait before the next attempt. Pure: the caller brings the time and the chance."""

import random
from typing import Final

from helios_desktop.client.tokens import NS

FIRST_BACKOFF_S: Final = 1.0
LONGEST_BACKOFF_S: Final = 30.0


class Backoff:
    """failures: attempts that failed in a row; retry_ns: when the next one starts."""

    def __init__(self, rng: random.Random) -> None:
        self.failures = 0
        self.retry_ns = 0
        self._rng = rng

    def after_failure(self, now_ns: int) -> None:
        """One more failed."""
        self.failures += 1
        # Full jitter over a window that doubles, but never a retry at once.
        self._wait(now_ns, min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(self.failures, 16)))

    def after_too_many(self, now_ns: int) -> None:
        """One more failed, and it was we who asked too much."""
        self.failures += 1
        self.retry_ns = now_ns + int(self._rng.uniform(LONGEST_BACKOFF_S / 2, LONGEST_BACKOFF_S) * NS)

    def after_sleep(self, now_ns: int) -> None:
        """The failure was of this machine, and says nothing of the gateway."""
        self._wait(now_ns, 2 * FIRST_BACKOFF_S)

    def _wait(self, now_ns: int, window_s: float) -> None:
        self.retry_ns = now_ns + int(self._rng.uniform(FIRST_BACKOFF_S, window_s) * NS)
