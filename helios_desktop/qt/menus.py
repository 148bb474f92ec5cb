"""Every action of the window with its shortcut: the menus are the one list of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from helios_desktop.profiles.profile import Profile
from helios_desktop.qt.targets import gateways_text
from helios_desktop.qt.times import TimeStyle, style_name
from helios_desktop.words import _

ThemeChoice = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class RecordedCommands:
    """What they call of what is recorded."""

    open: Callable[[], None]
    save: Callable[[], None]
    report: Callable[[], None]
    next_event: Callable[[], None]
    previous_event: Callable[[], None]
    bookmark: Callable[[], None]
    show_bookmarks: Callable[[], None]


@dataclass(frozen=True)
class Commands:
    """What the menus call."""

    start_demo: Callable[[], None]
    connect: Callable[[], None]
    open_profile: Callable[[Profile], None]
    edit_profile: Callable[[Profile], None]
    remove_profile: Callable[[Profile], None]
    reconnect: Callable[[], None]
    disconnect: Callable[[], None]
    close: Callable[[], None]
    recorded: RecordedCommands
    hold: Callable[[], None]
    go_live: Callable[[], None]
    find: Callable[[], None]
    next_problem: Callable[[], None]
    previous_problem: Callable[[], None]
    choose_theme: Callable[[ThemeChoice], None]
    choose_times: Callable[[TimeStyle], None]
    show_panel: Callable[[str, bool], None]
    reset_layout: Callable[[], None]
    show_quality: Callable[[], None]


class Menus(QObject):
    """The menu bar of a window, whose child it is."""

    def __init__(self, window: QMainWindow, commands: Commands, panels: dict[str, str]) -> None:
        super().__init__(window)
        self._window = window
        self._commands = commands
        self.themes: dict[ThemeChoice, QAction] = {}
        self.times: dict[TimeStyle, QAction] = {}
        self.panels: dict[str, QAction] = {}
        self.of_monitor: list[QAction] = []
        """Actions that need something to be shown."""
        self.of_cluster: list[QAction] = []
        """Actions that reach the cluster."""
        self.of_history: list[QAction] = []
        """Actions that need something recorded."""
        self.of_replay: list[QAction] = []
        """Actions that move a replay."""
        bar = window.menuBar()
        self._fill_cluster(bar.addMenu(_("&Cluster")))
        self._fill_view(bar.addMenu(_("&View")), panels)
        self._fill_go(bar.addMenu(_("&Go")))
        self._hold_key = self._plain_key(" ", commands.hold)
        self._letters = [
            self._plain_key("L", commands.go_live),
            self._plain_key("E", commands.next_problem),
            self._plain_key("Shift+E", commands.previous_problem),
            self._plain_key("B", commands.recorded.bookmark),
        ]
        self._arrows = [
            self._plain_key("Left", commands.recorded.previous_event),
            self._plain_key("Right", commands.recorded.next_event),
        ]
        self._is_replay = False
        QApplication.instance().focusChanged.connect(self._focus_moved)  # type: ignore[union-attr]  # there is one

    def set_watching(
        self, *, is_watching: bool, reaches_cluster: bool, has_history: bool, is_replay: bool, has_live: bool
    ) -> None:
        """Offer each action only while it can do something, and what it does then."""
        for actions, is_offered in (
            (self.of_monitor, is_watching),
            (self.of_cluster, reaches_cluster),
            (self.of_history, has_history),
            (self.of_replay, is_replay),
        ):
            for action in actions:
                action.setEnabled(is_offered)
        why_not = _("A replay reaches no cluster.") if is_replay else ""
        for action in self.of_cluster:
            action.setToolTip(why_not or action.text().replace("&", ""))
        self._is_replay = is_replay
        self.hold.setText((_("&Play or pause") if is_replay else _("&Hold")) + "\t" + _("Space"))
        back = _("Back to &live") if has_live or not is_replay else _("C&lose the recording")
        self.live.setText(back + "\tL")
        self._focus_moved(None, QApplication.focusWidget())

    def show_profiles(self, profiles: tuple[Profile, ...]) -> None:
        """List the saved clusters."""
        for menu, command, dots in (
            (self.saved, self._commands.open_profile, ""),
            (self.editable, self._commands.edit_profile, "…"),
            (self.removable, self._commands.remove_profile, "…"),
        ):
            menu.clear()
            for profile in profiles:
                # What stands behind a tab is drawn at the right end, as shortcuts are.
                title = f"{profile.name}{dots}\t{gateways_text(profile)}"
                action = menu.addAction(title.replace("&", "&&"))
                action.triggered.connect(partial(self._call, command, profile))
            menu.setEnabled(bool(profiles))

    def _fill_cluster(self, menu: QMenu) -> None:
        commands = self._commands
        self._add(menu, _("Try the &demo cluster"), commands.start_demo, "Ctrl+D")
        self._add(menu, _("&Connect to a gateway…"), commands.connect, "Ctrl+N")
        self.saved = menu.addMenu(_("&Saved clusters"))
        self.editable = menu.addMenu(_("&Edit a saved cluster"))
        self.removable = menu.addMenu(_("Re&move a saved cluster"))
        menu.addSeparator()
        self._add(menu, _("&Open a recording…"), commands.recorded.open, "Ctrl+O")
        self._add(menu, _("S&ave a recording…"), commands.recorded.save, "Ctrl+S", needs=self.of_history)
        self._add(menu, _("&Incident report…"), commands.recorded.report, needs=self.of_history)
        menu.addSeparator()
        self._add(menu, _("&Reconnect now"), commands.reconnect, "Ctrl+R", needs=self.of_cluster)
        self._add(menu, _("Disco&nnect"), commands.disconnect, needs=self.of_cluster)
        menu.setToolTipsVisible(True)
        menu.addSeparator()
        self._add(menu, _("&Quit"), commands.close, "Ctrl+Q")

    def _fill_view(self, menu: QMenu, panels: dict[str, str]) -> None:
        commands = self._commands
        # The key is shown but not bound: these two are for when no control has the focus.
        self.hold = self._add(menu, _("&Hold") + "\t" + _("Space"), commands.hold, needs=self.of_monitor)
        self.live = self._add(menu, _("Back to &live") + "\tL", commands.go_live, needs=self.of_monitor)
        menu.addSeparator()
        for key, title in panels.items():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(partial(commands.show_panel, key))
            self.panels[key] = action
        self.reset_layout = self._add(menu, _("&Reset layout"), commands.reset_layout)
        menu.addSeparator()
        self.quality = self._add(menu, _("Data &quality…"), commands.show_quality, "Ctrl+I")
        menu.addSeparator()
        themes = menu.addMenu(_("&Theme"))
        group = QActionGroup(themes)
        choices: tuple[tuple[ThemeChoice, str], ...] = (
            ("system", _("As the system")),
            ("light", _("Light")),
            ("dark", _("Dark")),
        )
        for choice, title in choices:
            self.themes[choice] = self._add_choice(themes, group, title, partial(commands.choose_theme, choice))
        times = menu.addMenu(_("T&imes"))
        group = QActionGroup(times)
        for style in TimeStyle:
            self.times[style] = self._add_choice(times, group, style_name(style), partial(commands.choose_times, style))

    def _fill_go(self, menu: QMenu) -> None:
        commands = self._commands
        self._add(menu, _("&Find in the timeline") + "\tCtrl+F", commands.find, needs=self.of_monitor)
        self._add(menu, _("&Next problem") + "\tE", commands.next_problem, needs=self.of_monitor)
        self._add(menu, _("&Previous problem") + "\tShift+E", commands.previous_problem, needs=self.of_monitor)
        self._add(menu, _("N&ext event of the replay") + "\t→", commands.recorded.next_event, needs=self.of_replay)
        self._add(
            menu, _("P&revious event of the replay") + "\t←", commands.recorded.previous_event, needs=self.of_replay
        )
        menu.addSeparator()
        self._add(menu, _("&Bookmark this…") + "\tB", commands.recorded.bookmark, needs=self.of_history)
        self._add(menu, _("Book&marks and notes…"), commands.recorded.show_bookmarks, "Ctrl+B", needs=self.of_history)

    def _add(
        self,
        menu: QMenu,
        title: str,
        command: Callable[[], None],
        key: str = "",
        *,
        needs: list[QAction] | None = None,
    ) -> QAction:
        action = menu.addAction(title)
        if key:
            action.setShortcut(QKeySequence(key))
        action.triggered.connect(command)
        if needs is not None:
            needs.append(action)
        return action

    def _add_choice(self, menu: QMenu, group: QActionGroup, title: str, command: Callable[[], None]) -> QAction:
        action = menu.addAction(title)
        action.setCheckable(True)
        group.addAction(action)
        action.triggered.connect(command)
        return action

    def _call(self, command: Callable[[Profile], None], profile: Profile, _is_checked: bool = False) -> None:
        command(profile)

    def _plain_key(self, key: str, command: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(key), self._window)
        shortcut.activated.connect(command)
        return shortcut

    def _focus_moved(self, _before: QWidget | None, now: QWidget | None) -> None:
        """A key without Ctrl belongs to the control that has the focus, where it can use it."""
        takes_text = isinstance(now, (QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit))
        self._hold_key.setEnabled(not takes_text and not isinstance(now, QAbstractButton))
        for letter in self._letters:
            letter.setEnabled(not takes_text)
        # The arrows belong to whatever can be moved by them, which is most of what can have the focus.
        is_free = now is None or isinstance(now, QAbstractButton) or now is self._window.centralWidget()
        for arrow in self._arrows:
            arrow.setEnabled(self._is_replay and is_free)
