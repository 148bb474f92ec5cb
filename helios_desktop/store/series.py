"""What graphs draw: one value over time each, in memory of a fixed size."""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from helios_desktop.observation import Observation
from helios_desktop.protocol.messages import Latency, Stats
from helios_desktop.store.state import STATUS_PERIOD_S, ClusterState, ObserverState, Role

CAPACITY: Final = 14_400
"""Samples kept of each series: four hours at one a second."""
_FIRST_CAPACITY: Final = 256
_MISSED_PERIODS: Final = 3
_GAPS_LOOKED_AT: Final = 64
_APPEND_ENTRIES: Final = "append_entries"
_MIXTURE: Final = "mixture"
"""Of all kinds of RPC: what the real gateway's status tells of a peer (wire.md §3.1)."""
_NS: Final = 1_000_000_000
_STORED: Final = "<f8"
_NUMBER_BYTES: Final = 8

Array = npt.NDArray[np.float64]
Stat = Literal["p50", "p90", "p99", "max", "value"]
SeriesKind = Literal["rpc", "peer", "commit_rate"]


class SeriesKey(Struct, frozen=True, order=True):
    """Which series.

    kind:     "rpc" and "peer" are latencies in milliseconds, "commit_rate" entries a second
    name:     the RPC kind (`append_entries`, …) or the peer's id; "" for the commit rate
    stat:     "value" where there is but one
    observer: "" for the cluster as its leader tells it, whoever led; else the session that told it, where the
              leader has none
    rpc:      of a peer "" for AppendEntries (where only a mixture of all kinds is told, for that), else another kind
    """

    kind: SeriesKind
    name: str
    stat: Stat
    observer: str = ""
    rpc: str = ""


class _Measured(Struct, frozen=True, gc=False):
    """What one latency tells of one line of the graph; `source` says what was measured, where that may change."""

    kind: SeriesKind
    name: str
    rpc: str
    stats: Stats
    source: str = ""


class SeriesTail(Struct, frozen=True, gc=False):
    """The latest samples of a series as bytes: eight a number, the least first.

    period_s, teller: how the last of them came, which decides how the next is joined to it
    """

    times: bytes
    values: bytes
    breaks_s: list[float]
    period_s: float
    teller: str

    def after(self, time_s: float) -> "SeriesTail":
        """What of it came later. Raises ValueError where the bytes are no numbers."""
        times, values = np.frombuffer(self.times, _STORED), np.frombuffer(self.values, _STORED)
        begin = int(np.searchsorted(times, time_s, side="right"))
        breaks = [break_s for break_s in self.breaks_s if break_s > time_s]
        return SeriesTail(times[begin:].tobytes(), values[begin:].tobytes(), breaks, self.period_s, self.teller)

    def broken_off(self) -> "SeriesTail":
        """The same, with its first sample not joined to the one before. Raises as `after` does."""
        first_s = float(np.frombuffer(self.times, _STORED)[0])
        breaks = sorted({first_s, *self.breaks_s})
        return SeriesTail(self.times, self.values, breaks, self.period_s, self.teller)


