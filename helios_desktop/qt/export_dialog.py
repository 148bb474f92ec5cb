"""The export dialog: which events, in which format, into which file, with a look at the first rows."""

import asyncio
import re
from collections.abc import Coroutine
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.event_filter import EventFilter
from helios_desktop.export.background import BREATH_S, IsCancelled, Progress, in_background
from helios_desktop.export.events_file import Wanted, check_format, write_export
from helios_desktop.export.lines import Format, csv_head, event_line, frame_line
from helios_desktop.export.look import count_events, first_events, first_observations
from helios_desktop.export.replacement import ExportCancelled, ExportError
from helios_desktop.export.source import Source, source_of
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.export_scope import Offer, Scope, ScopeBox
from helios_desktop.qt.labels import make_label, make_note
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import TimelineFilter
from helios_desktop.qt.times import TimeStyle, moment, zone_label, zone_of
from helios_desktop.words import _, ngettext

_PREVIEW_ROWS: Final = 6
_PARTS: Final = 1_000
"""Of the progress bar."""
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")


class ExportDialog(QDialog):
    """Open it with `open()`. It closes only by the user, and never while it writes: Cancel ends the writing first.

    It exports from the journal, or from the recording that is replayed, and what only memory has yet. `visible` is the
    range of time that the window shows.
    """

    written = Signal(object)
    """Done: how many events, or observations, are in the file."""
    failed = Signal(str)
    """Not done, with the sentence that the dialog shows; the file is as it was before."""

    def __init__(
        self,
        watched: Watched,
        chosen: TimelineFilter,
        style: TimeStyle,
        theme: Theme,
        parent: QWidget | None = None,
        visible: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(parent)
        self._watched = watched
        self._style = style
        self._is_cancelled = False
        self._is_writing = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._counts: dict[EventFilter, int] = {}
        self.scopes = ScopeBox(Offer(chosen.events, visible, watched.now_ns(), style))
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
        self._format_changed()
        self._start("count", self._count())

    @property
    def is_writing(self) -> bool:
        """True while a file is being written."""
        return self._is_writing

    def reject(self) -> None:
        """Qt's: Escape, the close button of the frame, and Cancel."""
        if self._is_writing:
            self._is_cancelled = True
            return
        for task in self._tasks.values():
            task.cancel()
        super().reject()

    # What is chosen

    def _format(self) -> Format:
        return Format(self.format.currentData())

    def _zone(self) -> tzinfo | None:
        return zone_of(TimeStyle(self.zone.currentData()))

    def _source(self) -> Source:
        return source_of(self._watched)

    def _start(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Do it in the place of what was being done under this name."""
        before = self._tasks.get(what)
        if before is not None:
            before.cancel()
        self._tasks[what] = asyncio.get_running_loop().create_task(work, name=f"export {what}")

    async def _count(self) -> None:
        """Count what the scopes hold, what is chosen first."""
        source, scopes = self._source(), self.scopes
        others = [scopes.filter_of(scope) for scope in (Scope.FILTERED, Scope.ALL, Scope.VISIBLE)]
        for chosen in (scopes.chosen, *others):
            if chosen not in self._counts:
                try:
                    self._counts[chosen] = await in_background(
                        partial(count_events, source, chosen),
                        progress=lambda _done: None,
                        breath_s=BREATH_S,
                    )
                except ExportError:
                    return  # the preview says why
            self.scopes.show_counts(self._counts)

    def _scope_changed(self) -> None:
        self.scopes.show_counts(self._counts)
        self._start("count", self._count())
        self._show_preview()

    def _format_changed(self) -> None:
        chosen = self._format()
        self.zone.setEnabled(chosen.has_zone)
        self.zone.setToolTip("" if chosen.has_zone else _("This format is always in UTC"))
        path = self.path.text()
        self.path.setText(str(Path(path).with_suffix(chosen.suffix)) if path else str(self._first_path()))
        self._show_preview()

    def _show_preview(self) -> None:
        self.export.setEnabled(False)
        self._start("preview", self._preview(self.scopes.chosen, self._format(), self._zone()))

    async def _preview(self, chosen: EventFilter, file_format: Format, zone: tzinfo | None) -> None:
        source = self._source()

        def look(_progress: Progress, is_cancelled: IsCancelled) -> list[str]:
            check_format(file_format)
            if not file_format.is_of_events:
                seen = first_observations(source, chosen, _PREVIEW_ROWS, is_cancelled)
                return [frame_line(observation) for observation in seen]
            events = first_events(source, chosen, _PREVIEW_ROWS, is_cancelled)
            return [event_line(event, file_format, zone) for event in events]

        try:
            lines = await in_background(look, progress=lambda _done: None)
        except ExportError as error:
            self.preview.setPlainText(str(error))
            return
        has_head = file_format in (Format.CSV, Format.PARQUET)
        self.preview.setPlainText("".join([csv_head() if has_head else "", *lines]).rstrip())
        self.export.setEnabled(bool(lines) and not self._is_writing)
        if not lines:
            self.preview.setPlainText(_("There is nothing to export: no event passes the filter."))

    def _path_changed(self) -> None:
        path = self.path.text().strip()
        replaces = bool(path) and Path(path).expanduser().is_file()
        self._say(_("This file exists and will be replaced.") if replaces else "", is_problem=False)

    def _first_path(self) -> Path:
        documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        folder = documents if documents.is_dir() else Path.home()
        name = _NOT_IN_NAMES.sub("-", self._watched.target.name).strip("-.") or "helios"
        at = moment(self._watched.now_ns(), TimeStyle.LOCAL)
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
        if self._is_writing:
            return
        text = self.path.text().strip()
        if not text:
            self._say(_("Name the file to write to."), is_problem=True)
            self.path.setFocus()
            return
        self._is_cancelled = False
        self._set_writing(is_writing=True)
        wanted = Wanted(self._format(), self._watched.now_ns(), self.scopes.chosen, self._zone())
        self._start("write", self._write(Path(text).expanduser(), self._source(), wanted))

    async def _write(self, path: Path, source: Source, wanted: Wanted) -> None:
        sentence, is_problem, count = "", True, 0
        try:
            count = await in_background(
                lambda progress, is_cancelled: write_export(
                    path, source, wanted, progress=progress, is_cancelled=is_cancelled
                ),
                progress=lambda done: self.progress.setValue(int(done * _PARTS)),
                is_cancelled=lambda: self._is_cancelled,
                breath_s=BREATH_S,
            )
        except ExportCancelled as error:
            sentence, is_problem = str(error), False
        except ExportError as error:
            sentence = str(error)
        self._set_writing(is_writing=False)
        if sentence:
            self._say(sentence, is_problem=is_problem)
            self.failed.emit(sentence)
            return
        self._say(_written(path, count, wanted.format), is_problem=False)
        self.written.emit(count)

    def _set_writing(self, *, is_writing: bool) -> None:
        self._is_writing = is_writing
        self.progress.setVisible(is_writing)
        self.progress.setValue(0)
        for control in (self.scopes, self.format, self.path, self._browse, self.export):
            control.setEnabled(not is_writing)
        self.zone.setEnabled(not is_writing and self._format().has_zone)
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
        for name, file_format in (
            (_("JSON Lines, all that is known"), Format.EVENTS),
            (_("CSV, for spreadsheets"), Format.CSV),
            (_("Plain log lines"), Format.LOG),
            (_("Parquet, for data tools"), Format.PARQUET),
            (_("Frames as received, JSON Lines"), Format.FRAMES),
        ):
            self.format.addItem(name, file_format.value)
        self.format.setAccessibleName(_("Format"))
        self.zone.addItem("UTC", TimeStyle.UTC.value)
        local = zone_label(TimeStyle.LOCAL, self._watched.now_ns())
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
        self.progress.setRange(0, _PARTS)
        self.progress.setAccessibleName(_("Progress"))
        self.export.setDefault(True)
        self.cancel.setAutoDefault(False)
        self._browse.setAutoDefault(False)
        gone = self._source().gone
        self._note.setVisible(gone > 0)
        self._note.setText(
            _("{n} older events went and cannot be exported; the file says so.").format(n=count_text(gone))
        )
        self._lay_out()
        self.scopes.changed.connect(self._scope_changed)
        self.format.activated.connect(lambda _row: self._format_changed())
        self.zone.activated.connect(lambda _row: self._show_preview())
        self.path.textChanged.connect(lambda _text: self._path_changed())
        self._browse.clicked.connect(self._choose_file)
        self.export.clicked.connect(self.start)
        self.cancel.clicked.connect(self.reject)

    def _lay_out(self) -> None:
        scope = QVBoxLayout()
        scope.setSpacing(4)
        scope.addWidget(self.scopes)
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


def _written(path: Path, count: int, file_format: Format) -> str:
    if file_format.is_of_events:
        sentence = ngettext("Wrote {n} event to {path}", "Wrote {n} events to {path}", count)
    else:
        sentence = ngettext("Wrote {n} observation to {path}", "Wrote {n} observations to {path}", count)
    return sentence.format(n=count_text(count), path=path)
