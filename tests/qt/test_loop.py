"""asyncio on Qt's loop: it ends cleanly, whatever ends it."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

from helios_desktop.qt.dialogs import show_dialog
from helios_desktop.qt.tasks import Tasks

Until = Callable[[Callable[[], bool]], Awaitable[None]]


def run_program(body: str) -> subprocess.CompletedProcess[str]:
    """Run a `main` on the loop, in a process of its own."""
    program = "import asyncio, os, signal, sys\n"
    program += "from PySide6.QtCore import QTimer\nfrom PySide6.QtWidgets import QApplication\n"
    program += "from helios_desktop.qt.loop import run\n"
    program += textwrap.dedent(body) + "\nsys.exit(run(main, QApplication([])))\n"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, env=environment)


def test_the_exit_code_is_what_main_returns() -> None:
    ended = run_program("""
        async def main():
            await asyncio.sleep(0)
            return 7
    """)
    assert (ended.returncode, ended.stderr) == (7, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_leaves_what_main_entered_and_ends(number: signal.Signals, code: int) -> None:
    ended = run_program(f"""
        async def main():
            try:
                os.kill(os.getpid(), {int(number)})
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                print("left cleanly")
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "left cleanly\n", "")


def test_a_thread_may_run_a_loop_of_its_own() -> None:
    ended = run_program("""
        async def main():
            async def answer():
                return 5
            return await asyncio.to_thread(asyncio.run, answer())
    """)
    assert (ended.returncode, ended.stderr) == (5, "")


def test_what_a_slot_raises_reaches_the_handler_of_the_loop() -> None:
    ended = run_program("""
        async def main():
            told = asyncio.get_running_loop().create_future()
            def handle(loop, context):
                told.set_result(str(context["exception"]))
            asyncio.get_running_loop().set_exception_handler(handle)
            def slot():
                raise ValueError("from a slot")
            QTimer.singleShot(0, slot)
            print(await told)
            return 0
    """)
    assert (ended.returncode, ended.stdout) == (0, "from a slot\n")


async def test_a_dialog_is_awaited_while_other_tasks_go_on(qapp: QApplication, until: Until) -> None:
    dialog = QDialog()
    turns = 0

    async def work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    worker = asyncio.create_task(work())
    shown = asyncio.create_task(show_dialog(dialog))
    await until(lambda: dialog.isVisible() and turns > 10)
    QTimer.singleShot(0, dialog.accept)
    assert await shown == QDialog.DialogCode.Accepted
    worker.cancel()


async def test_a_cancelled_question_closes_its_dialog(qapp: QApplication, until: Until) -> None:
    dialog = QDialog()
    shown = asyncio.create_task(show_dialog(dialog))
    await until(dialog.isVisible)
    shown.cancel()
    await asyncio.gather(shown, return_exceptions=True)
    assert not dialog.isVisible()


async def test_a_failing_task_is_told_and_a_cancelled_one_is_not(until: Until) -> None:
    failures: list[BaseException] = []
    tasks = Tasks(failures.append)

    async def fail() -> None:
        raise ValueError("no")

    async def wait() -> None:
        await asyncio.Event().wait()

    tasks.start(fail())
    tasks.start(wait())
    await until(lambda: bool(failures))
    await tasks.close()
    assert [str(failure) for failure in failures] == ["no"]
