"""Both themes: what is written can be read, and every glyph has a face."""

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QRawFont
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from helios_desktop.qt.theme import DARK, GLYPHS, LEVEL_GLYPHS, LIGHT, Theme, apply_theme


def _luminance(colour: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one: QColor, other: QColor) -> float:
    """As WCAG counts it, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_text_and_colours_of_state_can_be_read_on_panels_and_cards(theme: Theme) -> None:
    texts = (theme.text, theme.text_dim, theme.text_faint, theme.accent, theme.good, theme.warning, theme.problem)
    for ground in (theme.panel, theme.panel_raised):
        for colour in texts:
            assert contrast(colour, ground) >= 4.4, (colour.name(), ground.name())


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_data_stands_out_more_than_frames(theme: Theme) -> None:
    assert contrast(theme.text, theme.panel) > 12
    assert contrast(theme.line, theme.panel) < 2


def test_the_program_has_a_picture(qapp: QApplication) -> None:
    apply_theme(qapp, DARK)
    picture = qapp.windowIcon().pixmap(64, 64).toImage()
    assert {picture.pixelColor(32, 20).name(), picture.pixelColor(52, 32).name()} == {"#f2b632", "#16202c"}


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_the_application_wears_a_theme(qapp: QApplication, qtbot: QtBot, theme: Theme) -> None:
    label = QLabel("node3")
    qtbot.addWidget(label)
    apply_theme(qapp, theme)
    label.ensurePolished()
    assert label.palette().windowText().color() == theme.text


def test_the_bundled_faces_have_every_glyph_of_state(qapp: QApplication) -> None:
    faces = [QRawFont.fromFont(QFontDatabase.font(family, "", 10)) for family in ("Inter", "JetBrains Mono")]
    for glyph in (*GLYPHS.values(), *LEVEL_GLYPHS.values(), "✓", "…", "ƒ"):
        assert any(face.supportsCharacter(ord(glyph)) for face in faces), glyph


def test_digits_have_one_width(qapp: QApplication, qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    label.setFont(DARK.ui)
    assert len({label.fontMetrics().horizontalAdvance(digit * 20) for digit in "0123456789"}) == 1


def test_two_nodes_side_by_side_differ_in_colour() -> None:
    for theme in (DARK, LIGHT):
        assert len({theme.node_colour(index).name() for index in range(7)}) == 7


def test_a_label_survives_twenty_thousand_texts(qtbot: QtBot) -> None:
    # PySide6 6.12.0 on Python 3.11 loses a reference at each call and aborts after some 5 000.
    label = QLabel()
    qtbot.addWidget(label)
    for number in range(20_000):
        label.setText(str(number))
    assert label.text() == "19999"
