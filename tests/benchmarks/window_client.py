"""The window process of row 6: it watches one gateway for some seconds, records all, and prints what it measured.

`python -m tests.benchmarks.window_client PORT MESSAGES FOLDER`; a line `ready` goes to stdout before the messages are
due, and one JSON object at the end. Processor time and memory are those of this process alone.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, QSettings, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QToolButton

from helios_desktop.app.desktop import Desktop
from helios_desktop.app.main import tune
from helios_desktop.client.address import Address
from helios_desktop.client.credentials import Credentials
from helios_desktop.headless.options import DemoOptions
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.qt import loop
from helios_desktop.qt.theme import DARK, load_fonts
from helios_desktop.qt.window import MainWindow

CLICK_EVERY_S: Final = 0.5
SETTLE_S: Final = 1.0
LONGEST_S: Final = 60.0


class Watcher(QObject):
    """Notes when the window painted, and how long clicks took to be answered and seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        # Ranges of the graphs, in turn: each draws anew, and none stops what comes.
        self._buttons = window.charts.bar.findChildren(QToolButton)[:3]
        self._clicks = 0
        self.paints: list[float] = []
        self.answers: list[float] = []
        self._clicked_at: float | None = None
        self._is_answered = False
        window.installEventFilter(self)
        for button in self._buttons:
            button.clicked.connect(self._answer)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's own name
        """Qt's: the window asks for its pixels."""
        if event.type() == QEvent.Type.UpdateRequest:
            now = time.perf_counter()
            self.paints.append(now)
            if self._is_answered and self._clicked_at is not None:
                self.answers.append(now - self._clicked_at)
                self._clicked_at, self._is_answered = None, False
        return False

    def click(self) -> None:
        """Called from another thread, as the system's events come from elsewhere."""
        if self._clicked_at is not None:
            return
        self._clicks += 1
        button = self._buttons[self._clicks % len(self._buttons)]
        self._clicked_at = time.perf_counter()
        at = QPointF(button.width() / 2, button.height() / 2)
        for kind, held in (
            (QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton),
            (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
        ):
            event = QMouseEvent(kind, at, at, Qt.MouseButton.LeftButton, held, Qt.KeyboardModifier.NoModifier)
            QCoreApplication.postEvent(button, event)

    def _answer(self) -> None:
        self._is_answered = self._clicked_at is not None


async def measure(app: QApplication, port: int, messages: int, folder: Path) -> dict[str, object]:
    """Watch until all messages came and are on the disk."""
    now_ns = make_clock()
    program = Desktop(DemoOptions(), now_ns, folder / "journals", folder)
    window = MainWindow(program, app, QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat), DARK)
    program.join(window)
    window.resize(1280, 800)
    window.show()
    watcher = Watcher(window)
    target = Target("bench", (Address("http", "127.0.0.1", port),), Credentials(token="bench"))
    assert await program.connect(target) is None
    monitor = window.live
    assert isinstance(monitor, Monitor)
    await _until(lambda: _seen(monitor) > 0)
    await asyncio.sleep(SETTLE_S)
    stop = threading.Event()
    clicking = threading.Thread(target=_click_on, args=(watcher, stop), daemon=True)
    watcher.paints.clear()
    begun, spent = time.perf_counter(), time.process_time()
    print("ready", flush=True)
    clicking.start()
    await _until(lambda: _seen(monitor) > messages)
    took_s, busy_s = time.perf_counter() - begun, time.process_time() - spent
    stop.set()
    clicking.join()
    pss = _pss_bytes()
    at = time.perf_counter()
    await _until(lambda: monitor.recording is not None and monitor.recording.last_event >= monitor.log.end - 1)
    lag_s = time.perf_counter() - at
    gaps = [after - before for before, after in zip(watcher.paints, watcher.paints[1:], strict=False)]
    observers = monitor.state.observers.values()
    found: dict[str, object] = {
        "took_s": took_s,
        "busy": busy_s / took_s,
        "gaps_s": sorted(gaps),
        "clicks_s": sorted(watcher.answers),
        "pss_bytes": pss,
        "lag_s": lag_s,
        "lost": sum(observer.lost for observer in observers),
        "events": monitor.log.end - monitor.log.start,
    }
    await window.shut_down()
    await program.close()
    return found


def _seen(monitor: Monitor) -> int:
    return sum(observer.messages for observer in monitor.state.observers.values())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while not condition():  # noqa: ASYNC110 - a benchmark must not hang on what it measures
            await asyncio.sleep(0.01)


def _click_on(watcher: Watcher, stop: threading.Event) -> None:
    while not stop.wait(CLICK_EVERY_S):
        watcher.click()


def _pss_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Run it."""
    port, messages, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    tune()
    app = QApplication(["helios-desktop"])
    load_fonts()
    found: dict[str, object] = {}

    async def run() -> int:
        found.update(await measure(app, port, messages, folder))
        return 0

    loop.run(run, app)
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
