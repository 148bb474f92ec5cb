"""asyncio on Qt's event loop: the only file that knows qasync."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final

import qasync
from PySide6.QtWidgets import QApplication

from helios_desktop.qt.garbage import collecting_here

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""


def run(main: Callable[[], Coroutine[Any, Any, int]], app: QApplication) -> int:
    """Run `main` to its end on a loop that also runs the window, and give its exit code.

    SIGINT and SIGTERM cancel `main`, which leaves its `async with` blocks; then the code is 130 or 0. Inside, never
    call `exec()` of a dialog: other tasks would hang for good; see `dialogs.show_dialog`.
    """
    # The last window's close must not end Qt under asyncio: qasync raises then.
    app.setQuitOnLastWindowClosed(False)
    # Not `qasync.run`: it installs a policy that gives every thread a Qt loop, which breaks `asyncio.run` there.
    with asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner, collecting_here():
        return runner.run(_run(main))


def new_loop(app: QApplication) -> asyncio.AbstractEventLoop:
    """Make an asyncio loop that runs on the application's event loop. Prefer `run`."""
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(app)
    return loop


async def _run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main())
    received: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    with _errors_of_slots(loop), contextlib.ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Windows has none on its loops; there Ctrl-C arrives through `asyncio.Runner`.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, end, number)
                stack.callback(loop.remove_signal_handler, number)
        try:
            return await task
        except asyncio.CancelledError:
            if not received:
                raise
            return INTERRUPTED if received[0] is signal.SIGINT else 0


@contextlib.contextmanager
def _errors_of_slots(loop: asyncio.AbstractEventLoop) -> Any:
    """Send what a Qt slot raises to the loop's handler too, so that there is one place for errors."""
    before = sys.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            loop.call_exception_handler({"message": "an error in a Qt slot", "exception": error})
        else:
            before(kind, error, trace)

    sys.excepthook = report
    try:
        yield
    finally:
        sys.excepthook = before
