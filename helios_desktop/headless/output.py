"""Lines to a terminal, a file or a pipe that may close at any time."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import TextIO

from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.watch import Ending, Outcome
from helios_desktop.words import _


class Output:
    """Writes lines once in each turn of the loop, whoever many came.

    After the first failure nothing is written any more, and `on_end` is called: a closed pipe is no error, a full
    disk is one.
    """

    def __init__(self, stream: TextIO, on_end: Callable[[Outcome], None]) -> None:
        self._stream = stream
        self._on_end = on_end
        self._lines: list[str] = []
        self._is_closed = False
        self._encoding = stream.encoding or "utf-8"

    def write(self, line: str) -> None:
        """Put out one line, given without its end, soon."""
        if self._is_closed:
            return
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Put out now what is waiting."""
        if self._is_closed or not self._lines:
            return
        text = "\n".join(self._lines) + "\n"
        self._lines.clear()
        try:
            self._stream.write(self._writable(text))
            self._stream.flush()
        except BrokenPipeError:
            self._close(Outcome(Ending.NO_READER))
        except OSError as error:
            sentence = _("The output cannot be written: {reason}. Choose another place for it.")
            failure = CommandError(ExitCode.FAILURE, sentence.format(reason=error.strerror))
            self._close(Outcome(Ending.NO_READER, failure))

    def _writable(self, text: str) -> str:
        # A terminal of another encoding shows a mark for what it has no sign for.
        return text.encode(self._encoding, "replace").decode(self._encoding)

    def _close(self, outcome: Outcome) -> None:
        self._is_closed = True
        # The interpreter flushes once more when it ends, and must not fail there.
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        self._on_end(outcome)
