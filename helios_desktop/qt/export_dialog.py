"""The export dialog: which events, in which format, into which file, with a look at the first rows."""

import asyncio
import re
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import Final

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.event import Event
from helios_desktop.export.events_file import ExportCancelled, ExportError, write_events
from helios_desktop.export.lines import Format, csv_head, line_of
from helios_desktop.export.meta import meta_of
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.qt.labels import make_label, make_note
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import EVERYTHING, TimelineFilter
from helios_desktop.qt.times import TimeStyle, moment, zone_label, zone_of
from helios_desktop.words import _, ngettext

_PREVIEW_ROWS: Final = 6
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")


class ExportDialog(QDialog):
    """Open it with `open()`. It closes only by the user, and never while it writes: Cancel ends the writing first."""

    written = Signal(int)
    """Done: how many events are in the file."""
    failed = Signal(str)
    """Not done, with the sentence that the dialog shows; the file is as it was before."""

    def __init__(
        self, monitor: Monitor, chosen: TimelineFilter, style: TimeStyle, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._monitor = monitor
        self._chosen = chosen
        self._style = style
        self._task: asyncio.Task[None] | None = None
        self._is_cancelled = False
        self.all_events = QRadioButton()
        self.as_filtered = QRadioButton()
        self.format = QComboBox()
        self.zone = QComboBox()
        self.path = QLineEdit()
        self.preview = QPlainTextEdit()
        self.progress = QProgressBar()
        self.message = make_note()
        self.export = QPushButton(_("Export"))
        self.cancel = QPushButton(_("Close"))
        self._browse = QPushButton(_("Choose…"))
        self._note = make_label(kind="dim")
        self._build(theme)
        self._count()
        self._format_changed()

    @property
    def is_writing(self) -> bool:
        """True while a file is being written."""
        return self._task is not None

    def reject(self) -> None:
        """Qt's: Escape, the close button of the frame, and Cancel."""
        if self._task is not None:
            self._is_cancelled = True
            return
        super().reject()

    # What is chosen

    def _numbers(self) -> list[int]:
        log = self._monitor.log
        chosen = self._chosen if self.as_filtered.isChecked() else EVERYTHING
        return chosen.select(log, log.first, log.end)

    def _format(self) -> Format:
        return Format(self.format.currentData())

    def _zone(self) -> tzinfo | None:
        return zone_of(TimeStyle(self.zone.currentData()))

    def _count(self) -> None:
        log = self._monitor.log
        kept = log.end - log.first
        filtered = len(self._chosen.select(log, log.first, log.end))
        self.all_events.setText(
            ngettext("All that is kept: {n} event", "All that is kept: {n} events", kept).format(n=count_text(kept))
        )
        self.as_filtered.setText(
            ngettext("As filtered: {n} event", "As filtered: {n} events", filtered).format(n=count_text(filtered))
        )
        self._note.setVisible(log.first > 0)
        self._note.setText(
            _("{n} older events went and cannot be exported; the file says so.").format(n=count_text(log.first))
        )

    def _format_changed(self) -> None:
        has_zone = self._format() is not Format.EVENTS
        self.zone.setEnabled(has_zone)
        self.zone.setToolTip("" if has_zone else _("JSON Lines are always in UTC"))
        path = self.path.text()
        self.path.setText(str(Path(path).with_suffix(self._format().suffix)) if path else str(self._first_path()))
        self._show_preview()

    def _show_preview(self) -> None:
        numbers = self._numbers()
        chosen, zone = self._format(), self._zone()
        lines = [csv_head()] if chosen is Format.CSV else []
        lines += [line_of(self._monitor.log[number], chosen, zone) for number in islice(numbers, _PREVIEW_ROWS)]
        self.preview.setPlainText("".join(lines).rstrip())
        self.export.setEnabled(bool(numbers) and not self.is_writing)
        if not numbers:
            self.preview.setPlainText(_("There is nothing to export: no event passes the filter."))

    def _path_changed(self) -> None:
        path = self.path.text().strip()
        replaces = bool(path) and Path(path).expanduser().is_file()
        self._say(_("This file exists and will be replaced.") if replaces else "", is_problem=False)

    def _first_path(self) -> Path:
        documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        folder = documents if documents.is_dir() else Path.home()
        name = _NOT_IN_NAMES.sub("-", self._monitor.target.name).strip("-.") or "helios"
        at = moment(self._monitor.now_ns(), TimeStyle.LOCAL)
        return folder / f"{name}-{at:%Y-%m-%d-%H%M}{self._format().suffix}"

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, _("Export to"), self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self._format().suffix.removeprefix("."))
        dialog.fileSelected.connect(self.path.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # Writing

    def start(self) -> None:
        """Write the file. Needs the running loop."""
        if self._task is not None:
            return
        text = self.path.text().strip()
        if not text:
            self._say(_("Name the file to write to."), is_problem=True)
            self.path.setFocus()
            return
        events = self._events()
        self._is_cancelled = False
        self._set_writing(is_writing=True, count=len(events))
        self._task = asyncio.get_running_loop().create_task(self._write(Path(text).expanduser(), events))

    def _events(self) -> list[Event]:
        return [self._monitor.log[number] for number in self._numbers()]

    async def _write(self, path: Path, events: list[Event]) -> None:
        is_filtered = self.as_filtered.isChecked() and not self._chosen.is_everything
        meta = meta_of(self._monitor, filter=self._chosen.events if is_filtered else None, went=self._monitor.log.first)
        sentence, is_problem, count = "", True, 0
        try:
            count = await write_events(
                path,
                events,
                format=self._format(),
                meta=meta,
                zone=self._zone(),
                progress=self.progress.setValue,
                is_cancelled=lambda: self._is_cancelled,
            )
        except ExportCancelled as error:
            sentence, is_problem = str(error), False
        except ExportError as error:
            sentence = str(error)
        finally:
            self._task = None
        self._set_writing(is_writing=False)
        if sentence:
            self._say(sentence, is_problem=is_problem)
            self.failed.emit(sentence)
            return
        self._say(
            ngettext("Wrote {n} event to {path}", "Wrote {n} events to {path}", count).format(
                n=count_text(count), path=path
            ),
            is_problem=False,
        )
        self.written.emit(count)

    def _set_writing(self, *, is_writing: bool, count: int = 0) -> None:
        self.progress.setVisible(is_writing)
        self.progress.setRange(0, max(1, count))
        self.progress.setValue(0)
        for control in (self.all_events, self.as_filtered, self.format, self.path, self._browse, self.export):
            control.setEnabled(not is_writing)
        self.zone.setEnabled(not is_writing and self._format() is not Format.EVENTS)
        self.cancel.setText(_("Cancel") if is_writing else _("Close"))
        if is_writing:
            self._say("", is_problem=False)

    def _say(self, text: str, *, is_problem: bool) -> None:
        self.message.setText(text)
        self.message.setProperty("kind", "problem" if is_problem else "dim")
        # A rule that looks at a property is looked up again only when the style is told so.
        self.message.style().unpolish(self.message)
        self.message.style().polish(self.message)

    def _build(self, theme: Theme) -> None:
        self.setWindowTitle(_("Export the timeline"))
        self.setMinimumWidth(680)
        scopes = QButtonGroup(self)
        scopes.addButton(self.all_events)
        scopes.addButton(self.as_filtered)
        (self.all_events if self._chosen.is_everything else self.as_filtered).setChecked(True)
        self.as_filtered.setEnabled(not self._chosen.is_everything)
        for name, file_format in (
            (_("JSON Lines, all that is known"), Format.EVENTS),
            (_("CSV, for spreadsheets"), Format.CSV),
            (_("Plain log lines"), Format.LOG),
        ):
            self.format.addItem(name, file_format.value)
        self.format.setAccessibleName(_("Format"))
        self.zone.addItem("UTC", TimeStyle.UTC.value)
        local = zone_label(TimeStyle.LOCAL, self._monitor.now_ns())
        self.zone.addItem(_("Local time, {zone}").format(zone=local), TimeStyle.LOCAL.value)
        self.zone.setCurrentIndex(0 if self._style is TimeStyle.UTC else 1)
        self.zone.setAccessibleName(_("Time zone"))
        self.path.setAccessibleName(_("File"))
        self.preview.setReadOnly(True)
        self.preview.setFont(theme.mono)
        self.preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.preview.setAccessibleName(_("The first rows"))
        self.preview.setTabChangesFocus(True)
        self.preview.setFixedHeight(136)
        self.progress.setVisible(False)
        self.progress.setAccessibleName(_("Progress"))
        self.export.setDefault(True)
        self.cancel.setAutoDefault(False)
        self._browse.setAutoDefault(False)

        scope = QVBoxLayout()
        scope.setSpacing(4)
        scope.addWidget(self.as_filtered)
        scope.addWidget(self.all_events)
        scope.addWidget(self._note)
        kind = QHBoxLayout()
        kind.addWidget(self.format, 2)
        kind.addWidget(self.zone, 1)
        kind.setSpacing(8)
        file = QHBoxLayout()
        file.setSpacing(8)
        file.addWidget(self.path, 1)
        file.addWidget(self._browse)
        form = QGridLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(10)
        form.setColumnStretch(1, 1)
        for row, (name, part) in enumerate(
            ((_("Events"), scope), (_("Format"), kind), (_("File"), file)),
        ):
            label = make_label(name, kind="dim")
            form.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop if row == 0 else Qt.AlignmentFlag.AlignVCenter)
            form.addLayout(part, row, 1)
        label = make_label(_("First rows"), kind="dim")
        form.addWidget(label, 3, 0, Qt.AlignmentFlag.AlignTop)
        form.addWidget(self.preview, 3, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.progress, 1)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addLayout(buttons)

        scopes.buttonToggled.connect(lambda _button, is_chosen: self._show_preview() if is_chosen else None)
        self.format.activated.connect(lambda _row: self._format_changed())
        self.zone.activated.connect(lambda _row: self._show_preview())
        self.path.textChanged.connect(lambda _text: self._path_changed())
        self._browse.clicked.connect(self._choose_file)
        self.export.clicked.connect(self.start)
        self.cancel.clicked.connect(self.reject)
