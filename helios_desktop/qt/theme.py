"""One small set of named colours, fonts and spacings; every widget is drawn from it, none has colours of its own.

Red, amber and green are for state only. A state never shows by colour alone: its glyph and its word stand beside it.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

from PySide6.QtCore import QDir, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from helios_desktop.qt.style_sheet import style_sheet
from helios_desktop.store.state import Role
from helios_desktop.store.verdict import Level
from helios_desktop.words import _

UI_FAMILY: Final = "Inter"
MONO_FAMILY: Final = "JetBrains Mono"
UI_POINTS: Final = 9.75
MONO_POINTS: Final = 9.0

GLYPHS: Final = {
    Role.LEADER: "★",
    Role.FOLLOWER: "●",
    Role.CANDIDATE: "▲",
    Role.UNREACHABLE: "✕",
    Role.UNKNOWN: "◌",
}
LEVEL_GLYPHS: Final = {Level.WELL: "●", Level.WARNING: "▲", Level.PROBLEM: "✕", Level.UNKNOWN: "◌"}

_FONT_FILES: Final = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "JetBrainsMono-Regular.ttf")


@dataclass(frozen=True)
class Theme:
    """Named colours. `window` lies behind everything, panels on it, raised parts (cards, fields) on those.

    text, text_dim and text_faint all reach 4.5 : 1 on `panel`. `hold` and `replay` mark a window that does not show the
    present: amber and violet are told apart with every kind of colour sight. `series` are Okabe and Ito's colours, in
    the order that reads best on this ground.
    """

    name: Literal["dark", "light"]
    window: QColor
    panel: QColor
    panel_raised: QColor
    line: QColor
    text: QColor
    text_dim: QColor
    text_faint: QColor
    accent: QColor
    focus: QColor
    selection: QColor
    good: QColor
    warning: QColor
    problem: QColor
    hold: QColor
    replay: QColor
    series: tuple[QColor, ...]

    @property
    def ui(self) -> QFont:
        """The proportional face, with digits of one width. Needs a QApplication and `load_fonts`."""
        return ui_font()

    @property
    def mono(self) -> QFont:
        """The monospaced face, for what is compared column by column."""
        font = QFont([MONO_FAMILY, UI_FAMILY])
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPointSizeF(MONO_POINTS)
        # Ligatures would draw "->" and "!=" of raw JSON as other characters.
        font.setFeature(QFont.Tag("calt"), 0)
        return font

    def node_colour(self, index: int) -> QColor:
        """The colour of a member by its place, the same in every view."""
        return self.series[index % len(self.series)]

    def role_colour(self, role: Role) -> QColor:
        """Of a role's glyph: only trouble has a colour of state."""
        match role:
            case Role.LEADER:
                return self.accent
            case Role.FOLLOWER:
                return self.text_dim
            case Role.CANDIDATE:
                return self.warning
            case Role.UNREACHABLE:
                return self.problem
            case Role.UNKNOWN:
                return self.text_faint

    def level_colour(self, level: Level) -> QColor:
        """Of a verdict."""
        match level:
            case Level.WELL:
                return self.good
            case Level.WARNING:
                return self.warning
            case Level.PROBLEM:
                return self.problem
            case Level.UNKNOWN:
                return self.text_faint


DARK: Final = Theme(
    name="dark",
    window=QColor("#101317"),
    panel=QColor("#171b21"),
    panel_raised=QColor("#1f242c"),
    line=QColor("#2a313b"),
    text=QColor("#eceff4"),
    text_dim=QColor("#aab4c2"),
    text_faint=QColor("#808b9b"),
    accent=QColor("#6cb4f5"),
    focus=QColor("#6cb4f5"),
    selection=QColor("#24456a"),
    good=QColor("#45c486"),
    warning=QColor("#e9b04a"),
    problem=QColor("#f4776b"),
    hold=QColor("#f2b632"),
    replay=QColor("#b79bff"),
    series=tuple(
        QColor(colour) for colour in ("#56B4E9", "#E69F00", "#CC79A7", "#F0E442", "#009E73", "#D55E00", "#4C9BE0")
    ),
)
LIGHT: Final = Theme(
    name="light",
    window=QColor("#e9ecf0"),
    panel=QColor("#ffffff"),
    panel_raised=QColor("#f5f7f9"),
    line=QColor("#d8dde4"),
    text=QColor("#12161c"),
    text_dim=QColor("#475160"),
    text_faint=QColor("#69727f"),
    accent=QColor("#0a62b5"),
    focus=QColor("#0a62b5"),
    selection=QColor("#cfe3f7"),
    good=QColor("#0d7a49"),
    warning=QColor("#8c5a00"),
    problem=QColor("#bd2a1e"),
    hold=QColor("#b87a00"),
    replay=QColor("#6a3fc0"),
    series=tuple(
        QColor(colour) for colour in ("#0072B2", "#D55E00", "#CC79A7", "#009E73", "#E69F00", "#56B4E9", "#5B4A9E")
    ),
)


