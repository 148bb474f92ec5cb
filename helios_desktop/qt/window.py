"""The window: puts the panels together, and turns what the user does into calls of the monitor and the host."""

import asyncio
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout

from helios_desktop.event import Event
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Observation
from helios_desktop.profiles.profile import ProfileError
from helios_desktop.qt.banner import Banner
from helios_desktop.qt.charts import ChartsPanel
from helios_desktop.qt.connecting import Connecting
from helios_desktop.qt.connection_line import ConnectionLine
from helios_desktop.qt.demo_panel import DemoPanel
from helios_desktop.qt.hold_frame import HoldFrame
from helios_desktop.qt.host import Host
from helios_desktop.qt.inspector import InspectorPanel
from helios_desktop.qt.layout import MINIMUM, Layout, panel_names
from helios_desktop.qt.menus import Commands, Menus, ThemeChoice
from helios_desktop.qt.overview import Overview
from helios_desktop.qt.pacer import Pacer
from helios_desktop.qt.quality_dialog import QualityDialog
from helios_desktop.qt.style_sheet import SPACE
from helios_desktop.qt.subscriptions import Subscriptions
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import DARK, LIGHT, Theme, apply_theme, system_theme
from helios_desktop.qt.timeline import TimelinePanel
from helios_desktop.qt.times import TimeStyle
from helios_desktop.qt.top_bar import TopBar
from helios_desktop.qt.welcome import Welcome
from helios_desktop.words import _

ORGANISATION: Final = "helios-desktop"


