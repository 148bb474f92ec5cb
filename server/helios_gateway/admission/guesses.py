"""Logins held back: after wrong passwords each further one must wait, and none may log in too often."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from helios_desktop.protocol.auth import LoginAnswer
from helios_gateway import answers
from helios_gateway.accounts.accounts import Denied
from helios_gateway.admission.limits import Limits
from helios_gateway.admission.rates import BackOff, Buckets, Rate, Wait
from helios_gateway.admission.refusals import Refusals

_AT_ONCE: Final = 2
"""As many passwords as are checked at once: what the last guess cost is known before the next one is let through."""

_LONGEST_NAME: Final = 64
"""Of what is remembered, since anybody may send names; those that are longer and begin alike share a wait."""


class Guesses:
    """The waits of all ports of one gateway.

    A user is not locked out by the guesses of others: at an address from where the password was right before, only what
    is wrong there counts.
    """

    def __init__(self, limits: Limits, refusals: Refusals, now_s: Callable[[], float]) -> None:
        self._refusals = refusals
        self._now_s = now_s
        self._most_waiting = limits.logins_waiting
        self._most_known = limits.keys
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._rate: Buckets[str] = Buckets(Rate(limits.logins_per_s, limits.logins_burst), limits.keys)
        wait = Wait(limits.login_free, limits.login_wait_s, limits.login_longest_wait_s)
        self._by_address: BackOff[str] = BackOff(wait, limits.keys)
        self._by_user: BackOff[tuple[str, str]] = BackOff(wait, limits.keys)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def attempt(
        self, username: str, address: str, log_in: Callable[[], Awaitable[LoginAnswer | Denied]]
    ) -> LoginAnswer | Denied | web.Response:
        """Log in when it is this one's turn; 429 or 503 with Retry-After where it may not be tried now."""
        refusal = self._refusal(username, address)
        if refusal is not None:
            return refusal
        if self._turns.locked() and self._waiting >= self._most_waiting:
            self._refusals.login_refused(
                "busy", address, f"{self._most_waiting} logins wait for their turn, this one is turned away"
            )
            return answers.later(503, "Too many log in at once", 1.0)
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            # Those before it may have been wrong.
            refusal = self._refusal(username, address)
            if refusal is not None:
                return refusal
            self._rate.take(address, self._now_s())
            answer = await log_in()
            self._learn(username, address, answer)
        finally:
            self._turns.release()
        return answer

    def _refusal(self, username: str, address: str) -> web.Response | None:
        now_s = self._now_s()
        by_user_s = self._by_user.wait_s(self._user_at(username, address), now_s)
        wait_s = max(by_user_s, self._by_address.wait_s(address, now_s))
        if wait_s:
            self._refusals.login_refused("limited", address, "a login is held back after wrong passwords")
            return answers.later(429, "Too many wrong passwords", wait_s)
        wait_s = self._rate.wait_s(address, now_s)
        if wait_s:
            self._refusals.login_refused("limited", address, "it logs in too often")
            return answers.later(429, "Too many logins in a short time", wait_s)
        return None

    def _learn(self, username: str, address: str, answer: LoginAnswer | Denied) -> None:
        now_s = self._now_s()
        match answer:
            case Denied.BUSY:
                pass
            case Denied():
                self._by_address.fail(address, now_s)
                self._by_user.fail(self._user_at(username, address), now_s)
            case _:
                self._by_address.succeed(address)
                self._by_user.succeed(self._user_at(username, address))
                known = (username[:_LONGEST_NAME], address)
                self._known[known] = None
                self._known.move_to_end(known)
                if len(self._known) > self._most_known:
                    self._known.popitem(last=False)

    def _user_at(self, username: str, address: str) -> tuple[str, str]:
        name = username[:_LONGEST_NAME]
        return (name, address if (name, address) in self._known else "")
