"""The network between the servers: delay, jitter, loss, duplication, reordering and partitions, one way too."""

import random

from msgspec import Struct


class Climate(Struct, frozen=True):
    """What the network is like without any fault.

    delay_s:     least time from server to server
    jitter_s:    most that is added to it; mostly it is much less. Messages with different jitter overtake each other
    loss:        share of messages that vanish, 0 to 1
    duplication: share of messages that arrive twice, 0 to 1
    bytes_per_s: how fast a snapshot travels
    """

    delay_s: float = 0.000_25
    jitter_s: float = 0.002_2
    loss: float = 0.0
    duplication: float = 0.0
    bytes_per_s: float = 60_000_000.0


class Network:
    """Says when a message arrives, if it does. Faults add to the climate until they are healed.

    EVERYWHERE as a node's name means all links.
    """

    EVERYWHERE = ""

    __slots__ = ("_blocked", "_climate", "_delay_s", "_has_faults", "_least_s", "_loss", "_random", "_tail_s")

    def __init__(self, climate: Climate, rng: random.Random) -> None:
        self._climate = climate
        self._random = rng.random
        self._least_s = climate.delay_s
        self._tail_s = climate.jitter_s
        self._blocked: set[tuple[str, str]] = set()
        self._delay_s: dict[str, float] = {}
        self._loss: dict[str, float] = {}
        self._has_faults = climate.loss > 0 or climate.duplication > 0

    @property
    def is_healthy(self) -> bool:
        """No fault is on."""
        return not (self._blocked or self._delay_s or self._loss)

    def arrivals(self, sender: str, receiver: str, now: float) -> tuple[float, ...]:
        """When a message of `now` arrives: never, once, or twice."""
        jitter = self._random()
        # The fourth power: most messages are fast, a few are late.
        at_s = now + self._least_s + self._tail_s * jitter * jitter * jitter * jitter
        if not self._has_faults:
            return (at_s,)
        if (sender, receiver) in self._blocked or self._random() < self._loss_between(sender, receiver):
            return ()
        delay_s = self._delay_s
        if delay_s:
            at_s += delay_s.get(self.EVERYWHERE, 0.0) + delay_s.get(sender, 0.0) + delay_s.get(receiver, 0.0)
        if self._random() < self._climate.duplication:
            return (at_s, at_s + self._tail_s * self._random())
        return (at_s,)

    def transfer_s(self, size_bytes: int) -> float:
        """How long so much data is on the way, beside the delay."""
        return size_bytes / self._climate.bytes_per_s

    def partition(self, nodes: frozenset[str], others: frozenset[str], *, one_way: bool) -> None:
        """Nothing passes between `nodes` and `others`; one way: what `nodes` send is lost, but they still hear."""
        self._blocked.update((node, other) for node in nodes for other in others)
        if not one_way:
            self._blocked.update((other, node) for node in nodes for other in others)
        self._note()

    def slow(self, node: str, delay_s: float) -> None:
        """Add `delay_s` to every message from or to `node`, instead of what was added before."""
        self._set(self._delay_s, node, delay_s)

    def lose(self, node: str, loss: float) -> None:
        """Lose this share of the messages from or to `node`, instead of the share before."""
        self._set(self._loss, node, loss)

    def heal(self, nodes: frozenset[str] | None) -> None:
        """End the faults of these nodes' links, or all of them."""
        if nodes is None:
            self._blocked.clear()
            self._delay_s.clear()
            self._loss.clear()
        else:
            self._blocked = {link for link in self._blocked if nodes.isdisjoint(link)}
            for node in nodes:
                self._delay_s.pop(node, None)
                self._loss.pop(node, None)
        self._note()

    def _set(self, faults: dict[str, float], node: str, value: float) -> None:
        if value:
            faults[node] = value
        else:
            faults.pop(node, None)
        self._note()

    def _note(self) -> None:
        climate = self._climate
        self._has_faults = not self.is_healthy or climate.loss > 0 or climate.duplication > 0

    def _loss_between(self, sender: str, receiver: str) -> float:
        passes = 1.0 - self._climate.loss
        for node in (self.EVERYWHERE, sender, receiver):
            passes *= 1.0 - self._loss.get(node, 0.0)
        return 1.0 - passes