class Series:
    """The latest `CAPACITY` samples, oldest first; times never fall and no value is NaN.

    `times_s` and `values` are views of a buffer that the next samples change: use them at once, or copy.
    """

    __slots__ = (
        "_breaks_s",
        "_capacity",
        "_count",
        "_last_s",
        "_period_s",
        "_start",
        "_teller",
        "_times",
        "_values",
        "version",
    )

    def __init__(self) -> None:
        self.version = 0
        """Grows with each sample."""
        self._capacity = _FIRST_CAPACITY
        # Each sample stands twice, a length apart, so that the latest ones are one run wherever the ring begins.
        # Written one by one, which numpy is slow at, and read by numpy.
        self._times = _room(_FIRST_CAPACITY)
        self._values = _room(_FIRST_CAPACITY)
        self._start = 0
        self._count = 0
        self._breaks_s: list[float] = []
        self._last_s = -math.inf
        self._period_s = STATUS_PERIOD_S
        self._teller = ""

    def __len__(self) -> int:
        return self._count

    @property
    def last_s(self) -> float:
        """The time of the latest sample; minus infinity before the first."""
        return self._last_s

    @property
    def times_s(self) -> Array:
        """Seconds since the Unix epoch."""
        return np.frombuffer(self._times)[self._start : self._start + self._count]

    @property
    def values(self) -> Array:
        """Beside `times_s`."""
        return np.frombuffer(self._values)[self._start : self._start + self._count]

    @property
    def breaks_s(self) -> Array:
        """The instants of samples that are not to be joined to the one before: something was missed between."""
        return np.array(self._breaks_s)

    def segments(self) -> Iterator[slice]:
        """Runs of samples that may be joined by a line: slices of `times_s` and `values`, oldest first."""
        bounds = np.searchsorted(self.times_s, self.breaks_s)
        begin = 0
        for bound in (*bounds.tolist(), self._count):
            if bound > begin:
                yield slice(begin, bound)
                begin = bound

    def tail(self, since_version: int) -> "SeriesTail":
        """What came since this had that version, as far as it is kept."""
        count = min(self.version - since_version, self._count)
        times = self.times_s[self._count - count :]
        breaks = [break_s for break_s in self._breaks_s if count and break_s >= times[0]]
        values = self.values[self._count - count :]
        return SeriesTail(
            times.astype(_STORED).tobytes(), values.astype(_STORED).tobytes(), breaks, self._period_s, self._teller
        )

    @classmethod
    def of_tails(cls, tails: "Sequence[SeriesTail]") -> "Series":
        """A series that goes on where the last of these ended. They must follow each other, each with a sample."""
        series = cls()
        times = np.concatenate([np.frombuffer(tail.times, _STORED) for tail in tails])[-CAPACITY:]
        values = np.concatenate([np.frombuffer(tail.values, _STORED) for tail in tails])[-CAPACITY:]
        while series._capacity < len(times):
            series._grow()
        series._write(times, values)
        series._count = series.version = len(times)
        series._breaks_s = [break_s for tail in tails for break_s in tail.breaks_s if break_s > times[0]]
        series._last_s = float(times[-1])
        series._period_s, series._teller = tails[-1].period_s, tails[-1].teller
        return series

    def append(self, time_s: float, value: float, *, teller: str, is_after_gap: bool) -> None:
        """Add a sample of `teller`; another teller, a gap or three missed periods begin a new segment."""
        passed_s = time_s - self._last_s
        # Not "below zero": of a value that is no number each comparison is false.
        if not (passed_s >= 0 and math.isfinite(time_s) and math.isfinite(value)):
            return
        if self._count:
            if is_after_gap or teller != self._teller or passed_s > _MISSED_PERIODS * self._period_s:
                self._breaks_s.append(time_s)
            elif passed_s > 0:
                # Slowly, so that one late sample does not hide the next hole.
                self._period_s += (passed_s - self._period_s) / 8
        self._last_s = time_s
        self._teller = teller
        self._put(time_s, value)
        self.version += 1

    def _put(self, time_s: float, value: float) -> None:
        if self._count == self._capacity:
            if self._capacity < CAPACITY:
                self._grow()
            else:
                self._start = (self._start + 1) % self._capacity
                self._count -= 1
                while self._breaks_s and self._breaks_s[0] <= self._times[self._start]:
                    del self._breaks_s[0]
        slot = (self._start + self._count) % self._capacity
        self._times[slot] = self._times[slot + self._capacity] = time_s
        self._values[slot] = self._values[slot + self._capacity] = value
        self._count += 1

    def _grow(self) -> None:
        times, values = self.times_s, self.values
        self._capacity = min(2 * self._capacity, CAPACITY)
        self._times, self._values, self._start = _room(self._capacity), _room(self._capacity), 0
        self._write(times, values)

    def _write(self, times: Array, values: Array) -> None:
        """Write these from the beginning of the ring on."""
        for written, ring in ((times, np.frombuffer(self._times)), (values, np.frombuffer(self._values))):
            ring[: len(written)] = ring[self._capacity : self._capacity + len(written)] = written


def _room(capacity: int) -> "array[float]":
    return array("d", bytes(2 * capacity * _NUMBER_BYTES))


