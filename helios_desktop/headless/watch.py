"""One run of a monitor without a screen: until its time is over, somebody ends it, or it cannot begin."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from helios_desktop.event import Event
from helios_desktop.headless.contact import FirstContact
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.signals import caught_signals
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Observation, Phase
from helios_desktop.protocol.subscription import Topic

ASK_AGAIN_S: Final = 30.0
"""After a refusal that came later than the first contact: nobody is there to mend it here, but perhaps there."""
CLOSING_S: Final = 1.5


class Ending(Enum):
    """Why a run ended."""

    TIME_UP = auto()
    INTERRUPTED = auto()  # Ctrl-C
    TERMINATED = auto()  # by a signal of the system
    FAILED = auto()  # the first contact was none
    NO_READER = auto()  # the output is closed, or full


@dataclass(frozen=True)
class Outcome:
    """How a run ended; `error` says why where it failed."""

    ending: Ending
    error: CommandError | None = None

    @property
    def code(self) -> ExitCode:
        """The exit code that says so."""
        if self.error is not None:
            return self.error.code
        match self.ending:
            case Ending.INTERRUPTED:
                return ExitCode.INTERRUPTED
            case Ending.TERMINATED:
                return ExitCode.TERMINATED
            case _:
                return ExitCode.WELL


def ended_by(number: signal.Signals) -> Outcome:
    """How a run ends that this signal ends."""
    return Outcome(Ending.INTERRUPTED if number == signal.SIGINT else Ending.TERMINATED)


class Watch:
    """Runs a monitor that nobody else runs; `on_contact` is called once, with the first valid status."""

    def __init__(self, monitor: Monitor, on_contact: Callable[[], None] = lambda: None) -> None:
        self._monitor = monitor
        self._on_contact = on_contact
        self._contact = FirstContact(
            needs_status=Topic.STATUS in monitor.topics, observers=_first_observers(monitor.target)
        )
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._asking: asyncio.TimerHandle | None = None

    def end(self, outcome: Outcome) -> None:
        """End the run; the first who says so is right."""
        if not self._ended.done():
            self._ended.set_result(outcome)

    async def run(self, for_s: float | None) -> Outcome:
        """Run for `for_s` seconds, or until something ends it. Its own listener is the last to be called.

        Ctrl-C is an outcome and raises nothing; pressed twice, it is KeyboardInterrupt.
        """
        loop = asyncio.get_running_loop()
        stop_listening = self._monitor.listen(self._see)
        limit = None if for_s is None else loop.call_later(for_s, self._time_is_up)
        watching = asyncio.create_task(self._monitor.run(), name="monitor")
        try:
            with caught_signals(lambda number: self.end(ended_by(number))):
                watching.add_done_callback(self._stopped)
                return await self._ended
        finally:
            stop_listening()
            for timer in (limit, self._asking):
                if timer is not None:
                    timer.cancel()
            watching.cancel()
            await asyncio.wait({watching}, timeout=CLOSING_S)

    def _see(self, _observation: Observation, events: tuple[Event, ...]) -> None:
        if self._contact.is_made:
            self._ask_again()
        else:
            self._judge(events)

    def _judge(self, events: tuple[Event, ...]) -> None:
        contact = self._contact
        contact.take(self._monitor.state, events)
        if contact.is_made:
            self._on_contact()
        elif contact.failure is not None:
            self.end(Outcome(Ending.FAILED, contact.failure))

    def _ask_again(self) -> None:
        if self._asking is None and any(
            observer.phase is Phase.REJECTED for observer in self._monitor.state.observers.values()
        ):
            self._asking = asyncio.get_running_loop().call_later(ASK_AGAIN_S, self._reconnect)

    def _reconnect(self) -> None:
        self._asking = None
        self._monitor.reconnect_now()

    def _stopped(self, watching: asyncio.Task[None]) -> None:
        if watching.cancelled() or self._ended.done():
            return
        error = watching.exception()
        self._ended.set_exception(error or RuntimeError("the monitor ended by itself"))

    def _time_is_up(self) -> None:
        if self._contact.is_made:
            self.end(Outcome(Ending.TIME_UP))
        else:
            self.end(Outcome(Ending.FAILED, self._contact.lack()))


def _first_observers(target: Target) -> int:
    """How many sessions a monitor of this target opens at first."""
    return max(1, len(target.first_members)) if target.follows_members else len(target.addresses)
