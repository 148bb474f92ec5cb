"""Which latency is drawn: the choice of RPC kind or peer, kept while choices come and go."""

from collections.abc import Iterable

from msgspec import Struct
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from helios_desktop.store.series import SeriesKey, SeriesKind, Stat
from helios_desktop.words import _

STATS: tuple[Stat, ...] = ("p50", "p90", "p99", "max")


class LatencyView(Struct, frozen=True, order=True):
    """`name` is an RPC kind or a peer's id, by `kind`; `observer` as in `SeriesKey`."""

    observer: str
    kind: SeriesKind
    name: str

    def key(self, stat: Stat) -> SeriesKey:
        """The series of one statistic."""
        return SeriesKey(self.kind, self.name, stat, self.observer)

    @property
    def title(self) -> str:
        """As the user chooses it."""
        what = self.name if self.kind == "rpc" else _("to {peer}").format(peer=self.name)
        return (
            what if not self.observer else _("{what}, as {observer} tells it").format(what=what, observer=self.observer)
        )


def latency_views(keys: Iterable[SeriesKey]) -> list[LatencyView]:
    """What there is to choose from: the leader's view first, RPC kinds before peers."""
    found = {LatencyView(key.observer, key.kind, key.name) for key in keys if key.kind in ("rpc", "peer")}
    return sorted(found, key=lambda view: (view.observer, view.kind != "rpc", view.name))


class LatencyChoice(QComboBox):
    """The combo box. What the user chose stays chosen; until then, the heartbeats' RPC is."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._views: list[LatencyView] = []
        self._wanted: LatencyView | None = None
        self.setAccessibleName(_("Latency by RPC kind or by peer"))
        self.setToolTip(_("Latency of one kind of RPC, or of all heartbeats to one peer, as the leader measures it"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(14)
        self._say_what_is_there()
        self.activated.connect(self._choose)

    @property
    def chosen(self) -> LatencyView | None:
        """What is to be drawn; None where there is nothing."""
        return self._view_rows().get(self.currentIndex())

    def offer(self, views: list[LatencyView]) -> None:
        """Offer these. Call as often as you like: nothing happens where nothing changed."""
        if views == self._views:
            return
        before = self.chosen
        self._views = views
        self.blockSignals(True)
        self.clear()
        for number, view in enumerate(views):
            if number and (view.kind, view.observer) != (views[number - 1].kind, views[number - 1].observer):
                self.insertSeparator(self.count())
            self.addItem(view.title, number)
        self.blockSignals(False)
        self.setCurrentIndex(self._row_of(self._best()))
        self._say_what_is_there()
        if self.chosen != before:
            self.changed.emit()

    def _say_what_is_there(self) -> None:
        self.setEnabled(bool(self._views))
        self.setPlaceholderText("" if self._views else _("no latency yet"))

    def _best(self) -> LatencyView | None:
        if self._wanted in self._views:
            return self._wanted
        heartbeats = (view for view in self._views if view.kind == "rpc" and "append" in view.name.lower())
        return next(heartbeats, next(iter(self._views), None))

    def _choose(self, row: int) -> None:
        self._wanted = self._view_rows().get(row)
        self.changed.emit()

    def _row_of(self, wanted: LatencyView | None) -> int:
        return next((row for row, view in self._view_rows().items() if view == wanted), -1)

    def _view_rows(self) -> dict[int, LatencyView]:
        numbers = {row: self.itemData(row) for row in range(self.count())}
        return {row: self._views[number] for row, number in numbers.items() if number is not None}
