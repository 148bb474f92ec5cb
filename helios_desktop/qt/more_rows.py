"""The rows of the Connect dialog that few need: folded away until they are asked for, or have something to say."""

import math
from typing import Final

from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
)

from helios_desktop.protocol.auth import OPAQUE_TOKEN_LIFE_S
from helios_desktop.qt.forms import add_row, stacked
from helios_desktop.qt.labels import make_label, make_note, show_text, show_tip
from helios_desktop.qt.style_sheet import GAP
from helios_desktop.words import _

_MINUTE_S: Final = 60
_MOST_MINUTES: Final = 365 * 24 * 60
_LIFE_WIDTH_PX: Final = 80


class MoreRows:
    """Puts its rows at the end of `form`, folded; `switch` folds and unfolds them.

    ca_file: the path, "" for the system's certificates
    life:    how long a token lives that does not say so, in minutes; what is no number of them changes nothing
    """

    def __init__(self, form: QFormLayout) -> None:
        self.switch = QPushButton()
        self.ca_file = QLineEdit()
        self.ca_error = make_note(kind="problem")
        self.life = QLineEdit()
        self._choose = QPushButton(_("Choose…"))
        self._life_s: float = OPAQUE_TOKEN_LIFE_S
        self._form = form
        self._first_row = form.rowCount() + 1
        self._build()
        self.show_life(OPAQUE_TOKEN_LIFE_S)
        self.switch.toggled.connect(self._fold)
        self._fold(False)

    @property
    def life_s(self) -> float:
        """As it was shown, to the fraction, unless it was changed."""
        text = self.life.text()
        is_changed = self.life.hasAcceptableInput() and text != _minutes(self._life_s)
        return float(int(text) * _MINUTE_S) if is_changed else self._life_s

    def show_life(self, life_s: float) -> None:
        """Show this life of a token, rounded up to minutes."""
        self._life_s = life_s
        self.life.setText(_minutes(life_s))

    def unfold_if_used(self) -> None:
        """Unfold the rows where one of them does not say what it says at first."""
        if self.ca_file.text() or self.life_s != OPAQUE_TOKEN_LIFE_S:
            self.switch.setChecked(True)

    def show_ca_error(self, sentence: str) -> None:
        """Say below it what is wrong with the CA file, "" for nothing."""
        show_text(self.ca_error, sentence)
        if sentence:
            self.switch.setChecked(True)
        self.ca_error.setVisible(bool(sentence))

    def _fold(self, is_open: bool) -> None:
        self.switch.setText(_("&Less") if is_open else _("&More: CA file, life of tokens"))
        for row in (self._first_row, self._first_row + 1):
            self._form.setRowVisible(row, is_open)
        self.ca_error.setVisible(is_open and bool(self.ca_error.text()))

    def _choose_ca_file(self) -> None:
        dialog = QFileDialog(
            self.ca_file.window(), _("Choose a CA file"), "", _("Certificates (*.pem *.crt *.cer);;All files (*)")
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.ca_file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _build(self) -> None:
        self.switch.setCheckable(True)
        self.switch.setProperty("kind", "fold")
        self.switch.setAutoDefault(False)
        self.ca_file.setPlaceholderText(_("The system's certificates"))
        self.ca_file.setAccessibleName(_("CA file"))
        self._choose.setAutoDefault(False)
        self._choose.clicked.connect(self._choose_ca_file)
        self.life.setValidator(QIntValidator(1, _MOST_MINUTES, self.life))
        self.life.setFixedWidth(_LIFE_WIDTH_PX)
        self.life.setAccessibleName(_("Minutes that a token lives which does not say so"))
        show_tip(self.life, _("The real gateway's tokens do not say so, and live 15 minutes"))
        file = QHBoxLayout()
        file.setSpacing(GAP)
        file.addWidget(self.ca_file, 1)
        file.addWidget(self._choose)
        life = QHBoxLayout()
        life.setSpacing(GAP)
        life.addWidget(self.life)
        life.addWidget(make_label(_("minutes, where it does not say so"), kind="dim"))
        life.addStretch(1)
        self._form.addRow("", self.switch)
        add_row(self._form, _("CA &file"), self.ca_file, stacked(file, self.ca_error))
        add_row(self._form, _("Token l&ife"), self.life, life)


def _minutes(life_s: float) -> str:
    return str(min(max(1, math.ceil(life_s / _MINUTE_S)), _MOST_MINUTES))
