"""What keeps all ports of one gateway within its limits."""

import time
from collections.abc import Callable

from helios_gateway.admission.connections import Connections
from helios_gateway.admission.guesses import Guesses
from helios_gateway.admission.limits import Limits
from helios_gateway.admission.places import Places
from helios_gateway.admission.refusals import Refusals
from helios_gateway.metrics import Metrics


class Bounds:
    """The limits and those who keep them; `now_s` is of any clock that only goes forward."""

    def __init__(
        self,
        limits: Limits,
        metrics: Metrics,
        *,
        is_proxied: bool = False,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.now_s = now_s
        self.refusals = Refusals(metrics, now_s)
        self.connections = Connections(limits, self.refusals, now_s, is_proxied=is_proxied)
        self.places = Places(limits, self.refusals, now_s)
        self.guesses = Guesses(limits, self.refusals, now_s)
