"""Rows of a form: a label that leads to its field, and below the field what belongs to it."""

from PySide6.QtWidgets import QFormLayout, QLabel, QLayout, QVBoxLayout, QWidget

from helios_desktop.qt.style_sheet import SPACE


def add_row(form: QFormLayout, text: str, field: QWidget, layout: QLayout) -> None:
    """Put `layout`, which holds `field`, at the end of `form`; the letter after & in `text` leads to the field."""
    label = QLabel(text)
    label.setBuddy(field)
    form.addRow(label, layout)


def stacked(*parts: QWidget | QLayout) -> QVBoxLayout:
    """One below the other, close. No widget around: it would cut wrapped text off."""
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE)
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    return column
