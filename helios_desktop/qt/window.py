"""The window: puts the panels together, and turns what the user does into calls of the monitor and the host."""

import asyncio
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSettings
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout

from helios_desktop.event import Event
from helios_desktop.monitor.follower import Follower
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Observation
from helios_desktop.profiles.filters import SavedFilters
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
from helios_desktop.qt.looks import Looks, kept_time_style
from helios_desktop.qt.menus import Commands, Menus
from helios_desktop.qt.overview import Overview
from helios_desktop.qt.pacer import Pacer
from helios_desktop.qt.quality_dialog import QualityDialog
from helios_desktop.qt.reaching import Reaching
from helios_desktop.qt.recorded import Recorded
from helios_desktop.qt.recording_words import set_aside_words
from helios_desktop.qt.replaying import dropped_recording
from helios_desktop.qt.style_sheet import SPACE
from helios_desktop.qt.subscriptions import Subscriptions
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline import TimelinePanel
from helios_desktop.qt.times import TimeStyle
from helios_desktop.qt.top_bar import TopBar
from helios_desktop.qt.welcome import Welcome
from helios_desktop.qt.window_words import why_not_asked, window_title
from helios_desktop.words import _

ORGANISATION: Final = "helios-desktop"


def window_settings() -> QSettings:
    """Where the window's geometry and looks are kept; a profile or a secret never is."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, ORGANISATION, "window")


class MainWindow(QMainWindow):
    """One window for one cluster at a time, live or replayed. Make it on the loop of `loop.run`, after `load_fonts`.

    Closing it hides it and lets `wait_closed` return; then `shut_down`, and leave the loop. `theme` fixes the looks
    for this run (a screenshot); else the user's choice holds, which follows the system at first.
    """

    def __init__(self, host: Host, app: QApplication, settings: QSettings, theme: Theme | None = None) -> None:
        super().__init__()
        self._host = host
        self._settings = settings
        self._live: Monitor | Follower | None = None
        self._shown: Watched | None = None
        self._stop_listening: Callable[[], None] = _nothing
        self._held_at_ns: int | None = None
        self._selected: int | None = None
        self._closed = asyncio.Event()
        self._tasks = Tasks(self._report)
        self._looks = Looks(app, settings, theme, self._wear, self)
        worn = self._looks.theme
        self.top_bar = TopBar(worn)
        self.banner = Banner(worn)
        self.welcome = Welcome()
        self.overview = Overview(worn)
        self.charts = ChartsPanel(worn)
        self.timeline = TimelinePanel(worn, SavedFilters(host.profiles.path.parent))
        self.inspector = InspectorPanel(worn, self._find_older)
        self.subscriptions = Subscriptions(worn)
        self.demo_panel = DemoPanel(worn, self._tasks)
        self.connection_line = ConnectionLine(worn)
        self.quality = QualityDialog(worn, self)
        self.frame = HoldFrame(worn)
        self.pages = QStackedWidget()
        self.panels = Layout(
            left=(self.subscriptions, self.demo_panel),
            overview=self.overview,
            charts=self.charts,
            timeline=self.timeline,
            right=self.inspector,
        )
        self._connecting = Connecting(
            host, self, self._tasks, say=self.say, show_busy=self.welcome.set_busy, list_profiles=self._list_profiles
        )
        self._reaching = Reaching(self._connecting, self._refresh)
        self.recorded = Recorded(
            host,
            self,
            self._tasks,
            worn,
            node_colour=self.overview.node_colour,
            show=self.show_replay,
            event_reached=self._event_reached,
            selected=lambda: self._selected,
            leave=self.go_live,
            say=self.say,
        )
        self.menus = Menus(self, self._commands(), panel_names())
        self.pacer = Pacer(self)
        self._build()
        self._looks.dress()
        self._join()
        self.panels.restore(settings, self)
        self.menus.themes[self._looks.choice].setChecked(True)
        self._choose_times(kept_time_style(settings))
        self.show_monitor(None)

    # What the program calls

    @property
    def live(self) -> Monitor | Follower | None:
        """What is live: shown, or beneath a replay."""
        return self._live

    @property
    def shown(self) -> Watched | None:
        """What the panels show: what is live, or a replay."""
        return self._shown

    def show_monitor(self, monitor: Monitor | Follower | None) -> None:
        """Show this one from now on; None shows what one can choose. A replay that was shown is closed."""
        self._live = monitor
        if isinstance(monitor, Follower):
            monitor.jumped = self._jumped
        self._show(monitor)

    def show_replay(self, replay: Replay) -> None:
        """Show a replay, which the window closes when it shows something else; what is live goes on beneath."""
        replay.jumped = self._jumped
        replay.moved = self._moved
        self._show(replay)

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
        self.timeline.close_files()
        self.charts.close_files()
        await self.recorded.close()

    def _show(self, watched: Watched | None) -> None:
        replay = watched if isinstance(watched, Replay) else None
        # Numbers are those of the file, so that the same event is chosen on both ways.
        before = None if self._shown is None else self._shown.history
        is_same_file = watched is not None and before is not None and watched.history == before
        selected = self._selected if is_same_file else None
        controls = watched if isinstance(watched, Monitor) else None
        self._stop_listening()
        self._stop_listening = _nothing if watched is None else watched.listen(self._seen)
        self._shown, self._held_at_ns, self._selected = watched, None, selected
        self._reaching.take(controls)
        self.recorded.take(watched, self._live)
        self.frame.set_held(False)
        self.frame.set_replay(replay is not None)
        self.demo_panel.show_monitor(controls, self._host.demo if controls is not None else None)
        self.banner.show_monitor(watched, can_act=controls is not None)
        for panel in (self.top_bar, self.overview, self.charts, self.inspector):
            panel.show_monitor(watched)
        self.timeline.show_monitor(watched, selected)
        if selected is not None:
            self.inspector.show_event(selected)
            self.charts.select(selected)
        self.subscriptions.show_monitor(watched, controls, why_not_asked(watched))
        self.connection_line.show_monitor(watched)
        self.quality.show_monitor(watched)
        self.menus.set_watching(
            is_watching=watched is not None,
            reaches_cluster=controls is not None,
            has_history=watched is not None and watched.history is not None,
            is_replay=replay is not None,
            has_live=self._live is not None,
        )
        self.timeline.set_instant(None if replay is None else replay.now_ns())
        self._list_profiles()
        self.pages.setCurrentWidget(self.welcome if watched is None else self.panels.columns)
        self.top_bar.setVisible(watched is not None)
        self.setWindowTitle(window_title(watched))
        # Nothing has the focus at first, so that Space holds the view; Tab goes to the first control. Whoever has
        # taken hold of the strip keeps it.
        if not self.recorded.panel.scrubber.hasFocus() or watched is None:
            (self.welcome.demo if watched is None else self.frame).setFocus()
        self.pacer.refresh()

    # Hold and replay

    def hold(self) -> None:
        """Freeze the view at the present; collecting goes on. Nothing where it is frozen. A replay stands still."""
        if self.recorded.replay is not None:
            self.recorded.replaying.pause()
        elif self._shown is not None and self._held_at_ns is None:
            self._set_held(self._shown.now_ns())

    def go_live(self) -> None:
        """Follow the present again, out of a hold or a replay, also out of one that is being opened."""
        self.recorded.replaying.forget()
        if self.recorded.replay is not None:
            self._show(self._live)
        elif self._held_at_ns is not None:
            self._set_held(None)

    def _set_held(self, held_at_ns: int | None) -> None:
        self._held_at_ns = held_at_ns
        self.frame.set_held(held_at_ns is not None)
        for panel in (self.top_bar, self.overview, self.charts, self.timeline, self.inspector):
            panel.set_held(held_at_ns)
        self.pacer.refresh()

    def _toggle_hold(self) -> None:
        if self.recorded.replay is not None:
            self.recorded.replaying.toggle_play()
        elif self._held_at_ns is None:
            self.hold()
        else:
            self.go_live()

    def _jumped(self) -> None:
        """Log and series of what is shown are others than before."""
        self.banner.show_jump()
        self.charts.show_jump()
        self.pacer.note()

    def _moved(self) -> None:
        """The instant of the replay is another."""
        self.timeline.set_instant(None if self.recorded.replay is None else self.recorded.replay.now_ns())
        self.pacer.note()

    def _event_reached(self, number: int) -> None:
        """The replay was moved to this event."""
        self._selected = number
        self.timeline.select(number)
        self.inspector.show_event(number)
        self.charts.select(number)
        self.pacer.refresh()

    def _step_to_problem(self, forwards: bool) -> None:
        if self.recorded.replay is not None:
            self.recorded.replaying.step_to_problem(forwards)
        else:
            self.timeline.jump_to_problem(1 if forwards else -1)

    # What the user does

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout and ask the program to end; it hides at once and dies when all is closed."""
        self.panels.save(self._settings, self)
        self._settings.sync()
        self.quality.close()
        self.recorded.close_dialogs()
        self._closed.set()
        event.ignore()
        self.hide()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A recording may be dropped here."""
        if dropped_recording(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the recording."""
        path = dropped_recording(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.recorded.replaying.open(path)

    def _list_profiles(self) -> None:
        try:
            profiles, problem = self._host.profiles.list(), ""
        except ProfileError as error:
            profiles, problem = (), str(error)
        self.welcome.show_profiles(profiles, problem)
        self.menus.show_profiles(profiles)

    def _wear(self, theme: Theme) -> None:
        for panel in (self.top_bar, self.banner, self.overview, self.charts, self.timeline, self.inspector):
            panel.set_theme(theme)
        for other in (
            self.subscriptions,
            self.demo_panel,
            self.connection_line,
            self.frame,
            self.quality,
            self.recorded,
        ):
            other.set_theme(theme)
        self.pacer.refresh()

    def _choose_times(self, style: TimeStyle) -> None:
        self._settings.setValue("times", style.value)
        self.menus.times[style].setChecked(True)
        for panel in (self.top_bar, self.charts, self.timeline, self.inspector, self.recorded):
            panel.set_time_style(style)
        self.pacer.refresh()

    def _show_panel(self, key: str, is_shown: bool) -> None:
        if key == "history":
            self.recorded.panel.set_wanted(is_shown)
        else:
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

    def _find_older(self, number: int) -> Event | None:
        """An event that memory let go, from the journal."""
        return self.timeline.model.told.event(number)

    def _refresh(self) -> None:
        self.pacer.refresh()

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
        self._selected = number
        self.inspector.show_event(number)
        self.charts.select(number)
        self.recorded.replaying.seek_event(number)

    def _mark_chosen(self, number: int) -> None:
        self.timeline.select(number)
        self._event_chosen(number)

    def _inspect(self, number: int) -> None:
        self._event_chosen(number)
        self.menus.panels["inspector"].setChecked(True)
        self.inspector.setFocus()

    # How it is put together

    def _build(self) -> None:
        self.setAcceptDrops(True)
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.panels.columns)
        column = QVBoxLayout(self.frame)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        for above in (self.top_bar, self.recorded.bar, self.banner):
            column.addWidget(above)
        column.addWidget(self.pages, 1)
        for below in (self.recorded.panel, self.connection_line):
            column.addWidget(below)
        self.setCentralWidget(self.frame)
        self.setMinimumSize(*MINIMUM)

    def _join(self) -> None:
        self.top_bar.hold_toggled.connect(self._toggle_hold)
        self.banner.reconnect_requested.connect(self._reaching.reconnect)
        self.banner.sign_in_requested.connect(self._reaching.sign_in)
        self.welcome.demo_requested.connect(self._connecting.start_demo)
        self.welcome.connect_requested.connect(self._connecting.ask)
        self.welcome.profile_requested.connect(self._connecting.open_profile)
        self.welcome.recording_requested.connect(self.recorded.replaying.ask)
        self.charts.event_activated.connect(self._mark_chosen)
        self.charts.hold_requested.connect(self.hold)
        self.timeline.event_activated.connect(self._event_chosen)
        self.timeline.visible_ns = self.charts.visible_ns
        self.timeline.inspect_requested.connect(self._inspect)
        self.timeline.hold_requested.connect(self.hold)
        self.timeline.live_requested.connect(self.go_live)
        self.connection_line.quality_requested.connect(self._show_quality)
        self.connection_line.set_aside.connect(lambda aside: self.say(set_aside_words(aside)))
        # The banner shows itself; it goes by the bar above it, which is there as long as a monitor is.
        self.pacer.add(self.top_bar, self.banner.refresh)
        for panel in (self.top_bar, self.overview, self.charts, self.timeline, self.inspector, self.recorded.bar):
            self.pacer.add(panel, panel.refresh)
        for other in (self.subscriptions, self.demo_panel, self.connection_line, self.recorded.panel):
            self.pacer.add(other, other.refresh)

    def _commands(self) -> Commands:
        return Commands(
            start_demo=self._connecting.start_demo,
            connect=self._connecting.ask,
            open_profile=self._connecting.open_profile,
            edit_profile=self._connecting.edit,
            remove_profile=self._connecting.remove,
            reconnect=self._reaching.reconnect,
            disconnect=self._reaching.disconnect,
            close=self._quit,
            recorded=self.recorded.commands(),
            hold=self._toggle_hold,
            go_live=self.go_live,
            find=self.timeline.focus_search,
            next_problem=lambda: self._step_to_problem(True),
            previous_problem=lambda: self._step_to_problem(False),
            choose_theme=self._looks.choose,
            choose_times=self._choose_times,
            show_panel=self._show_panel,
            reset_layout=self._reset_layout,
            show_quality=self._show_quality,
        )

    def _quit(self) -> None:
        self.close()


def _nothing() -> None:
    """Stand in where nothing listens."""
