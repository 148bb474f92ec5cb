"""Who may open one more socket: so many at once, in all and of one user, and so often by one user and address."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from helios_gateway import answers
from helios_gateway.admission.limits import Limits
from helios_gateway.admission.rates import Buckets, Rate
from helios_gateway.admission.refusals import Refusals

_FULL_S: Final = 5.0
"""When to ask again where all places are taken: nobody knows when one goes."""


class Places:
    """The places for sockets of all ports of one gateway."""

    def __init__(self, limits: Limits, refusals: Refusals, now_s: Callable[[], float]) -> None:
        self._most = limits.sockets
        self._most_of_user = limits.sockets_per_user
        self._refusals = refusals
        self._now_s = now_s
        rate = Rate(limits.upgrades_per_s, limits.upgrades_burst)
        self._by_user: Buckets[str] = Buckets(rate, limits.keys)
        self._by_address: Buckets[str] = Buckets(rate, limits.keys)
        self._of_user: Counter[str] = Counter()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def __len__(self) -> int:
        return self._of_user.total()

    def refusal(self, username: str, address: str) -> web.Response | None:
        """Answer 503 or 429 with Retry-After where there is no place; None where there is one, and it counts as used.

        `address` is what `Sites.address` gives.
        """
        now_s = self._now_s()
        who = f"{username} at {address}"
        if len(self) >= self._most:
            self._refusals.refused("sockets_all", who, f"all {self._most} sockets are taken")
            return answers.later(503, f"All {self._most} sockets are taken", _FULL_S)
        if self._of_user[username] >= self._most_of_user:
            self._refusals.refused(
                "sockets_user", who, f"{self._most_of_user} sockets of one user are open, which is the most"
            )
            return answers.later(429, f"{username} has {self._most_of_user} sockets open, which is the most", _FULL_S)
        wait_s = self._by_user.wait_s(username, now_s) or self._by_address.wait_s(address, now_s)
        if wait_s:
            self._refusals.refused("upgrade_rate", who, "it opens sockets too often")
            return answers.later(429, "Too many sockets were opened in a short time", wait_s)
        self._by_user.take(username, now_s)
        self._by_address.take(address, now_s)
        return None

    @contextmanager
    def taken_by(self, username: str) -> Iterator[None]:
        """Hold a place while the socket is open."""
        self._of_user[username] += 1
        self._emptied.clear()
        try:
            yield
        finally:
            self._of_user[username] -= 1
            if not self._of_user[username]:
                del self._of_user[username]
            if not self._of_user:
                self._emptied.set()

    async def emptied(self) -> None:
        """Wait until no socket is open."""
        await self._emptied.wait()