class SeriesBook:
    """All series of one cluster, made from the steps of the fold."""

    def __init__(self) -> None:
        self._series: dict[SeriesKey, Series] = {}

    def keys(self) -> Sequence[SeriesKey]:
        """Those that have a sample, sorted."""
        return sorted(self._series)

    def items(self) -> Sequence[tuple[SeriesKey, Series]]:
        """Each with its key, sorted."""
        return [(key, self._series[key]) for key in sorted(self._series)]

    def get(self, key: SeriesKey) -> Series | None:
        """The series; None before its first sample."""
        return self._series.get(key)

    def put(self, key: SeriesKey, series: Series) -> None:
        """Go on with this one."""
        self._series[key] = series

    def add(self, before: ClusterState, after: ClusterState, observation: Observation) -> None:
        """Take the samples that the step from `before` to `after` by this observation brought."""
        now = after.observers.get(observation.observer)
        if now is None:
            return
        then = before.observers.get(observation.observer)
        if then is not None and now.latency is then.latency and now.status is then.status:
            return  # of most messages
        has_latency = now.latency is not None and (then is None or now.latency is not then.latency)
        has_status = now.status is not None and (then is None or now.status is not then.status)
        if not (has_latency or has_status):
            return
        view = _view(after, now)
        if view is None:
            return
        if has_latency and now.latency is not None:
            known = then.latency.value if then is not None and then.latency is not None else Latency()
            for measured in _news(known, now.latency.value):
                self._add_stats(measured, after, now, view, observation)
        if has_status and then is not None:
            self._add_commit_rate(after, then, now, view)

    def _add_stats(
        self, measured: _Measured, state: ClusterState, teller: ObserverState, view: str, observation: Observation
    ) -> None:
        stats = measured.stats
        percentiles: tuple[tuple[Stat, float | None], ...] = (
            ("p50", stats.p50_value_ms),
            ("p90", stats.p90_value_ms),
            ("p99", stats.p99_value_ms),
            ("max", stats.max_value_ms),
        )
        for stat, value in percentiles:
            if value is not None:
                key = SeriesKey(measured.kind, measured.name, stat, view, measured.rpc)
                self._append(key, value, state, teller, observation.received_ns, measured.source)

    def _add_commit_rate(self, state: ClusterState, then: ObserverState, now: ObserverState, view: str) -> None:
        if then.status is None or now.status is None:
            return
        first, last = then.status.value.commit_index, now.status.value.commit_index
        passed_s = (now.status.at_ns - then.status.at_ns) / _NS
        # Indices of another life of the node, or across a gap, are no rate of this moment.
        if first is None or last is None or last < first or passed_s <= 0 or now.epoch != then.status.observation.epoch:
            return
        if passed_s > _MISSED_PERIODS * STATUS_PERIOD_S:
            return
        rate = (last - first) / passed_s
        self._append(SeriesKey("commit_rate", "", "value", view), rate, state, now, now.status.at_ns)

    def _append(
        self, key: SeriesKey, value: float, state: ClusterState, teller: ObserverState, at_ns: int, source: str = ""
    ) -> None:
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        is_after_gap = bool(state.gaps) and len(series) > 0 and _has_gap(state, teller.name, int(series.last_s * _NS))
        # What was measured otherwise is not joined to what came before, whoever tells it.
        series.append(at_ns / _NS, value, teller=f"{teller.name} {source}", is_after_gap=is_after_gap)


def _news(known: Latency, latency: Latency) -> Iterator[_Measured]:
    """What is measured anew: the same object as before is an old value, and zero calls are no measurement."""
    before = {id(one.stats) for one in _measured(known)}
    return (one for one in _measured(latency) if one.stats.count and id(one.stats) not in before)


def _measured(latency: Latency) -> Iterator[_Measured]:
    for name, stats in (latency.aggregated or {}).items():
        yield _Measured("rpc", name, "", stats)
    for name, peer in (latency.peers or {}).items():
        if peer.append_entries is not None and peer.append_entries.count:
            yield _Measured("peer", name, "", peer.append_entries, _APPEND_ENTRIES)
        elif peer.aggregated is not None:
            yield _Measured("peer", name, "", peer.aggregated, _MIXTURE)
        for rpc, stats_of_kind in (("request_vote", peer.request_vote), ("install_snapshot", peer.install_snapshot)):
            if stats_of_kind is not None:
                yield _Measured("peer", name, rpc, stats_of_kind)


def _view(state: ClusterState, teller: ObserverState) -> str | None:
    """The `observer` of a key: whose view a sample is of. None: not to be drawn, another tells it better."""
    if teller.node is not None and teller.node == state.leader:
        return ""
    has_leader = any(
        observer.node is not None and observer.node == state.leader and not observer.is_stale
        for observer in state.observers.values()
    )
    if has_leader or teller.role is None or teller.role.value is Role.UNREACHABLE:
        return None
    return teller.name


def _has_gap(state: ClusterState, observer: str, since_ns: int) -> bool:
    return any(
        gap.observer == observer and (gap.until_ns is None or gap.until_ns >= since_ns)
        for gap in state.gaps[-_GAPS_LOOKED_AT:]
    )
