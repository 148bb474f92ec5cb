"""The inspector: all that is known of one event, and the text that told it."""

from collections.abc import Callable
from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.event import Event, Severity
from helios_desktop.export.event_json import event_record
from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Kind, Observation
from helios_desktop.qt.derivation import DERIVED_MARK, evidence_text, happened_text, origin_text
from helios_desktop.qt.json_view import JsonView
from helios_desktop.qt.labels import ElidedButton, ElidedLabel, fill, make_label, make_note, show_tip, tint
from helios_desktop.qt.naming import teller, title_of
from helios_desktop.qt.quantities import UNKNOWN, bytes_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_cells import severity_mark, severity_name
from helios_desktop.qt.times import TimeStyle, clock_text, date_text, exact_text, full_text, span_text, time_text
from helios_desktop.summary import summary
from helios_desktop.words import _

MAX_EVIDENCE: Final = 12
"""How many observations are listed; an event seldom follows from more than three."""


class InspectorPanel(QWidget):
    """Shows the event given by `show_event` until another is, also when the log has let it go.

    Where that event is completed meanwhile, it shows the completed one. `find_older` gives events that memory let go.
    """

    evidence_shown = Signal(object)
    """The `Observation` whose text is shown instead of the event's own; None when it is the event's again."""

    def __init__(self, theme: Theme, find_older: Callable[[int], Event | None] = lambda _number: None) -> None:
        super().__init__()
        self._theme = theme
        self._find_older = find_older
        self._style = TimeStyle.UTC
        self._monitor: Watched | None = None
        self._number: int | None = None
        self._event: Event | None = None
        self._evidence: Observation | None = None
        self._title = make_label()
        self._severity = make_label()
        self._summary = make_note(kind="")
        self._facts = QGridLayout()
        self._values: dict[str, ElidedLabel] = {}
        self._derived = make_note()
        self._evidence_box = QVBoxLayout()
        self._evidence_buttons: dict[QPushButton, Observation] = {}
        self._pages = QButtonGroup(self)
        self._raw_page = QToolButton()
        self._record_page = QToolButton()
        self._copy = QToolButton()
        self._origin = make_label(kind="dim")
        self.view = JsonView(theme)
        self._empty = make_note(_("Choose a row of the timeline or a mark on a graph to see all that is known of it."))
        self._body = QWidget()
        self._build()
        self.set_theme(theme)
        self._show()

    # What the window calls

    @property
    def shown(self) -> Event | None:
        """The event that is shown."""
        return self._event

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.view.set_theme(theme)
        fill(self, theme.panel)
        title = QFont(theme.ui)
        title.setPointSizeF(title.pointSizeF() + 2)
        title.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(title)
        self._show()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention; the time is always given in UTC and local, too."""
        self._style = style
        self._show()

    def show_monitor(self, monitor: Watched | None) -> None:
        """Take events from another cluster's log; what is shown goes."""
        self._monitor = monitor
        self._number = self._event = self._evidence = None
        self._show()

    def show_event(self, number: int | None) -> None:
        """Show the event of that number; None, or one that is nowhere any more, shows nothing."""
        self._number = number
        self._evidence = None
        self._event = self._kept()
        if self._event is None and number is not None:
            self._event = self._find_older(number)
        self._show()

    def refresh(self) -> None:
        """Keep the age true, and take in what completed the event."""
        if self._event is None or not self.isVisible():
            return
        kept = self._kept()
        if kept is not None and kept is not self._event:
            self._event = kept
            self._show()
        self._values["age"].setText(self._age(self._event))

    def _kept(self) -> Event | None:
        if self._number is None or self._monitor is None:
            return None
        try:
            return self._monitor.log[self._number]
        except IndexError:
            return None

    def set_held(self, held_at_ns: int | None) -> None:
        """Nothing here moves by itself, so there is nothing to hold."""

    # What is shown

    def _show(self) -> None:
        event = self._event
        self._body.setVisible(event is not None)
        self._empty.setVisible(event is None)
        if event is None:
            self.view.show_text("")
            return
        severity = event.severity
        self._title.setText(event.type)
        self._severity.setText(f"{severity_mark(severity)} {severity_name(severity)}")
        tint(self._severity, self._severity_colour(severity))
        self._summary.setText(summary(event))
        for name, value in (
            ("date", _date(event.at_ns)),
            ("utc", exact_text(event.at_ns, TimeStyle.UTC)),
            # The nanoseconds stand above.
            ("local", clock_text(event.at_ns, TimeStyle.LOCAL)),
            ("server", event.timestamp or UNKNOWN),
            ("age", self._age(event)),
            ("node", event.node or UNKNOWN),
            ("observer", self._title_of(event.observer) or UNKNOWN),
        ):
            self._values[name].show_line(value)
            show_tip(self._values[name], value)
        self._show_evidence(event)
        self._show_page()

    def _show_evidence(self, event: Event) -> None:
        for button in self._evidence_buttons:
            self._evidence_box.removeWidget(button)
            button.deleteLater()
        self._evidence_buttons = {}
        self._derived.setVisible(bool(event.evidence))
        if not event.evidence:
            return
        mark = f"{DERIVED_MARK} " if event.is_derived else ""
        sentences = (origin_text(event), happened_text(event, self._style))
        self._derived.setText(mark + " ".join(sentence for sentence in sentences if sentence))
        for observation in event.evidence[-MAX_EVIDENCE:]:
            button = ElidedButton()
            at_ns, text = observation.received_ns, evidence_text(observation, self._short_name(observation.observer))
            button.show_line(f"{time_text(at_ns, self._style)}  {text}")
            button.setCheckable(True)
            button.setChecked(observation is self._evidence)
            whole = evidence_text(observation, self._title_of(observation.observer))
            show_tip(button, f"{whole}\n{full_text(at_ns, self._style)}\n{_('Show the text of this observation')}")
            button.clicked.connect(lambda is_chosen, one=observation: self.show_evidence(one if is_chosen else None))
            self._evidence_box.addWidget(button)
            self._evidence_buttons[button] = observation

    def show_evidence(self, observation: Observation | None) -> None:
        """Show the text of one of the observations that the event follows from; None shows the event's own."""
        self._evidence = observation
        self._raw_page.setChecked(True)
        for button, one in self._evidence_buttons.items():
            button.setChecked(one is observation)
        self._show_page()
        self.evidence_shown.emit(observation)

    def _show_page(self) -> None:
        event = self._event
        if event is None:
            return
        observation = self._evidence or event.observation
        if self._record_page.isChecked():
            self._origin.setText(_("As exported"))
            self.view.show_text(msgspec.json.encode(event_record(event)).decode())
        else:
            self._origin.setText(_raw_origin(observation))
            self.view.show_text(observation.text)
        self.view.setAccessibleName(self._origin.text())

    def _age(self, event: Event) -> str:
        if self._monitor is None:
            return UNKNOWN
        return _("{span} ago").format(span=span_text(max(0, self._monitor.now_ns() - event.at_ns)))

    def _title_of(self, observer: str) -> str:
        return observer if self._monitor is None else title_of(observer, self._monitor.state)

    def _short_name(self, observer: str) -> str:
        return observer if self._monitor is None else teller(observer, self._monitor.state)

    def _severity_colour(self, severity: Severity) -> QColor:
        match severity:
            case Severity.PROBLEM:
                return self._theme.problem
            case Severity.WARNING:
                return self._theme.warning
            case Severity.NOTICE:
                return self._theme.accent
            case _:
                return self._theme.text_dim

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.view.raw)

    def _build(self) -> None:
        self.setAccessibleName(_("Inspector"))
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._severity)
        self._facts.setHorizontalSpacing(8)
        self._facts.setVerticalSpacing(3)
        self._facts.setColumnStretch(1, 1)
        for row, (name, text) in enumerate(
            (
                ("date", _("Date")),
                ("utc", _("Seen")),
                ("local", _("Local")),
                ("server", _("Server")),
                ("age", _("Age")),
                ("node", _("Node")),
                ("observer", _("Told by")),
            )
        ):
            label, value = make_label(text, kind="dim"), ElidedLabel("")
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._values[name] = value
            self._facts.addWidget(label, row, 0)
            self._facts.addWidget(value, row, 1)
        self._evidence_box.setSpacing(4)
        for number, (button, text, tip) in enumerate(
            (
                (self._raw_page, _("Raw"), _("The text that was received, indented")),
                (self._record_page, _("Record"), _("The event as it is exported and printed by tail --json")),
            )
        ):
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            self._pages.addButton(button, number)
        self._raw_page.setChecked(True)
        self._copy.setText(_("Copy"))
        self._copy.setToolTip(_("Copy the whole text as it came"))
        pages = QHBoxLayout()
        pages.setSpacing(4)
        pages.addWidget(self._raw_page)
        pages.addWidget(self._record_page)
        pages.addStretch(1)
        pages.addWidget(self._copy)

        body = QVBoxLayout(self._body)
        body.setContentsMargins(12, 10, 12, 0)
        body.setSpacing(8)
        body.addLayout(head)
        body.addWidget(self._summary)
        body.addLayout(self._facts)
        body.addWidget(self._derived)
        body.addLayout(self._evidence_box)
        body.addLayout(pages)
        body.addWidget(self._origin)
        body.addWidget(self.view, 1)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(16, 16, 16, 16)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._body, 1)
        layout.addWidget(self._empty, 1)
        self.setFocusProxy(self.view)
        self._pages.idClicked.connect(lambda _number: self._show_page())
        self._copy.clicked.connect(self._copy_text)


def _date(at_ns: int) -> str:
    utc, local = date_text(at_ns, TimeStyle.UTC), date_text(at_ns, TimeStyle.LOCAL)
    return utc if utc == local else _("{utc} UTC, {local} local").format(utc=utc, local=local)


def _raw_origin(observation: Observation) -> str:
    if not observation.text:
        return _("No text: a second of silence")
    size = bytes_text(len(observation.text.encode(errors="replace")))
    match observation.kind:
        case Kind.FRAME:
            return _("Frame as received, {size}").format(size=size)
        case Kind.SENT:
            return _("Frame as sent, {size}").format(size=size)
        case Kind.REST:
            return _("Answer to {call}, {size}").format(call=observation.source, size=size)
        case _:
            return _("Change of the connection")
