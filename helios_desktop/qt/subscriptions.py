"""The seven topics: asked for by a switch, confirmed by traffic."""

from enum import StrEnum
from functools import partial
from typing import Any, Final

from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel

from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Kind, Observation, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.labels import make_label, make_note, show_text, show_tip, tint
from helios_desktop.qt.quantities import UNKNOWN, count_text
from helios_desktop.qt.standing import watched
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.qt.times import span_text
from helios_desktop.store.state import ObserverState, Told
from helios_desktop.words import _, ngettext

_CONFIRMED: Final = "✓"
_ASKED: Final = "…"


class Way(StrEnum):
    """How what a topic tells comes to us."""

    PUSHED = "pushed"
    REST = "REST"  # asked for, since the gateway never pushes it (wire.md §3)
    STATUS = "status"  # within the statuses


class TopicTraffic(Struct, frozen=True, gc=False):
    """One topic over all observers. `is_confirmed` where every live one is; `last_seen_ns` is the newest."""

    is_confirmed: bool
    count: int
    rate_hz: float
    last_seen_ns: int | None
    way: Way = Way.PUSHED


class Subscriptions(QFrame):
    """Seven switches. Turning one asks every gateway at once; the mark beside it says when traffic bore that out.

    Where nothing can be asked, as in a replay, they show what was asked for, and a line says why they are disabled.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(_("Subscriptions"))
        self._theme = theme
        self._monitor: Watched | None = None
        self._controls: Monitor | None = None
        self._drawn: tuple[object, ...] = ()
        self.switches: dict[Topic, QCheckBox] = {}
        self.marks: dict[Topic, QLabel] = {}
        self.rates: dict[Topic, QLabel] = {}
        self.ages: dict[Topic, QLabel] = {}
        self.reason = make_note(kind="faint")
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._drawn = ()
        self.refresh()

    def show_monitor(self, monitor: Watched | None, controls: Monitor | None, why_not: str = "") -> None:
        """Watch this one from now on; only `controls` is ever asked, and without it the switches say `why_not`."""
        self._monitor, self._controls = monitor, controls
        self._drawn = ()
        for topic, switch in self.switches.items():
            switch.setEnabled(controls is not None)
            show_tip(switch, why_not or _("“{key}” on the wire: asked of the server").format(key=topic.value))
        show_text(self.reason, why_not)
        self.reason.setVisible(bool(why_not))
        self.refresh()

    def refresh(self) -> None:
        """Draw what changed."""
        monitor = self._monitor
        if monitor is None:
            return
        now_ns = monitor.now_ns()
        observers = watched(monitor.state)
        topics = _requested(observers) if self._controls is None else self._controls.topics
        slice_ = (monitor.state.observers, topics, now_ns // 1_000_000_000)
        if slice_ == self._drawn:
            return
        self._drawn = slice_
        for topic in Topic:
            self._show(topic, topic_traffic(topic, observers), topic in topics, now_ns)

    def _show(self, topic: Topic, traffic: TopicTraffic, is_on: bool, now_ns: int) -> None:
        switch = self.switches[topic]
        if switch.isChecked() is not is_on:
            switch.setChecked(is_on)
        comes = traffic.is_confirmed or traffic.way is not Way.PUSHED
        mark, words = _mark(is_on, traffic)
        show_text(self.marks[topic], mark)
        tint(self.marks[topic], self._theme.good if comes and is_on else self._theme.text_faint)
        show_tip(self.marks[topic], words)
        show_text(self.rates[topic], _rate_text(traffic) if is_on else _("off"))
        is_figure = is_on and traffic.way is Way.PUSHED
        tint(self.rates[topic], self._theme.text if is_figure else self._theme.text_faint)
        count = ngettext("{n} message", "{n} messages", traffic.count).format(n=count_text(traffic.count))
        show_tip(self.rates[topic], count)
        seen_ns = traffic.last_seen_ns
        show_text(self.ages[topic], UNKNOWN if seen_ns is None else span_text(max(0, now_ns - seen_ns)))
        tint(self.ages[topic], self._theme.text_dim if is_on and seen_ns is not None else self._theme.text_faint)
        show_tip(self.ages[topic], _("Never seen") if seen_ns is None else _("Since the last one was seen"))
        switch.setAccessibleDescription(words)

    def _toggle(self, topic: Topic, _is_checked: bool = False) -> None:
        is_on = self.switches[topic].isChecked()
        if self._controls is not None:
            topics = self._controls.topics
            self._controls.subscribe(topics | {topic} if is_on else topics - {topic})
            self._drawn = ()
            self.refresh()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(PAD, GAP, PAD, GAP)
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(SPACE)
        heading_font = ui_font(8.5, QFont.Weight.DemiBold)
        grid.addWidget(make_label(_("SUBSCRIPTIONS"), kind="heading", font=heading_font), 0, 0, 1, 2)
        for column, text in ((2, _("per s")), (3, _("seen"))):
            head = make_label(text, kind="faint", font=ui_font(8.5))
            head.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(head, 0, column)
        for row, topic in enumerate(Topic, 1):
            switch = QCheckBox(topic_name(topic))
            switch.clicked.connect(partial(self._toggle, topic))
            grid.addWidget(switch, row, 0)
            self.switches[topic] = switch
            for column, labels in ((1, self.marks), (2, self.rates), (3, self.ages)):
                label = make_label()
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                labels[topic] = label
                grid.addWidget(label, row, column)
        grid.addWidget(self.reason, len(Topic) + 1, 0, 1, 4)
        self.reason.setVisible(False)
        grid.setColumnStretch(0, 1)
        for column, texts in (
            (1, (_ASKED, _CONFIRMED)),
            (2, ("888.8", _("REST"), _("status"))),
            (3, ("8 m 88 s",)),
        ):
            # Of what may stand there the widest, so that nothing moves when one takes another's place.
            grid.setColumnMinimumWidth(column, max(make_label(text).sizeHint().width() for text in texts))


def _requested(observers: tuple[ObserverState, ...]) -> frozenset[Topic]:
    return frozenset(topic for topic in Topic if any(observer.topics[topic].requested for observer in observers))


def topic_traffic(topic: Topic, observers: tuple[ObserverState, ...]) -> TopicTraffic:
    """Add up what came of a topic."""
    seen = [observer.topics[topic] for observer in observers]
    live = [observer.topics[topic] for observer in observers if observer.phase is Phase.LIVE]
    count = sum(one.count for one in seen)
    # What came before the connection was lost does not say that it comes now.
    heard = tuple(observer for observer in observers if observer.phase in (Phase.LIVE, Phase.POLLING))
    told, ever = (None, None) if count else (_told(topic, heard), _told(topic, observers))
    pushed_ns = max((one.last_seen_ns for one in seen if one.last_seen_ns is not None), default=None)
    return TopicTraffic(
        is_confirmed=bool(live) and all(one.is_confirmed for one in live),
        count=count,
        rate_hz=sum(one.rate_hz for one in seen),
        last_seen_ns=pushed_ns if ever is None else ever.received_ns,
        way=Way.PUSHED if told is None else Way.REST if told.kind is Kind.REST else Way.STATUS,
    )


def _told(topic: Topic, observers: tuple[ObserverState, ...]) -> Observation | None:
    """What told the matter of a topic last, where no message of its own does."""
    told = [one.observation for observer in observers if (one := _matter(topic, observer)) is not None]
    return max(told, key=lambda one: one.received_ns, default=None)


def _matter(topic: Topic, observer: ObserverState) -> Told[Any] | None:
    match topic:
        case Topic.STATUS:
            return observer.status
        case Topic.LATENCY:
            return observer.latency
        case Topic.UPTIME:
            return observer.uptime
        case Topic.SNAPSHOT:
            return observer.snapshot
        case Topic.CUSTOM_METRICS:
            return observer.metrics
        case _:
            return None


def topic_name(topic: Topic) -> str:
    """The topic as it is called on screen."""
    match topic:
        case Topic.STATUS:
            return _("Status")
        case Topic.LATENCY:
            return _("Latency")
        case Topic.UPTIME:
            return _("Uptime")
        case Topic.SNAPSHOT:
            return _("Snapshots")
        case Topic.CUSTOM_METRICS:
            return _("Custom metrics")
        case Topic.STATE_CHANGES:
            return _("State changes")
        case Topic.PEER_CHANGES:
            return _("Peer changes")


def _mark(is_on: bool, traffic: TopicTraffic) -> tuple[str, str]:
    if not is_on:
        if traffic.is_confirmed:
            return _CONFIRMED, _("Turned off, and confirmed: it stays away")
        return _ASKED, _("Turned off; not confirmed yet")
    match traffic.way:
        case Way.REST:
            return _CONFIRMED, _("Not pushed by this gateway, so it is asked for by REST")
        case Way.STATUS:
            return _CONFIRMED, _("Not pushed by this gateway; its statuses tell it")
        case Way.PUSHED if traffic.is_confirmed:
            return _CONFIRMED, _("Asked for, and confirmed: it comes")
        case Way.PUSHED:
            return _ASKED, _("Asked for; none has come yet")


def _rate_text(traffic: TopicTraffic) -> str:
    match traffic.way:
        case Way.REST:
            return _("REST")
        case Way.STATUS:
            return _("status")
        case Way.PUSHED:
            return f"{traffic.rate_hz:.1f}" if traffic.rate_hz else "0"
