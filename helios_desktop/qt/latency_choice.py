"""Which latency is drawn: the choice of RPC kind or peer, kept while choices come and go."""

import math
from collections.abc import Collection, Iterable

from msgspec import Struct
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from helios_desktop.store.series import SeriesBook, SeriesKey, SeriesKind, Stat
from helios_desktop.words import _

STATS: tuple[Stat, ...] = ("p50", "p90", "p99", "max")


class LatencyView(Struct, frozen=True, order=True):
    """`name` is an RPC kind or a peer's id, by `kind`; `observer` and `rpc` as in `SeriesKey`."""

    observer: str
    kind: SeriesKind
    name: str
    rpc: str = ""

    def key(self, stat: Stat) -> SeriesKey:
        """The series of one statistic."""
        return SeriesKey(self.kind, self.name, stat, self.observer, self.rpc)

    @property
    def group(self) -> tuple[str, SeriesKind, bool]:
        """What it stands together with among the choices."""
        return self.observer, self.kind, bool(self.rpc)

    @property
    def title(self) -> str:
        """As the user chooses it."""
        what = self.name if self.kind == "rpc" else _("to {peer}").format(peer=self.name)
        if self.rpc:
            what = _("{to_peer}, {rpc}").format(to_peer=what, rpc=self.rpc)
        return (
            what if not self.observer else _("{what}, as {observer} tells it").format(what=what, observer=self.observer)
        )


def latency_views(keys: Iterable[SeriesKey]) -> list[LatencyView]:
    """What there is to choose from: the leader's view first, RPC kinds before peers, heartbeats before other calls."""
    found = {LatencyView(key.observer, key.kind, key.name, key.rpc) for key in keys if key.kind in ("rpc", "peer")}
    return sorted(found, key=lambda view: (view.observer, view.kind != "rpc", bool(view.rpc), view.name, view.rpc))


def views_told_since(book: SeriesBook, views: Iterable[LatencyView], since_s: float) -> list[LatencyView]:
    """Those of which anything was told since that epoch second."""
    return [view for view in views if any(_last_s(book, view.key(stat)) >= since_s for stat in STATS)]


def _last_s(book: SeriesBook, key: SeriesKey) -> float:
    series = book.get(key)
    return -math.inf if series is None else series.last_s


class LatencyChoice(QComboBox):
    """The combo box. What the user chose stays chosen; until then, the heartbeats or a peer of which more is told."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._views: list[LatencyView] = []
        self._wanted: LatencyView | None = None
        self.setAccessibleName(_("Latency by RPC kind or by peer"))
        self.setToolTip(
            _(
                "Latency of one kind of RPC, or of the heartbeats to one peer, as the leader measures it.\n"
                "Where only a mixture of all RPCs to a peer is told, that is drawn, not joined to the rest."
            )
        )
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(14)
        self._say_what_is_there()
        self.activated.connect(self._choose)

    @property
    def chosen(self) -> LatencyView | None:
        """What is to be drawn; None where there is nothing."""
        return self._view_rows().get(self.currentIndex())

    def offer(self, views: list[LatencyView], fresh: Collection[LatencyView] = ()) -> None:
        """Offer these, of which `fresh` are told of at present: another leader measures the way to other peers.

        Call as often as you like: nothing happens where nothing changed.
        """
        before = self.chosen
        is_over = bool(fresh) and before not in fresh and before != self._wanted
        if views == self._views and not is_over:
            return
        self._views = views
        self.blockSignals(True)
        self.clear()
        for number, view in enumerate(views):
            if number and view.group != views[number - 1].group:
                self.insertSeparator(self.count())
            self.addItem(view.title, number)
        self.blockSignals(False)
        self.setCurrentIndex(self._row_of(self._best(fresh)))
        self._say_what_is_there()
        if self.chosen != before:
            self.changed.emit()

    def _say_what_is_there(self) -> None:
        self.setEnabled(bool(self._views))
        self.setPlaceholderText("" if self._views else _("no latency yet"))

    def _best(self, fresh: Collection[LatencyView]) -> LatencyView | None:
        if self._wanted in self._views:
            return self._wanted
        told = [view for view in self._views if view in fresh] or self._views
        heartbeats = (view for view in told if view.kind == "rpc" and "append" in view.name.lower())
        return next(heartbeats, next(iter(told), None))

    def _choose(self, row: int) -> None:
        self._wanted = self._view_rows().get(row)
        self.changed.emit()

    def _row_of(self, wanted: LatencyView | None) -> int:
        return next((row for row, view in self._view_rows().items() if view == wanted), -1)

    def _view_rows(self) -> dict[int, LatencyView]:
        numbers = {row: self.itemData(row) for row in range(self.count())}
        return {row: self._views[number] for row, number in numbers.items() if number is not None}
