"""Which theme the window wears: the user's choice, which follows the system at first, kept between runs."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QSettings, Qt
from PySide6.QtWidgets import QApplication

from helios_desktop.qt.menus import ThemeChoice
from helios_desktop.qt.theme import DARK, LIGHT, Theme, apply_colours, apply_sheet, apply_theme, system_theme
from helios_desktop.qt.times import TimeStyle


class Looks(QObject):
    """`wear` is called with each theme but the first, which is worn at once; `fixed` holds until the user chooses.

    Call `dress` once all widgets of the window are made.
    """

    def __init__(
        self,
        app: QApplication,
        settings: QSettings,
        fixed: Theme | None,
        wear: Callable[[Theme], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._app = app
        self._settings = settings
        self._fixed = fixed
        self._wear = wear
        self.choice: ThemeChoice = _theme_choice(str(settings.value("theme", "system")))
        self.theme = fixed or self._chosen()
        apply_colours(app, self.theme)
        app.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def dress(self) -> None:
        """Put the first theme's style sheet on."""
        apply_sheet(self._app, self.theme)

    def choose(self, choice: ThemeChoice) -> None:
        """Wear this one from now on."""
        self.choice = choice
        self._fixed = None
        self._settings.setValue("theme", choice)
        self._change(self._chosen())

    def _chosen(self) -> Theme:
        match self.choice:
            case "light":
                return LIGHT
            case "dark":
                return DARK
            case "system":
                return system_theme(self._app)

    def _scheme_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self.choice == "system" and self._fixed is None:
            self._change(system_theme(self._app))

    def _change(self, theme: Theme) -> None:
        self.theme = theme
        apply_theme(self._app, theme)
        self._wear(theme)


def kept_time_style(settings: QSettings) -> TimeStyle:
    """The convention in which instants were written last."""
    text = str(settings.value("times", TimeStyle.UTC.value))
    return next((style for style in TimeStyle if style.value == text), TimeStyle.UTC)


def _theme_choice(text: str) -> ThemeChoice:
    match text:
        case "light" | "dark":
            return text
        case _:
            return "system"
