"""Row 9: from the start of the process to the first paint, and to live demo data in the widgets.

The yardstick is a bare PySide6 + pyqtgraph window on the same loop library, started in turn with ours.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.row import Row

ROUNDS = 5

BARE = """
import sys, time
import pyqtgraph
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

class Painted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            print(time.clock_gettime_ns(time.CLOCK_MONOTONIC), flush=True)
            QTimer.singleShot(0, app.quit)
        return False

app = QApplication([])
window = QMainWindow()
plot = pyqtgraph.PlotWidget()
plot.plot(range(100))
window.setCentralWidget(plot)
window.resize(1280, 800)
painted = Painted()
plot.viewport().installEventFilter(painted)
window.show()
app.exec()
"""

OURS = """
import sys, time
from PySide6.QtCore import QEvent, QObject, QTimer
from helios_desktop.app import desktop
from helios_desktop.headless.arguments import parse

def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

class Painted(QObject):
    at = 0
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not self.at:
            self.at = now()
        return False

painted = Painted()

def opened(window):
    window.frame.installEventFilter(painted)
    timer = QTimer(window, interval=2)
    def look():
        if painted.at and " leads " in window.top_bar.leader.text():
            print(painted.at, now(), flush=True)
            timer.stop()
            window.close()
    timer.timeout.connect(look)
    timer.start()

sys.exit(desktop.run(parse(["--demo", "--calm"]), is_offscreen=False, opened=opened))
"""


def measure() -> list[Row]:
    """Median of five starts of each, in turn, after one that leaves compiled modules behind, as installing does."""
    _start(OURS)
    bare: list[float] = []
    first: list[float] = []
    live: list[float] = []
    for _ in range(ROUNDS):
        bare += _start(BARE)
        painted, told = _start(OURS)
        first.append(painted)
        live.append(told)
    yardstick = statistics.median(bare)
    rows = []
    for name, times, most in (("first paint", first, 2.0), ("live demo data", live, 3.0)):
        ratio = statistics.median(times) / yardstick
        figure = f"{ratio:.2f}× ({statistics.median(times):.2f} s, bare {yardstick:.2f} s)"
        rows.append(Row(9, f"process start to {name}", figure, f"≤ {most:g}× a bare window", ratio <= most))
    return rows


def _start(program: str) -> list[float]:
    begun = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    # A demo of its own, not the user's journal of it.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"XDG_DATA_HOME": folder, "PYTHONDONTWRITEBYTECODE": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    return [(int(at) - begun) / 1e9 for at in done.stdout.split()]
