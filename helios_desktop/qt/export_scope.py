"""Which events are exported: all, as filtered, of the range that is shown, or since a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from msgspec.structs import replace
from PySide6.QtCore import QDateTime, QTimeZone, Signal
from PySide6.QtWidgets import QButtonGroup, QDateTimeEdit, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from helios_desktop.event_filter import EventFilter
from helios_desktop.export.source import EVERYTHING
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.times import NS, TimeStyle, interval_text, zone_label
from helios_desktop.words import _, ngettext

SINCE_S: Final = 3600
"""How long ago the time begins that is suggested."""


class Scope(Enum):
    """What there is to choose."""

    FILTERED = auto()
    ALL = auto()
    VISIBLE = auto()
    SINCE = auto()


@dataclass(frozen=True)
class Offer:
    """What the window shows now.

    filtered: how the timeline is filtered
    visible:  the first instant that is shown, and the first one after the last; None where no range is
    now_ns:   the instant that is shown
    style:    of its times
    """

    filtered: EventFilter
    visible: tuple[int, int] | None
    now_ns: int
    style: TimeStyle


class ScopeBox(QWidget):
    """Four choices, each with its count as soon as it is known. `chosen` is what is chosen now."""

    changed = Signal()

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self._offer = offer
        self.buttons = {scope: QRadioButton() for scope in Scope}
        self.since = QDateTimeEdit()
        self._group = QButtonGroup(self)
        self._build()
        self.show_counts({})

    @property
    def scope(self) -> Scope:
        """Which one is chosen."""
        return next(scope for scope, button in self.buttons.items() if button.isChecked())

    @property
    def chosen(self) -> EventFilter:
        """The filter that it means."""
        return self.filter_of(self.scope)

    def filter_of(self, scope: Scope) -> EventFilter:
        """The filter that a scope means; a range and a time are of what the timeline shows."""
        filtered = self._offer.filtered
        match scope:
            case Scope.ALL:
                return EVERYTHING
            case Scope.FILTERED:
                return filtered
            case Scope.VISIBLE:
                since_ns, until_ns = self._offer.visible or (None, None)
                return replace(filtered, since_ns=since_ns, until_ns=until_ns)
            case Scope.SINCE:
                return replace(filtered, since_ns=self.since.dateTime().toSecsSinceEpoch() * NS, until_ns=None)

    def show_counts(self, counts: Mapping[EventFilter, int]) -> None:
        """Write what is known of them by now."""
        names = {
            Scope.FILTERED: _("As filtered"),
            Scope.ALL: _("All that is kept"),
            Scope.VISIBLE: self._visible_name(),
            Scope.SINCE: _("As filtered, since"),
        }
        for scope, button in self.buttons.items():
            count = counts.get(self.filter_of(scope))
            text = names[scope]
            if count is not None and button.isEnabled():
                told = ngettext("{name}: {n} event", "{name}: {n} events", count)
                text = told.format(name=text, n=count_text(count))
            if button.text() != text:
                button.setText(text)

    def _visible_name(self) -> str:
        if self._offer.visible is None:
            return _("As filtered, the range that the graphs show")
        return _("As filtered, {interval}").format(interval=interval_text(*self._offer.visible, self._offer.style))

    def _build(self) -> None:
        offer = self._offer
        is_utc = offer.style is TimeStyle.UTC
        self.since.setTimeZone(QTimeZone.utc() if is_utc else QTimeZone.systemTimeZone())
        self.since.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        self.since.setCalendarPopup(True)
        since = QDateTime.fromSecsSinceEpoch(offer.now_ns // NS - SINCE_S, self.since.timeZone())
        self.since.setDateTime(since)
        zone = zone_label(TimeStyle.UTC if is_utc else TimeStyle.LOCAL, offer.now_ns)
        self.since.setAccessibleName(_("Since when, {zone}").format(zone=zone))
        self.since.setToolTip(zone)
        for button in self.buttons.values():
            self._group.addButton(button)
        is_filtered = offer.filtered != EVERYTHING
        self.buttons[Scope.FILTERED].setEnabled(is_filtered)
        self.buttons[Scope.VISIBLE].setEnabled(offer.visible is not None)
        self.buttons[Scope.FILTERED if is_filtered else Scope.ALL].setChecked(True)
        self.since.setEnabled(False)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for scope in (Scope.FILTERED, Scope.ALL, Scope.VISIBLE):
            layout.addWidget(self.buttons[scope])
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.buttons[Scope.SINCE])
        line.addWidget(self.since)
        line.addStretch(1)
        layout.addLayout(line)

        self._group.buttonToggled.connect(lambda _button, is_chosen: self._toggled() if is_chosen else None)
        self.since.dateTimeChanged.connect(lambda _at: self.changed.emit())

    def _toggled(self) -> None:
        self.since.setEnabled(self.scope is Scope.SINCE)
        self.changed.emit()
