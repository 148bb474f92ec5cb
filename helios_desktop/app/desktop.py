"""The program with a window: what the window asks of it, and its life from start to close."""

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from helios_desktop.app.demo import Demo, demo_cluster
from helios_desktop.app.named import named_target
from helios_desktop.app.remember import remember_login_path
from helios_desktop.app.watching import watch
from helios_desktop.headless.arguments import PROGRAM
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.options import DemoOptions, Options
from helios_desktop.journal.place import journal_folder
from helios_desktop.journal.recording import RecordingError
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.follower import Follower
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.secrets import Secrets
from helios_desktop.qt import loop
from helios_desktop.qt.first_paint import first_paint
from helios_desktop.qt.theme import DARK, LIGHT, load_fonts
from helios_desktop.qt.window import MainWindow, window_settings
from helios_desktop.words import _

if TYPE_CHECKING:
    from helios_desktop.app.opening import Opener

DEMO_PICTURE: Final = Path("build/demo.png")
WITHOUT_TERMINAL_S: Final = 30.0
PICTURE_EVERY_S: Final = 10.0


def run(options: Options, *, is_offscreen: bool, opened: Callable[[MainWindow], None] = lambda window: None) -> int:
    """Open the window, stay until it is closed, and give the exit code. `opened` is called once it is shown."""
    app = QApplication([PROGRAM])
    app.setApplicationName(PROGRAM)
    app.setDesktopFileName(PROGRAM)
    load_fonts()
    return loop.run(lambda: _main(options, app, opened, is_offscreen=is_offscreen), app)


class Desktop:
    """What the window asks of the program (`qt.host.Host`): one monitor at a time, and the demo cluster."""

    def __init__(self, options: DemoOptions, now_ns: Callable[[], int], journals: Path, scratch: Path) -> None:
        self.profiles = Profiles()
        self.secrets = Secrets()
        self._options = options
        self._now_ns = now_ns
        self._journals = journals
        self._scratch = scratch
        self._opener: Opener | None = None
        self._demo: Demo | None = None
        self._is_demo_shown = False
        self._changing = asyncio.Lock()
        self._serving: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._show: Callable[[Monitor | Follower], None] = lambda watched: None
        self._show_replay: Callable[[Replay], None] = lambda replay: None
        self._say: Callable[[str], None] = lambda sentence: None

    def join(self, window: MainWindow) -> None:
        """Show monitors, and say what goes wrong, in this window."""
        self._show = window.show_monitor
        self._show_replay = window.show_replay
        self._say = window.say

    @property
    def demo(self) -> DemoAccess | None:
        """The gateway that this program started; None unless the shown monitor watches it."""
        return self._demo.access if self._demo is not None and self._is_demo_shown else None

    async def start_demo(self) -> str | None:
        """Start the demo cluster where it does not run, and watch it."""
        if self._demo is None:
            ready: asyncio.Future[Demo] = asyncio.get_running_loop().create_future()
            # A task of its own: what is entered there must be left there, whoever asked for it.
            self._serving = asyncio.create_task(self._serve(ready), name="demo gateway")
            try:
                self._demo = await ready
            except OSError as error:
                return _("The demo cluster cannot start: {reason}.").format(reason=error.strerror or error)
        await self._watch(self._demo.target(), is_demo=True)
        return None

    async def connect(self, target: Target) -> str | None:
        """Watch this cluster instead; whether it answers, the window sees."""
        await self._watch(target, is_demo=False)
        return None

    async def open_recording(self, path: Path) -> str | None:
        """Show a recording; what is live goes on beneath."""
        try:
            return await self.show_recording(path) or None
        except RecordingError as error:
            return str(error)

    async def show_recording(self, path: Path) -> str:
        """The same; gives what is missing of it, "" where nothing is. Raises `RecordingError`."""
        if self._opener is None:
            # Few starts open a recording, and the window is to be there soon.
            from helios_desktop.app.opening import Opener  # noqa: PLC0415 - see above

            self._opener = Opener(self._scratch)
        replay, sentence = await self._opener.open(path, self._now_ns())
        self._show_replay(replay)
        return sentence

    def show_demo(self, demo: Demo) -> Monitor:
        """Show a demo cluster that somebody else serves, by a monitor that somebody else runs. It is not recorded."""
        self._demo = demo
        self._is_demo_shown = True
        monitor = Monitor(demo.target(), now_ns=self._now_ns, rng=random.SystemRandom())
        self._show(monitor)
        return monitor

    async def close(self) -> None:
        """End the monitor and the demo cluster."""
        await _end(self._watching)
        await _end(self._serving)

    async def _watch(self, target: Target, *, is_demo: bool) -> None:
        async with self._changing:
            await self._watch_instead(target, is_demo=is_demo)

    async def _watch_instead(self, target: Target, *, is_demo: bool) -> None:
        await _end(self._watching)
        self._is_demo_shown = is_demo
        is_shown = asyncio.Event()

        def show(watched: Monitor | Follower) -> None:
            if isinstance(watched, Monitor):
                remember_login_path(watched, self.profiles)
            self._show(watched)
            is_shown.set()

        def say(sentence: str) -> None:
            self._say(sentence)
            is_shown.set()

        watching = watch(target, self._journals, self._now_ns, show, say)
        self._watching = asyncio.create_task(watching, name="monitor")
        self._watching.add_done_callback(self._ended)
        self._watching.add_done_callback(lambda _task: is_shown.set())
        await is_shown.wait()

    async def _serve(self, ready: asyncio.Future[Demo]) -> None:
        try:
            async with demo_cluster(self._options) as demo:
                ready.set_result(demo)
                await asyncio.Event().wait()
        except OSError as error:
            if ready.done():
                raise
            ready.set_exception(error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            task.get_loop().call_exception_handler({"message": "a monitor failed", "exception": error, "task": task})
            self._say(_("The monitor stopped because of a fault in the program: {error}").format(error=error))


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait({task})


async def _main(
    options: Options, app: QApplication, opened: Callable[[MainWindow], None], *, is_offscreen: bool
) -> int:
    theme = {"dark": DARK, "light": LIGHT}.get(options.window.theme)
    with tempfile.TemporaryDirectory(prefix="helios-") as folder:
        # A picture must not depend on how the user left the window, nor change it.
        settings = QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat) if is_offscreen else window_settings()
        journals = Path(folder) / "journals" if is_offscreen else journal_folder()
        program = Desktop(options.demo, make_clock(), journals, Path(folder))
        window = MainWindow(program, app, settings, theme)
        program.join(window)
        if is_offscreen:
            window.resize(options.window.width, options.window.height)
        window.show()
        opened(window)
        await first_paint(window)
        try:
            if is_offscreen and options.window.screenshot is None:
                return await _in_terminal(options, program, window)
            if options.replay is not None:
                await _replay(options.replay, program, window)
            elif options.source.is_given:
                await _open(options, program, window)
            if options.window.screenshot is not None:
                await asyncio.sleep(options.window.after_s)
                _picture(window, options.window.screenshot)
            else:
                await window.wait_closed()
        except CommandError as error:
            print(_("helios-desktop: {sentence}").format(sentence=error), file=sys.stderr)
            return error.code
        finally:
            await window.shut_down()
            await program.close()
    return ExitCode.WELL


