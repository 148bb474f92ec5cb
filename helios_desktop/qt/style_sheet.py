"""What a palette cannot say: flat controls of one height, a visible focus, frames weaker than data.

Rules select by class or by the `kind` property, set once where a widget is made.
"""

from string import Template
from typing import Final

from PySide6.QtGui import QColor

SPACE: Final = 4
"""The unit of all distances, in device-independent pixels."""
GAP: Final = 2 * SPACE
PAD: Final = 3 * SPACE
RADIUS: Final = 4

_SHEET: Final = Template("""
QMainWindow, QSplitter { background: ${window}; }
QSplitter::handle { background: ${window}; }
QSplitter::handle:hover { background: ${line}; }
QToolTip { background: ${raised}; color: ${text}; border: 1px solid ${line}; padding: ${space}px; }
QMenuBar { background: ${window}; color: ${dim}; padding: 1px ${space}px; }
QMenuBar::item { background: transparent; padding: 3px ${gap}px; border-radius: ${radius}px; }
QMenuBar::item:selected { background: ${raised}; color: ${text}; }
QMenu { background: ${raised}; color: ${text}; border: 1px solid ${line}; padding: ${space}px; }
QMenu::item { padding: ${space}px 24px ${space}px 20px; border-radius: ${radius}px; }
QMenu::item:selected { background: ${selection}; }
QMenu::item:disabled { color: ${faint}; }
QMenu::separator { height: 1px; background: ${line}; margin: ${space}px ${gap}px; }
QMenu::indicator { width: 12px; height: 12px; left: 4px; }
QPushButton, QToolButton, QComboBox {
    background: ${raised}; color: ${text}; border: 1px solid ${line}; border-radius: ${radius}px;
    padding: 3px ${gap}px; min-height: 18px;
}
QToolButton[popupMode="2"] { padding-right: 18px; }
QPushButton:hover, QToolButton:hover, QComboBox:hover { border-color: ${faint}; }
QPushButton:pressed, QToolButton:pressed { background: ${line}; }
QPushButton:checked, QToolButton:checked { background: ${selection}; border-color: ${accent}; }
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled { color: ${faint}; border-color: ${line}; }
QPushButton:default { border-color: ${accent}; }
QPushButton:focus, QToolButton:focus, QComboBox:focus { border: 1px solid ${focus}; outline: none; }
QPushButton[kind="hold"]:checked { background: ${hold}; color: #14171c; border-color: ${hold}; }
QPushButton[kind="choice"] {
    padding: ${gap}px ${pad}px; min-height: 24px; text-align: left; font-weight: 500;
}
QPushButton[kind="line"] { text-align: left; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; border-color: transparent; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: ${raised}; }
QPushButton[kind="quiet"]:focus, QToolButton[kind="quiet"]:focus { border-color: ${focus}; }
QPushButton[kind="fold"], QPushButton[kind="fold"]:checked {
    background: transparent; border-color: transparent; color: ${dim}; text-align: left;
}
QPushButton[kind="fold"]:hover { color: ${text}; }
QPushButton[kind="fold"]:focus { border-color: ${focus}; }
QComboBox:editable, QComboBox QLineEdit { background: ${field}; }
QComboBox QLineEdit { border: none; padding: 0; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url(icons:arrow_${name}.svg); width: 10px; height: 10px; }
QToolButton::menu-indicator {
    image: url(icons:arrow_${name}.svg); width: 10px; height: 10px;
    subcontrol-origin: padding; subcontrol-position: center right; right: 5px;
}
QComboBox QAbstractItemView {
    background: ${raised}; border: 1px solid ${line}; selection-background-color: ${selection};
}
QLineEdit, QSpinBox, QDoubleSpinBox {
    background: ${field}; color: ${text}; border: 1px solid ${line}; border-radius: ${radius}px;
    padding: 3px 6px; min-height: 18px; selection-background-color: ${selection}; selection-color: ${text};
}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus { border: 1px solid ${focus}; }
QLineEdit[kind="wrong"] { border: 1px solid ${problem}; }
QCheckBox, QRadioButton { spacing: 6px; }
QCheckBox::indicator {
    width: 12px; height: 12px; background: ${field}; border: 1px solid ${faint}; border-radius: 3px;
}
QCheckBox::indicator:checked { background: ${accent}; border-color: ${accent}; image: url(icons:check_${name}.svg); }
QCheckBox::indicator:disabled { border-color: ${line}; }
QCheckBox::indicator:checked:disabled { background: ${faint}; border-color: ${faint}; }
QRadioButton::indicator {
    width: 12px; height: 12px; background: ${field}; border: 1px solid ${faint}; border-radius: 7px;
}
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 4px solid ${accent}; }
QRadioButton::indicator:disabled { border-color: ${line}; }
QCheckBox:focus, QRadioButton:focus { color: ${focus}; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: ${focus}; }
QHeaderView::section {
    background: ${panel}; color: ${faint}; border: none; border-bottom: 1px solid ${line}; padding: 3px 6px;
}
QTableView, QTreeView, QListView, QPlainTextEdit, QTextEdit {
    background: ${panel}; border: none; gridline-color: ${line};
    selection-background-color: ${selection}; selection-color: ${text};
}
QTableView[kind="ledger"]::item { padding: 0 6px; }
QPlainTextEdit[kind="field"], QTextEdit[kind="field"] {
    background: ${field}; color: ${text}; border: 1px solid ${line}; border-radius: ${radius}px; padding: 3px 6px;
}
QTableView:focus, QTreeView:focus, QListView:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border: 1px solid ${focus};
}
QScrollArea, QScrollArea > QWidget > QWidget[kind="ground"] { border: none; background: transparent; }
QScrollArea > QWidget#qt_scrollarea_viewport { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: ${line}; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: ${faint}; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; }
QProgressBar { background: ${window}; border: 1px solid ${line}; border-radius: ${radius}px; text-align: center; }
QProgressBar::chunk { background: ${accent}; border-radius: 3px; }
QLabel[kind="heading"] { color: ${faint}; font-weight: 600; }
QLabel[kind="dim"] { color: ${dim}; }
QLabel[kind="faint"] { color: ${faint}; }
QLabel[kind="problem"] { color: ${problem}; }
QFrame[kind="panel"] { background: ${panel}; border: none; }
QFrame[kind="card"] { background: ${raised}; border: 1px solid ${line}; border-radius: ${radius}px; }
QFrame[kind="line"] { border: 1px solid transparent; }
QFrame[kind="card"]:focus, QFrame[kind="line"]:focus { border: 1px solid ${focus}; }
QFrame[kind="rule"] { background: ${line}; border: none; max-height: 1px; min-height: 1px; }
""")


def style_sheet(name: str, **colours: QColor) -> str:
    """The sheet in the given colours, with the icons of the theme `name`.

    Raises `KeyError` where a colour that it names is missing.
    """
    names = {role: colour.name() for role, colour in colours.items()}
    sizes = {"radius": str(RADIUS), "space": str(SPACE), "gap": str(GAP), "pad": str(PAD)}
    return _SHEET.substitute(names, name=name, **sizes)