def window_settings() -> QSettings:
    """Where the window's geometry and looks are kept; a profile or a secret never is."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, ORGANISATION, "window")


class MainWindow(QMainWindow):
    """One window for one monitor at a time. Make it on the loop of `loop.run`, after `load_fonts`.

    Closing it hides it and lets `wait_closed` return; then `shut_down`, and leave the loop. `theme` fixes the looks
    for this run (a screenshot); else the user's choice holds, which follows the system at first.
    """

    def __init__(self, host: Host, app: QApplication, settings: QSettings, theme: Theme | None = None) -> None:
        super().__init__()
        self._host = host
        self._app = app
        self._settings = settings
        self._fixed_theme = theme
        self._choice = _theme_choice(str(settings.value("theme", "system")))
        self._theme = theme or self._chosen_theme()
        self._monitor: Monitor | None = None
        self._stop_listening: Callable[[], None] = _nothing
        self._held_at_ns: int | None = None
        self._closed = asyncio.Event()
        self._tasks = Tasks(self._report)
        self._connecting = Connecting(
            host, self, self._tasks, say=self.say, show_busy=self._show_busy, list_profiles=self._list_profiles
        )
        apply_theme(app, self._theme)
        self.top_bar = TopBar(self._theme)
        self.banner = Banner(self._theme)
        self.welcome = Welcome()
        self.overview = Overview(self._theme)
        self.charts = ChartsPanel(self._theme)
        self.timeline = TimelinePanel(self._theme)
        self.inspector = InspectorPanel(self._theme)
        self.subscriptions = Subscriptions(self._theme)
        self.demo_panel = DemoPanel(self._theme, self._tasks)
        self.connection_line = ConnectionLine(self._theme)
        self.quality = QualityDialog(self._theme, self)
        self.frame = HoldFrame(self._theme)
        self.pages = QStackedWidget()
        self.panels = Layout(
            left=(self.subscriptions, self.demo_panel),
            overview=self.overview,
            charts=self.charts,
            timeline=self.timeline,
            right=self.inspector,
        )
        self.menus = Menus(self, self._commands(), panel_names())
        self.pacer = Pacer(self)
        self._build()
        self._join()
        self.panels.restore(settings, self)
        self.menus.themes[self._choice].setChecked(True)
        self._choose_times(_time_style(str(settings.value("times", TimeStyle.UTC.value))))
        app.styleHints().colorSchemeChanged.connect(self._scheme_changed)
        self.show_monitor(None)

    # What the program calls

    @property
    def monitor(self) -> Monitor | None:
        """The one that is shown."""
        return self._monitor

    def show_monitor(self, monitor: Monitor | None) -> None:
        """Show this one from now on; None shows what one can choose."""
        self._stop_listening()
        self._stop_listening = _nothing if monitor is None else monitor.listen(self._seen)
        self._monitor = monitor
        self._held_at_ns = None
        self.frame.set_held(False)
        demo = self._host.demo
        self.demo_panel.show_monitor(monitor, demo)
        for panel in (self.top_bar, self.banner, self.overview, self.charts, self.timeline, self.inspector):
            panel.show_monitor(monitor)
        self.subscriptions.show_monitor(monitor)
        self.connection_line.show_monitor(monitor)
        self.quality.show_monitor(monitor)
        self.menus.set_watching(monitor is not None)
        self._list_profiles()
        self.pages.setCurrentWidget(self.welcome if monitor is None else self.panels.columns)
        self.top_bar.setVisible(monitor is not None)
        self._set_title()
        # Nothing has the focus at first, so that Space holds the view; Tab goes to the first control.
        (self.welcome.demo if monitor is None else self.frame).setFocus()
        self.pacer.refresh()

    def say(self, sentence: str) -> None:
        """Show a failure in the window, without stopping it."""
        self.banner.say(sentence)

    async def wait_closed(self) -> None:
        """Return when the user has closed the window."""
        await self._closed.wait()

    async def shut_down(self) -> None:
        """End all that the window began; it must not be used after that."""
        self._stop_listening()
        self._stop_listening = _nothing
        self.pacer.stop()
        await self._tasks.close()

    # Hold

    def hold(self) -> None:
        """Freeze the view at the present; collecting goes on. Nothing where it is frozen."""
        if self._monitor is not None and self._held_at_ns is None:
            self._set_held(self._monitor.now_ns())

    def go_live(self) -> None:
        """Follow the present again."""
        if self._held_at_ns is not None:
            self._set_held(None)

    def _set_held(self, held_at_ns: int | None) -> None:
        self._held_at_ns = held_at_ns
        self.frame.set_held(held_at_ns is not None)
        for panel in (self.top_bar, self.overview, self.charts, self.timeline, self.inspector):
            panel.set_held(held_at_ns)
        self.pacer.refresh()

    def _toggle_hold(self) -> None:
        if self._held_at_ns is None:
            self.hold()
        else:
            self.go_live()

    # What the user does

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout and ask the program to end; it hides at once and dies when all is closed."""
        self.panels.save(self._settings, self)
        self._settings.sync()
        self.quality.close()
        self._closed.set()
        event.ignore()
        self.hide()

    def _show_busy(self, is_busy: bool) -> None:
        self.welcome.set_busy(is_busy)

    def _sign_in(self) -> None:
        if self._monitor is not None:
            self._connecting.sign_in_again(self._monitor.target)

    def _list_profiles(self) -> None:
        try:
            profiles, problem = self._host.profiles.list(), ""
        except ProfileError as error:
            profiles, problem = (), str(error)
        self.welcome.show_profiles(profiles, problem)
        self.menus.show_profiles(profiles)

    # Looks

    def _chosen_theme(self) -> Theme:
        match self._choice:
            case "light":
                return LIGHT
            case "dark":
                return DARK
            case "system":
                return system_theme(self._app)

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self._choice = choice
        self._fixed_theme = None
        self._settings.setValue("theme", choice)
        self._wear(self._chosen_theme())

    def _scheme_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._choice == "system" and self._fixed_theme is None:
            self._wear(system_theme(self._app))

    def _wear(self, theme: Theme) -> None:
        self._theme = theme
        apply_theme(self._app, theme)
        for panel in (self.top_bar, self.banner, self.overview, self.charts, self.timeline, self.inspector):
            panel.set_theme(theme)
        for other in (self.subscriptions, self.demo_panel, self.connection_line, self.frame, self.quality):
            other.set_theme(theme)
        self.pacer.refresh()

    def _choose_times(self, style: TimeStyle) -> None:
        self._settings.setValue("times", style.value)
        self.menus.times[style].setChecked(True)
        for panel in (self.top_bar, self.charts, self.timeline, self.inspector):
            panel.set_time_style(style)
        self.pacer.refresh()

    def _show_panel(self, key: str, is_shown: bool) -> None:
        self.panels.panels[key].setVisible(is_shown)
        self.pacer.refresh()

    def _reset_layout(self) -> None:
        for action in self.menus.panels.values():
            action.setChecked(True)
        self.panels.reset()

    def _show_quality(self) -> None:
        self.quality.show()
        self.quality.raise_()
        self.quality.activateWindow()

    # What comes

    def _seen(self, _observation: Observation, _events: tuple[Event, ...]) -> None:
        self.pacer.note()

    def _report(self, error: BaseException) -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a task of the window failed", "exception": error}
        )
        self.say(
            _("Something went wrong in the program itself: {error}").format(error=str(error) or type(error).__name__)
        )

    def _event_chosen(self, number: int) -> None:
        self.inspector.show_event(number)
        self.charts.select(number)

    def _mark_chosen(self, number: int) -> None:
        self.timeline.select(number)
        self._event_chosen(number)

    def _inspect(self, number: int) -> None:
        self._event_chosen(number)
        self.menus.panels["inspector"].setChecked(True)
        self.inspector.setFocus()

    def _reconnect(self) -> None:
        if self._monitor is not None:
            self._monitor.reconnect_now()
            self.pacer.refresh()

    def _disconnect(self) -> None:
        if self._monitor is not None:
            self._monitor.disconnect()
            self.pacer.refresh()

    # How it is put together

    def _build(self) -> None:
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.panels.columns)
        column = QVBoxLayout(self.frame)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        for widget in (self.top_bar, self.banner):
            column.addWidget(widget)
        column.addWidget(self.pages, 1)
        column.addWidget(self.connection_line)
        self.setCentralWidget(self.frame)
        self.setMinimumSize(*MINIMUM)

    def _join(self) -> None:
        self.top_bar.hold_toggled.connect(self._toggle_hold)
        self.banner.reconnect_requested.connect(self._reconnect)
        self.banner.sign_in_requested.connect(self._sign_in)
        self.welcome.demo_requested.connect(self._connecting.start_demo)
        self.welcome.connect_requested.connect(self._connecting.ask)
        self.welcome.profile_requested.connect(self._connecting.open_profile)
        self.charts.event_activated.connect(self._mark_chosen)
        self.charts.hold_requested.connect(self.hold)
        self.timeline.event_activated.connect(self._event_chosen)
        self.timeline.inspect_requested.connect(self._inspect)
        self.timeline.hold_requested.connect(self.hold)
        self.timeline.live_requested.connect(self.go_live)
        self.connection_line.quality_requested.connect(self._show_quality)
        # The banner shows itself; it goes by the bar above it, which is there as long as a monitor is.
        self.pacer.add(self.top_bar, self.banner.refresh)
        for panel in (self.top_bar, self.overview, self.charts, self.timeline, self.inspector):
            self.pacer.add(panel, panel.refresh)
        for other in (self.subscriptions, self.demo_panel, self.connection_line):
            self.pacer.add(other, other.refresh)

    def _commands(self) -> Commands:
        return Commands(
            start_demo=self._connecting.start_demo,
            connect=self._connecting.ask,
            open_profile=self._connecting.open_profile,
            edit_profile=self._connecting.edit,
            remove_profile=self._connecting.remove,
            reconnect=self._reconnect,
            disconnect=self._disconnect,
            close=self._quit,
            hold=self._toggle_hold,
            go_live=self.go_live,
            find=self.timeline.focus_search,
            next_problem=lambda: self.timeline.jump_to_problem(1),
            previous_problem=lambda: self.timeline.jump_to_problem(-1),
            choose_theme=self._choose_theme,
            choose_times=self._choose_times,
            show_panel=self._show_panel,
            reset_layout=self._reset_layout,
            show_quality=self._show_quality,
        )

    def _quit(self) -> None:
        self.close()

    def _set_title(self) -> None:
        if self._monitor is None:
            self.setWindowTitle(_("Helios"))
            return
        target = self._monitor.target
        word = f" [{target.environment}]" if target.environment else ""
        self.setWindowTitle(_("{cluster} · Helios").format(cluster=target.name + word))


def _theme_choice(text: str) -> ThemeChoice:
    match text:
        case "light" | "dark":
            return text
        case _:
            return "system"


def _time_style(text: str) -> TimeStyle:
    return next((style for style in TimeStyle if style.value == text), TimeStyle.UTC)


def _nothing() -> None:
    """Stand in where nothing listens."""
