"""Asking at the terminal: only where there is one, and Ctrl-C works although a loop runs."""

import asyncio
import getpass
import io
import signal
from typing import TextIO

import pytest

from helios_desktop.headless.prompt import ask, prompt_at


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.mark.parametrize(
    ("given", "shown"),
    [(None, Terminal()), (Terminal(), None), (io.StringIO(), Terminal()), (Terminal(), io.StringIO())],
)
def test_nobody_is_asked_without_a_terminal(given: TextIO | None, shown: TextIO | None) -> None:
    assert prompt_at(given, shown) is None


def test_with_a_terminal_the_answer_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda question, stream: f"answer to {question}")
    prompt = prompt_at(Terminal(), Terminal())
    assert prompt is not None
    assert prompt("Password: ") == "answer to Password: "


def test_ctrl_c_at_the_prompt_ends_the_program_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press_ctrl_c(_question: str, _stream: TextIO) -> str:
        signal.raise_signal(signal.SIGINT)
        return "never"

    async def main() -> str:
        return ask("Password: ")

    monkeypatch.setattr(getpass, "getpass", press_ctrl_c)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err == "\n"
