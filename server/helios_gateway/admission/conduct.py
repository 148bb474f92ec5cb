"""How one client behaves: whether what it sends is within its limits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from helios_gateway.admission.limits import Limits
from helios_gateway.admission.rates import Meter, Rate
from helios_gateway.admission.refusals import Abused, Refusals

_QUIET_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Excess:
    """A message that is not to be followed. Tell the client `sentence`, where there is one; `is_last`: then end it."""

    sentence: str
    is_last: bool


class Conduct:
    """Of one socket. It is logged as `who`. Each method counts one thing; None where it is within bounds."""

    def __init__(self, limits: Limits, refusals: Refusals, who: str, now_s: Callable[[], float]) -> None:
        self._refusals = refusals
        self._who = who
        self._now_s = now_s
        self._messages = Meter(Rate(limits.messages_per_s, limits.messages_burst))
        self._subscribes = Meter(Rate(limits.subscribes_per_s, limits.subscribes_burst))
        self._malformed = Meter(Rate(limits.malformed_per_s, limits.malformed_burst))
        self._quiet_until_s: dict[Abused, float] = {}

    def message(self) -> Excess | None:
        """It sent anything, a native ping or pong too."""
        return self._judge("message_rate", self._messages, "messages")

    def subscription(self) -> Excess | None:
        """It wants another subscription."""
        return self._judge("subscribe_rate", self._subscribes, "subscriptions")

    def malformed(self, reason: str) -> Excess:
        """It sent what cannot be followed, for this reason, which it is told each time."""
        self._refusals.abused("malformed", self._who, "it sends messages that cannot be read")
        is_last = self._malformed.add(self._now_s()) > self._malformed.rate.burst
        return Excess(f"{reason}; too many such messages" if is_last else reason, is_last)

    def too_large(self, most_bytes: int) -> Excess:
        """It sent a message beyond the bound."""
        self._refusals.abused(
            "message_size", self._who, f"a message has more than {most_bytes} bytes, the socket is closed"
        )
        return Excess(f"a message may have at most {most_bytes} bytes", is_last=True)

    def _judge(self, kind: Abused, meter: Meter, things: str) -> Excess | None:
        now_s = self._now_s()
        level = meter.add(now_s)
        rate = meter.rate
        if level <= rate.burst:
            return None
        self._refusals.abused(kind, self._who, f"it sends more than {rate.per_s:g} {things} a second")
        sentence = f"too many {things}: {rate.per_s:g} a second are followed, and this one is not"
        if level > 2 * rate.burst:
            return Excess(f"{sentence}, the connection is closed", is_last=True)
        if now_s < self._quiet_until_s.get(kind, now_s):
            return Excess("", is_last=False)
        # Who floods must not be answered as often.
        self._quiet_until_s[kind] = now_s + _QUIET_S
        return Excess(sentence, is_last=False)
