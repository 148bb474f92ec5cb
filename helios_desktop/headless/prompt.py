"""Asking at the terminal, while a loop runs."""

import contextlib
import getpass
import signal
import sys
from collections.abc import Iterator
from typing import TextIO

from helios_desktop.headless.source import Prompt


def prompt_at(terminal_in: TextIO | None, terminal_out: TextIO | None) -> Prompt | None:
    """The way to ask a person for a secret; None where no terminal is there."""
    if terminal_in is None or terminal_out is None or not (terminal_in.isatty() and terminal_out.isatty()):
        return None
    return ask


def ask(question: str) -> str:
    """Ask without showing the answer. Raises KeyboardInterrupt on Ctrl-C, and EOFError at the end of the input.

    The loop stands still meanwhile: call it before anything runs there.
    """
    with _plain_interrupt():
        try:
            return getpass.getpass(question, sys.stderr)
        except (EOFError, KeyboardInterrupt):
            sys.stderr.write("\n")
            raise


@contextlib.contextmanager
def _plain_interrupt() -> Iterator[None]:
    # Under asyncio.run a Ctrl-C only cancels the task, which would wait until the answer came.
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