def role_word(role: Role) -> str:
    """The role as it is called on screen."""
    match role:
        case Role.LEADER:
            return _("Leader")
        case Role.FOLLOWER:
            return _("Follower")
        case Role.CANDIDATE:
            return _("Candidate")
        case Role.UNREACHABLE:
            return _("Unreachable")
        case Role.UNKNOWN:
            return _("Unknown")


def ui_font(points: float = UI_POINTS, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The proportional face with tabular digits, so that changing numbers do not jitter."""
    # Inter lacks ✕ and ◌, which the monospaced face has.
    font = QFont([UI_FAMILY, MONO_FAMILY])
    font.setPointSizeF(points)
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def load_fonts() -> None:
    """Make the bundled faces known to Qt, once, after the QApplication is made and before a widget is.

    Widgets that are there already would keep the system's face. Raises `RuntimeError` where a face is missing: without
    one every glyph may be an empty box.
    """
    folder = files("helios_resources") / "fonts"
    for name in _FONT_FILES:
        if QFontDatabase.addApplicationFontFromData((folder / name).read_bytes()) < 0:
            raise RuntimeError(f"the bundled font {name} cannot be loaded; install Helios Desktop again")
    QApplication.setFont(ui_font())


def system_theme(app: QApplication) -> Theme:
    """What the system asks for; dark where it does not say (plain X11, offscreen)."""
    return LIGHT if app.styleHints().colorScheme() is Qt.ColorScheme.Light else DARK


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Dress the whole application. Custom-painted widgets also need their own `set_theme`."""
    apply_colours(app, theme)
    apply_sheet(app, theme)


def apply_colours(app: QApplication, theme: Theme) -> None:
    """Style and colours: all of `apply_theme` that widgets need while they are made."""
    if not app.styleSheet():  # else it is dressed already
        app.setStyle("Fusion")
    # Style sheets find icons by path only.
    QDir.setSearchPaths("icons", [str(files("helios_resources") / "icons")])
    app.setWindowIcon(QIcon("icons:helios.svg"))
    app.setPalette(palette(theme))


def apply_sheet(app: QApplication, theme: Theme) -> None:
    """The rest. Where many widgets are made, after them: it is asked again for each that is put into another."""
    app.setStyleSheet(
        style_sheet(
            theme.name,
            window=theme.window,
            panel=theme.panel,
            raised=theme.panel_raised,
            field=theme.window if theme.name == "dark" else theme.panel,
            line=theme.line,
            text=theme.text,
            dim=theme.text_dim,
            faint=theme.text_faint,
            accent=theme.accent,
            focus=theme.focus,
            selection=theme.selection,
            problem=theme.problem,
            hold=theme.hold,
        )
    )


def palette(theme: Theme) -> QPalette:
    """The theme as Qt's roles."""
    made = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, theme.panel),
        (role.WindowText, theme.text),
        (role.Base, theme.panel),
        (role.AlternateBase, theme.panel_raised),
        (role.Text, theme.text),
        (role.PlaceholderText, theme.text_faint),
        (role.Button, theme.panel_raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.problem),
        (role.ToolTipBase, theme.panel_raised),
        (role.ToolTipText, theme.text),
        (role.Highlight, theme.selection),
        (role.HighlightedText, theme.text),
        (role.Link, theme.accent),
        (role.LinkVisited, theme.accent),
        (role.Accent, theme.accent),
        (role.Light, theme.panel_raised),
        (role.Midlight, theme.panel_raised),
        (role.Mid, theme.line),
        (role.Dark, theme.line),
        (role.Shadow, theme.window),
    ):
        made.setColor(name, colour)
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, name, theme.text_faint)
    return made