async def _replay(path: Path, program: Desktop, window: MainWindow) -> None:
    """Show the recording that the command line names; where it cannot be, there is nothing to stay for."""
    try:
        sentence = await program.show_recording(path)
    except RecordingError as error:
        raise CommandError(ExitCode.FAILURE, str(error)) from None
    if sentence:
        window.say(sentence)


async def _open(options: Options, program: Desktop, window: MainWindow) -> None:
    if options.source.is_demo:
        problem = await program.start_demo()
    else:
        problem = await program.connect(await named_target(options.source, program.profiles, program.secrets))
    if problem is not None:
        window.say(problem)


async def _in_terminal(options: Options, program: Desktop, window: MainWindow) -> int:
    """Show the demo without a display: its stream here, and the window as a picture that is kept up to date."""
    from helios_desktop.headless.tail import tail  # noqa: PLC0415 - a window needs none of it, and is to be there soon

    is_terminal = sys.stdout.isatty()
    for_s = None if is_terminal else WITHOUT_TERMINAL_S
    print(
        _("There is no display: this is the demo cluster's stream, and {path} a picture of the window.").format(
            path=DEMO_PICTURE
        ),
        file=sys.stderr,
    )
    async with demo_cluster(options.demo) as demo, _pictures(window):
        return await tail(
            program.show_demo(demo),
            as_json=False,
            is_raw=False,
            only=None,
            for_s=for_s,
            out=sys.stdout,
            err=sys.stderr,
            colour=is_terminal and not os.environ.get("NO_COLOR"),
        )


@asynccontextmanager
async def _pictures(window: MainWindow) -> AsyncIterator[None]:
    async def keep_drawing() -> None:
        while True:
            await asyncio.sleep(PICTURE_EVERY_S)
            _picture(window, DEMO_PICTURE)

    drawing = asyncio.create_task(keep_drawing(), name="pictures")
    try:
        yield
    finally:
        await _end(drawing)


def _picture(window: MainWindow, path: Path) -> None:
    window.pacer.refresh()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(path, error.strerror) from None
    if not window.grab().save(str(path)):
        raise _not_written(path, _("its folder cannot be written to, or its ending names no kind of picture (.png)"))


def _not_written(path: Path, reason: str | None) -> CommandError:
    return CommandError(ExitCode.FAILURE, _("{path} was not written: {reason}.").format(path=path, reason=reason))
