"""Recording a cluster without a screen, for so long or until somebody ends it: for `record`, `export` and `report`."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from helios_desktop.event import Event
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.job import ProgressLine
from helios_desktop.headless.tally import Tally
from helios_desktop.headless.watch import Outcome, Watch
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.retention import Limits
from helios_desktop.journal.scribe import Opening, Run
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.version import program_version
from helios_desktop.words import _, ngettext

SHOW_EVERY_S: Final = 1.0
ALL_OF_IT: Final = Limits(age_s=float("inf"), size_bytes=2**62, free_bytes=0)
"""What somebody asked for is kept, until the disk is full."""
_MB: Final = 1_000_000


@dataclass(frozen=True)
class Cluster:
    """What is recorded, and the way to a monitor of it that gives all it sees to a recorder."""

    target: Target
    now_ns: Callable[[], int]
    make_monitor: Callable[[Recorder], Monitor]


@dataclass(frozen=True)
class Gathered:
    """How a recording ended.

    summary: what a run says at its end
    lost:    how many observations could not be kept
    problem: why nothing more could be written, "" where all is well
    set_aside: where the file went that was damaged meanwhile, with what it held until then; None where none was
    """

    outcome: Outcome
    summary: str
    lost: int
    problem: str
    set_aside: Path | None = None

    @property
    def is_whole(self) -> bool:
        """True where all that was seen is in the file."""
        return not self.lost and not self.problem and self.set_aside is None

    @property
    def lack(self) -> str:
        """What is not in the file, in a sentence or two; "" where it is whole."""
        sentences = []
        if self.lost or self.problem:
            sentence = ngettext(
                "{n} observation could not be kept ({reason}), and is missing there.",
                "{n} observations could not be kept ({reason}), and are missing there.",
                self.lost,
            )
            reason = self.problem or _("the disk did not serve for a while")
            sentences.append(sentence.format(n=self.lost, reason=reason))
        if self.set_aside is not None:
            sentences.append(_("The file was damaged meanwhile; what it held until then is missing there."))
        return " ".join(sentences)


async def gather(
    cluster: Cluster, path: Path, *, for_s: float | None, doing: str, connected: str, elsewhere: str, err: TextIO
) -> Gathered:
    """Record into `path`, which is made, until the time is over, a signal comes, or there is no first contact.

    doing:     what a terminal shows before the figures, like "recording"
    connected: the sentence to say when the cluster answers
    elsewhere: what to do where the file cannot be written

    What is recorded is on the disk a quarter of a second later, and is read even where this process is killed.
    Raises `CommandError` where the file cannot be made.
    """
    recorder = Recorder(path, run_of(cluster.target, cluster.now_ns()), limits=ALL_OF_IT)
    match await recorder.open():
        case Opening.BUSY:
            sentence = _("{path} is being written by another process. {elsewhere}")
            raise CommandError(ExitCode.FAILURE, sentence.format(path=path, elsewhere=elsewhere))
        case Opening.FAILED:
            problem = recorder.status.problem
            await recorder.close()
            sentence = _("{path} cannot be written: {reason}. {elsewhere}")
            raise CommandError(ExitCode.FAILURE, sentence.format(path=path, reason=problem, elsewhere=elsewhere))
        case Opening.RECORDING:
            pass
    monitor = cluster.make_monitor(recorder)
    figures = _Figures(recorder, doing, cluster.now_ns, err)

    def say_connected() -> None:
        figures.say(connected)

    watch, tally = Watch(monitor, say_connected), Tally(monitor)
    stop = [monitor.listen(figures.take), monitor.listen(tally.take)]
    showing = asyncio.create_task(figures.show_on(), name="figures")
    try:
        outcome = await watch.run(for_s)
    finally:
        showing.cancel()
        await asyncio.wait({showing})
        figures.line.clear()
        for stop_listening in stop:
            stop_listening()
        lost = await monitor.close_recording()
        _remove_lock(path)
    status = recorder.status
    return Gathered(outcome, tally.summary(), lost, status.problem, status.set_aside)


def run_of(target: Target, now_ns: int) -> Run:
    """What a recording keeps of whom it is of."""
    about = {
        "cluster": target.name,
        "environment": target.environment,
        "sources": "\n".join(str(address) for address in target.addresses),
    }
    return Run(now_ns, program_version(), FOLD_VERSION, about)


def _remove_lock(path: Path) -> None:
    """Only the file is asked for; the lock beside it was let go of."""
    with suppress(OSError):
        Path(f"{path}.lock").unlink(missing_ok=True)


class _Figures:
    """How much is recorded, once a second on a terminal, and a sentence when the disk fails or serves again."""

    def __init__(self, recorder: Recorder, doing: str, now_ns: Callable[[], int], err: TextIO) -> None:
        self.line = ProgressLine(err)
        self._recorder = recorder
        self._doing = doing
        self._now_ns = now_ns
        self._since_ns = now_ns()
        self._err = err
        self._observations = 0
        self._events = 0
        self._problem = ""

    def take(self, _observation: Observation, events: tuple[Event, ...]) -> None:
        """A listener of the monitor."""
        self._observations += 1
        self._events += len(events)

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self.line.clear()
        self._err.write(_("helios-desktop: {sentence}").format(sentence=sentence) + "\n")
        self._err.flush()

    async def show_on(self) -> None:
        """Until cancelled."""
        while True:
            self._show()
            await asyncio.sleep(SHOW_EVERY_S)

    def _show(self) -> None:
        status = self._recorder.status
        if status.problem != self._problem:
            self._problem = status.problem
            if status.problem:
                self.say(_("not recording: {reason}; trying again").format(reason=status.problem))
            else:
                self.say(_("recording again"))
        observations, events = self._observations, self._events
        parts = [
            _("{seconds:.0f} s").format(seconds=(self._now_ns() - self._since_ns) / 1e9),
            ngettext("{n} observation", "{n} observations", observations).format(n=observations),
            ngettext("{n} event", "{n} events", events).format(n=events),
            _("{size:.1f} MB").format(size=status.size_bytes / _MB),
        ]
        self.line.show(_("helios-desktop: {sentence}").format(sentence=f"{self._doing}: {', '.join(parts)}"))
