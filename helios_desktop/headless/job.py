"""One long piece of work of a command: progress on a terminal, and an end by Ctrl-C or SIGTERM that leaves no trace."""

from collections.abc import Callable
from typing import Final, TextIO, TypeVar

from helios_desktop.export.background import IsCancelled, Progress, in_background
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.signals import caught_signals
from helios_desktop.headless.watch import Outcome, ended_by
from helios_desktop.words import _

T = TypeVar("T")
_CLEAR: Final = "\r\x1b[K"


class ProgressLine:
    """The last line of a terminal, written again and again; nothing where `stream` is none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Write it in the place of what was shown."""
        if self._is_terminal and text != self._shown:
            self._shown = text
            self._stream.write(_CLEAR + text)
            self._stream.flush()

    def clear(self) -> None:
        """Take it away, so that the next line stands alone."""
        if self._shown:
            self._shown = ""
            self._stream.write(_CLEAR)
            self._stream.flush()


async def run_job(
    work: Callable[[Progress, IsCancelled], T], doing: str, *, failures: tuple[type[Exception], ...], err: TextIO
) -> T:
    """Do `work` in a thread, as `in_background` says, and give what it gives.

    doing:    what the terminal shows before the per cent, like "writing"
    failures: what `work` raises with a sentence, also where it is cancelled

    Raises `CommandError` with that sentence, and the code of the signal where one ended it.
    """
    ending: list[Outcome] = []
    line = ProgressLine(err)

    def show(done: float) -> None:
        line.show(_("helios-desktop: {doing} {percent} %").format(doing=doing, percent=int(done * 100)))

    try:
        with caught_signals(lambda number: ending.append(ended_by(number))):
            return await in_background(work, progress=show, is_cancelled=lambda: bool(ending))
    except failures as error:
        if ending:
            raise CommandError(ending[0].code, _("Ended before it was done; no file was written.")) from None
        raise CommandError(ExitCode.FAILURE, str(error)) from None
    finally:
        line.clear()
