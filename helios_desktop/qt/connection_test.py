"""Tests whether gateways can be watched, a step at a time, while everything else goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from helios_desktop.client.address import Address
from helios_desktop.monitor.check import Outcome, Result, Step, check, step_name
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.target import Target
from helios_desktop.qt.labels import make_note, show_text
from helios_desktop.qt.step_list import StepList
from helios_desktop.qt.style_sheet import SPACE
from helios_desktop.qt.tasks import Tasks
from helios_desktop.words import _, ngettext

Check = Callable[[Target, Address], AsyncIterator[Result]]
"""Tries one gateway of a target, a result a step."""
_STEPS: Final = tuple(Step)
_WATCH_S: Final = 1.0


def check_briefly(target: Target, address: Address) -> AsyncIterator[Result]:
    """Try it while the user looks on: long enough for a first answer, too short for all kinds of messages."""
    return check(target, address, now_ns=make_clock(), watch_s=_WATCH_S)


class ConnectionTest(QWidget):
    """A sentence that says how the test goes, and below it the steps. Hidden until `start`, and after `clear`.

    `button` is to be placed by whoever has the test: it asks for one, or stops the one that runs.
    """

    requested = Signal()
    """The button was pressed, and no test runs."""
    resized = Signal()
    """It takes more or less room now."""

    def __init__(self, tasks: Tasks, check_one: Check) -> None:
        super().__init__()
        self._tasks = tasks
        self._check = check_one
        self._task: asyncio.Task[None] | None = None
        self.button = QPushButton()
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._pressed)
        self.sentence, self.problem = make_note(), make_note(kind="problem")
        self.steps = StepList()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        for part in (self.sentence, self.problem, self.steps):
            column.addWidget(part)
        self.setVisible(False)
        self._name_button()

    @property
    def is_running(self) -> bool:
        """True until the last step, or until it is stopped."""
        return self._task is not None

    def start(self, target: Target) -> None:
        """Test all gateways of `target`, one after the other. Needs the running loop."""
        self.stop()
        self.steps.begin(has_headings=len(target.addresses) > 1)
        self._say(_("Testing…"))
        self.setVisible(True)
        self._task = self._tasks.start(self._run(target))
        self._name_button()
        self.resized.emit()

    def stop(self) -> None:
        """End the test that runs; its socket is closed properly meanwhile. What was found stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self._say(_("The test was stopped."))
            self._name_button()

    def clear(self) -> None:
        """End the test, and forget what it found: it is not true any more of what the fields say."""
        self.stop()
        if not self.isHidden():
            self.setVisible(False)
            self.resized.emit()

    async def _run(self, target: Target) -> None:
        try:
            failed = [address for address in target.addresses if not await self._try(target, address)]
        except BaseException:
            # Stopped, it has said so, and may be gone already.
            if self._task is asyncio.current_task():
                self._end(_("The test did not come to its end."), is_problem=True)
            raise
        self._end(_summary(target.addresses, failed), is_problem=bool(failed))

    async def _try(self, target: Target, address: Address) -> bool:
        """True where no step failed."""
        is_well = True
        self._say_next(address, 0)
        number = 0
        async for result in self._check(target, address):
            number += 1
            self.steps.add(result)
            is_well = is_well and result.outcome is not Outcome.FAILED
            self._say_next(address, number)
        return is_well

    def _say_next(self, address: Address, done: int) -> None:
        if done < len(_STEPS):
            self._say(_("Testing {gateway}: {step}…").format(gateway=address.name, step=step_name(_STEPS[done])))

    def _end(self, sentence: str, *, is_problem: bool) -> None:
        self._task = None
        self._say(sentence, is_problem=is_problem)
        self.steps.show_failure()
        self._name_button()
        self.resized.emit()

    def _say(self, text: str, *, is_problem: bool = False) -> None:
        self.sentence.setVisible(not is_problem)
        self.problem.setVisible(is_problem)
        show_text(self.problem if is_problem else self.sentence, text)

    def _name_button(self) -> None:
        self.button.setText(_("Stop the test") if self.is_running else _("Test &connection"))

    def _pressed(self) -> None:
        if self.is_running:
            self.stop()
        else:
            self.requested.emit()


def _summary(addresses: Sequence[Address], failed: Sequence[Address]) -> str:
    count = len(addresses)
    if not failed:
        return ngettext("This gateway can be watched.", "All {n} gateways can be watched.", count).format(n=count)
    if count == 1:
        return _("A step failed: its ✗ says why, and what to do.")
    names = ", ".join(address.name for address in failed)
    return _("A step failed at {failed} of {n} gateways: {names}.").format(failed=len(failed), n=count, names=names)
