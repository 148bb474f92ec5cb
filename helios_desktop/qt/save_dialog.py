"""Which part of what is recorded goes into which file: for a recording to keep or to give away, and for a report."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.qt.labels import make_label, make_note, tint
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import Theme
from helios_desktop.words import _

_WIDTH_PX: Final = 520
_MARGIN_PX: Final = 16
_PARTS: Final = 1_000
"""Of the progress bar."""

Span = tuple[int | None, int | None]
"""The first instant and the first one after the last; None for no bound."""


@dataclass(frozen=True)
class Choice:
    """A part of the recording to choose: its words and the span; `detail` is written fainter, `is_first` is chosen."""

    text: str
    span: Span
    detail: str = ""
    is_first: bool = False


@dataclass(frozen=True)
class Product:
    """What is made: words for the dialog, the ending of its file, and whether names can be replaced in it."""

    title: str
    explanation: str
    verb: str
    suffix: str
    can_disguise: bool


@dataclass(frozen=True)
class Order:
    """What the user wants."""

    path: Path
    span: Span
    is_disguised: bool


Make = Callable[[Order, Callable[[float], None], Callable[[], bool]], Awaitable[str]]
"""Makes it, telling how far it is (0 to 1), and asking whether it is cancelled; gives the sentence to show.

Raises `SaveError` with a sentence.
"""


class SaveError(Exception):
    """Nothing was written; the message is a sentence. `is_wanted` where the user cancelled it."""

    def __init__(self, sentence: str, *, is_wanted: bool = False) -> None:
        super().__init__(sentence)
        self.is_wanted = is_wanted


class SaveDialog(QDialog):
    """Open it with `open()`. While it writes, Cancel and Escape end the writing first."""

    saved = Signal(object)
    """Done: the path."""
    failed = Signal(str)
    """Not done, with the sentence that the dialog shows."""

    def __init__(
        self,
        product: Product,
        choices: tuple[Choice, ...],
        path: Path,
        make: Make,
        tasks: Tasks,
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._product = product
        self._choices = choices
        self._make = make
        self._tasks = tasks
        self._theme = theme
        self._is_writing = False
        self._is_cancelled = False
        self.spans = QButtonGroup(self)
        self.disguise = QCheckBox(_("Replace host names and addresses"))
        self.path = QLineEdit(str(path))
        self.progress = QProgressBar()
        self.message = make_note(kind="")
        self.save = QPushButton(product.verb)
        self.cancel = QPushButton(_("Close"))
        self._browse = QPushButton(_("Choose…"))
        self._build()
        self._path_changed()

    @property
    def is_writing(self) -> bool:
        """True while a file is being written."""
        return self._is_writing

    def reject(self) -> None:
        """Qt's: Escape, the close button of the frame, and Cancel."""
        if self._is_writing:
            self._is_cancelled = True
            return
        super().reject()

    def start(self) -> None:
        """Write the file. Needs the running loop."""
        text = self.path.text().strip()
        if self._is_writing:
            return
        if not text:
            self._say(_("Name the file to write to."), is_problem=True)
            self.path.setFocus()
            return
        span = self._choices[self.spans.checkedId()].span
        self._is_cancelled = False
        self._set_writing(is_writing=True)
        self._tasks.start(self._write(Order(Path(text).expanduser(), span, self.disguise.isChecked())))

    async def _write(self, order: Order) -> None:
        try:
            sentence = await self._make(order, self._show_progress, lambda: self._is_cancelled)
        except SaveError as error:
            self._set_writing(is_writing=False)
            self._say(str(error), is_problem=not error.is_wanted)
            self.failed.emit(str(error))
        else:
            self._set_writing(is_writing=False)
            self._say(sentence, is_problem=False)
            self.saved.emit(order.path)

    def _show_progress(self, done: float) -> None:
        self.progress.setValue(round(done * _PARTS))

    def _set_writing(self, *, is_writing: bool) -> None:
        self._is_writing = is_writing
        controls = (*self.spans.buttons(), self.disguise, self.path, self._browse, self.save)
        for control in controls:
            control.setEnabled(not is_writing)
        self.progress.setVisible(is_writing)
        self.progress.setValue(0)
        self.cancel.setText(_("Cancel") if is_writing else _("Close"))
        if is_writing:
            self._say("", is_problem=False)
            self.cancel.setFocus()

    def _say(self, sentence: str, *, is_problem: bool) -> None:
        self.message.setText(sentence)
        tint(self.message, self._theme.problem if is_problem else self._theme.text_dim)

    def _path_changed(self) -> None:
        path = self.path.text().strip()
        replaces = bool(path) and Path(path).expanduser().is_file()
        self._say(_("This file exists and will be replaced.") if replaces else "", is_problem=False)

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, self._product.title, self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self._product.suffix.removeprefix("."))
        # The dialog says so itself, before it writes.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.fileSelected.connect(self.path.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _build(self) -> None:
        self.setWindowTitle(self._product.title)
        self.setMinimumWidth(_WIDTH_PX)
        self.path.setAccessibleName(_("File"))
        self.progress.setAccessibleName(_("Progress"))
        self.progress.setRange(0, _PARTS)
        self.progress.setTextVisible(False)
        self.progress.setVisible(False)
        self.save.setDefault(True)
        for button in (self.cancel, self._browse):
            button.setAutoDefault(False)
        parts = QGridLayout()
        parts.setHorizontalSpacing(12)
        parts.setVerticalSpacing(4)
        parts.setColumnStretch(1, 1)
        for row, choice in enumerate(self._choices):
            span = QRadioButton(choice.text)
            span.setChecked(choice.is_first)
            span.setAccessibleDescription(choice.detail)
            self.spans.addButton(span, row)
            parts.addWidget(span, row, 0)
            if choice.is_first:
                span.setFocus()
            parts.addWidget(make_label(choice.detail, kind="faint"), row, 1)
        file = QHBoxLayout()
        file.setSpacing(8)
        file.addWidget(self.path, 1)
        file.addWidget(self._browse)
        buttons = QHBoxLayout()
        buttons.addWidget(self.progress, 1)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN_PX, _MARGIN_PX, _MARGIN_PX, _MARGIN_PX)
        layout.setSpacing(12)
        layout.addWidget(make_note(self._product.explanation))
        layout.addLayout(parts)
        if self._product.can_disguise:
            layout.addWidget(self.disguise)
            self.disguise.setToolTip(_("By made-up ones, the same ones throughout: for a file to give away"))
        else:
            self.disguise.setParent(self)
            self.disguise.setVisible(False)
        layout.addLayout(file)
        layout.addWidget(self.message)
        layout.addLayout(buttons)
        self.path.textChanged.connect(lambda _text: self._path_changed())
        self._browse.clicked.connect(self._choose_file)
        self.save.clicked.connect(self.start)
        self.cancel.clicked.connect(self.reject)
