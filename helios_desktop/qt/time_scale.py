"""Which instants a painted strip shows, and where. Pure numbers."""

from typing import Final, NamedTuple

LEAST_SPAN_NS: Final = 1_000_000_000
"""Nothing is told finer than that."""


class TimeScale(NamedTuple):
    """The instants from `since_ns` to `until_ns` over `width_px`; the one is before the other."""

    since_ns: int
    until_ns: int
    width_px: int

    @property
    def span_ns(self) -> int:
        """How much time is in view."""
        return self.until_ns - self.since_ns

    def x_of(self, at_ns: int) -> float:
        """Where an instant is; outside of the strip where it is not in view."""
        return (at_ns - self.since_ns) / self.span_ns * self.width_px

    def at(self, x: float) -> int:
        """The instant there, of those in view."""
        at_ns = self.since_ns + round(x / max(1, self.width_px) * self.span_ns)
        return min(max(at_ns, self.since_ns), self.until_ns)

    def zoomed(self, factor: float, at_ns: int, whole: tuple[int, int]) -> "TimeScale":
        """So many times closer, with that instant where it was; never more than the whole."""
        first_ns, last_ns = whole
        span_ns = round(self.span_ns / factor)
        span_ns = min(max(span_ns, LEAST_SPAN_NS), max(LEAST_SPAN_NS, last_ns - first_ns))
        before = (at_ns - self.since_ns) / self.span_ns
        return self._replace(since_ns=at_ns - round(span_ns * before)).within(span_ns, whole)

    def moved(self, by_ns: int, whole: tuple[int, int]) -> "TimeScale":
        """As wide, so much later, but not beyond the whole."""
        return self._replace(since_ns=self.since_ns + by_ns).within(self.span_ns, whole)

    def within(self, span_ns: int, whole: tuple[int, int]) -> "TimeScale":
        """As wide as that from its beginning on, or from where it still fits into the whole."""
        since_ns = max(whole[0], min(self.since_ns, whole[1] - span_ns))
        return self._replace(since_ns=since_ns, until_ns=since_ns + span_ns)
