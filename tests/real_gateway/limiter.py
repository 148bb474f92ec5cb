"""The real gateway's rate limiter, with its bug (wire.md §1, "Rate limiter")."""

from collections.abc import Callable
from typing import Final

CAPACITY: Final = 100
TOKENS_A_SECOND: Final = 1


class RateLimiter:
    """One bucket of tokens a user. `clock_s` is any clock in seconds that never goes back."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._buckets: dict[str, tuple[int, float]] = {}

    def allows(self, user: str) -> bool:
        """Take a token of `user`; False where none is left.

        The bug: whole seconds count, and every call starts a new second, so that calls less than one apart never
        fill the bucket again.
        """
        now_s = self._clock_s()
        tokens, since_s = self._buckets.get(user, (CAPACITY, now_s))
        tokens = min(CAPACITY, tokens + int(now_s - since_s) * TOKENS_A_SECOND)
        is_allowed = tokens > 0
        self._buckets[user] = (tokens - is_allowed, now_s)
        return is_allowed
