"""What happens next: the simulation's own time and the events that wait for theirs."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeVar

Argument = TypeVar("Argument")


class Agenda:
    """A heap of events. `now` is in simulated seconds; events of one moment run in the order they were entered."""

    __slots__ = ("_entered", "_heap", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._entered = 0
        # Each argument fits its action, which a heap of several kinds cannot say.
        self._heap: list[tuple[float, int, Callable[..., None], object]] = []

    def enter(self, at_s: float, action: Callable[[Argument], None], argument: Argument) -> None:
        """Call `action(argument)` when `at_s` has come."""
        self._entered = entered = self._entered + 1
        heappush(self._heap, (at_s, entered, action, argument))

    def run_until(self, until_s: float, after_each: Callable[[], None] | None) -> None:
        """Run all events up to `until_s`, then let it be `until_s`. Calls `after_each` after each of them."""
        heap = self._heap
        if after_each is None:
            while heap and heap[0][0] <= until_s:
                self.now, _, action, argument = heappop(heap)
                action(argument)
        else:
            while heap and heap[0][0] <= until_s:
                self.now, _, action, argument = heappop(heap)
                action(argument)
                after_each()
        self.now = until_s
