"""The part of the window that is about what is recorded: overview, replay, bookmarks, and files of it."""

from collections.abc import Callable

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from helios_desktop.journal.note import Note
from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.history_panel import HistoryPanel
from helios_desktop.qt.host import Host
from helios_desktop.qt.menus import RecordedCommands
from helios_desktop.qt.noting import Noting
from helios_desktop.qt.replay_bar import ReplayBar
from helios_desktop.qt.replaying import Replaying
from helios_desktop.qt.saving import Saving
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.times import TimeStyle


class Recorded:
    """Makes and joins these parts; the window places `bar` and `panel`. `close` it when the window's tasks are closed.

    `show` is called with each replay that is to be shown, `event_reached` with the number of an event that the replay
    was moved to; `selected` gives the number of the event that is chosen; `leave` goes back to what is live.
    """

    def __init__(
        self,
        host: Host,
        window: QWidget,
        tasks: Tasks,
        theme: Theme,
        *,
        node_colour: Callable[[str], QColor],
        show: Callable[[Replay], None],
        event_reached: Callable[[int], None],
        selected: Callable[[], int | None],
        leave: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._theme = theme
        self._selected = selected
        self.bar = ReplayBar(theme)
        self.panel = HistoryPanel(theme, node_colour)
        self.replaying = Replaying(host, window, tasks, show=show, event_reached=event_reached, say=say)
        self.noting = Noting(window, tasks, say=say, changed=self.panel.look_again, go=self._go_to_note)
        self.saving = Saving(window, tasks, say)
        self.bar.play_toggled.connect(self.replaying.toggle_play)
        self.bar.speed_chosen.connect(self.replaying.set_speed)
        self.bar.stepped.connect(self.replaying.step)
        self.bar.problem_asked.connect(self.replaying.step_to_problem)
        self.bar.left.connect(leave)
        self.panel.sought.connect(self.replaying.seek)

    @property
    def replay(self) -> Replay | None:
        """The one that is shown."""
        return self.replaying.replay

    def take(self, watched: Watched | None, live: Watched | None) -> None:
        """This is shown from now on; `live` goes on beneath, and may be the same."""
        replay = watched if isinstance(watched, Replay) else None
        self.replaying.take(replay, live)
        self.bar.show_replay(replay, live)
        self.panel.show_watched(watched, live)
        self.noting.take(watched, live)
        self.saving.take(watched)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.bar.set_theme(theme)
        self.panel.set_theme(theme)

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        for part in (self.bar, self.panel, self.noting, self.saving):
            part.set_time_style(style)

    def commands(self) -> RecordedCommands:
        """What the menus call of it."""
        return RecordedCommands(
            open=self.replaying.ask,
            save=self._save,
            report=self._report,
            next_event=lambda: self.replaying.step(True),
            previous_event=lambda: self.replaying.step(False),
            bookmark=lambda: self.noting.bookmark(self._selected(), self.panel.scrubber.chosen_range),
            show_bookmarks=self.noting.show_list,
        )

    def close_dialogs(self) -> None:
        """Those that stand beside the window."""
        self.noting.list.close()
        self.panel.spans.close()

    async def close(self) -> None:
        """Let go of all files."""
        self.panel.close_files()
        await self.replaying.close()

    def _save(self) -> None:
        strip = self.panel.scrubber
        self.saving.save_recording(self._theme, strip.chosen_range, strip.view)

    def _report(self) -> None:
        strip = self.panel.scrubber
        self.saving.write_report(self._theme, strip.chosen_range, strip.view)

    def _go_to_note(self, note: Note) -> None:
        if note.event is not None and self.replay is not None:
            self.replaying.seek_event(note.event)
        else:
            self.replaying.seek(note.at_ns)
