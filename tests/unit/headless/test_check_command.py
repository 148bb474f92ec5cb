"""`check` on a script of results: its lines, its exit codes, its end."""

import asyncio
import errno
import io
import json
import os
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import pytest

from helios_desktop.client.address import Address, parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.headless import check as command
from helios_desktop.headless.arguments import parse
from helios_desktop.headless.exit_codes import ExitCode
from helios_desktop.headless.options import CheckOptions, Command
from helios_desktop.monitor.check import Outcome, Result, Step, step_name
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause

ONE, TWO = "127.0.0.1:8443", "127.0.0.1:8444"
START_NS = 1_705_314_600_123_456_789


class Screen(io.StringIO):
    """A stream that a test can look into, and that can break."""

    def __init__(self, encoding: str = "utf-8", *, breaks_with: int | None = None) -> None:
        super().__init__()
        self._encoding = encoding
        self._breaks_with = breaks_with

    @property
    def encoding(self) -> str:  # type: ignore[override]  # that of the stream it stands for
        """What it can show."""
        return self._encoding

    def write(self, text: str) -> int:
        """Take it, or break."""
        if self._breaks_with is not None:
            raise OSError(self._breaks_with, os.strerror(self._breaks_with))
        return super().write(text)

    def fileno(self) -> int:
        """There is none."""
        raise OSError("no descriptor")


class Script:
    """Stands in for the check: gives results by gateway, then may wait, and notes which one was closed."""

    def __init__(self, results: Mapping[str, Sequence[Result]], *, waits: bool = False) -> None:
        self._results = results
        self._waits = waits
        self.is_waiting = asyncio.Event()
        self.watched_s: list[float] = []
        self.closed: list[str] = []

    async def __call__(
        self, _target: Target, address: Address, *, now_ns: Callable[[], int], watch_s: float
    ) -> AsyncGenerator[Result, None]:
        """Try one gateway."""
        assert now_ns() == START_NS
        self.watched_s.append(watch_s)
        try:
            for result in self._results[address.host_and_port]:
                yield result
            if self._waits:
                self.is_waiting.set()
                await asyncio.Event().wait()
        finally:
            self.closed.append(address.host_and_port)


Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on a script, for the gateways that it has."""

    async def running(
        script: Script, gateways: Sequence[str], out: Screen, err: Screen, *, as_json: bool = False
    ) -> int:
        monkeypatch.setattr(command, "check", script)
        target = Target("Test", tuple(map(parse_address, gateways)), Credentials("ops", "hunter2"))
        return await command.check_all(target, now_ns=lambda: START_NS, watch_s=2.5, as_json=as_json, out=out, err=err)

    return running


def well(step: Step, gateway: str = ONE) -> Result:
    return Result(gateway, step, Outcome.OK, 0.0123, f"The step {step.value} is well.")


def failing(step: Step, cause: Cause, gateway: str = ONE) -> Result:
    return Result(gateway, step, Outcome.FAILED, 1.5, "It failed.", "Mend it.", cause)


async def test_each_step_is_an_aligned_line_and_its_advice_stands_below(run: Run) -> None:
    out, err = Screen(), Screen()
    results = [
        well(Step.ADDRESS),
        Result(ONE, Step.TLS, Outcome.SKIPPED, 0.0, "Nothing is encrypted."),
        Result(ONE, Step.CLOCK, Outcome.NOTE, 0.5, "It is \x1b[31mlate.", "Set it."),
        failing(Step.STATUS, Cause.NO_STATUS),
    ]
    assert await run(Script({ONE: results}), [ONE], out, err) == ExitCode.NO_STATUS
    assert out.getvalue().splitlines() == [
        "127.0.0.1:8443",
        "✓ Address           12 ms  The step address is well.",
        "– TLS                      Nothing is encrypted.",
        "! Clock            500 ms  It is  [31mlate.",
        "                           Set it.",
        "✗ First status    1500 ms  It failed.",
        "                           Mend it.",
    ]
    assert err.getvalue() == ""


async def test_a_terminal_without_the_marks_gets_others(run: Run) -> None:
    out = Screen("ascii")
    results = [
        well(Step.ADDRESS),
        Result(ONE, Step.TLS, Outcome.SKIPPED, 0.0, "No."),
        failing(Step.HTTP, Cause.TIMEOUT),
    ]
    await run(Script({ONE: results}), [ONE], out, Screen())
    assert [line[0] for line in out.getvalue().splitlines()[1:4]] == ["+", "-", "x"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_json_is_an_object_a_step(run: Run, encoding: str) -> None:
    out = Screen(encoding)
    odd = Result(TWO, Step.KINDS, Outcome.NOTE, 0.25, "Nothing came — ever.")
    script = Script({ONE: [failing(Step.SOCKET, Cause.SOCKET_BLOCKED)], TWO: [odd]})
    assert await run(script, [ONE, TWO], out, Screen(), as_json=True) == ExitCode.CANNOT_CONNECT
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {
            "type": "check",
            "gateway": ONE,
            "step": "socket",
            "outcome": "failed",
            "took_s": 1.5,
            "text": "It failed.",
            "advice": "Mend it.",
            "cause": "socket_blocked",
        },
        {
            "type": "check",
            "gateway": TWO,
            "step": "kinds",
            "outcome": "note",
            "took_s": 0.25,
            "text": "Nothing came — ever.",
            "advice": "",
            "cause": "",
        },
    ]


async def test_every_gateway_is_checked_and_the_first_failure_counts(run: Run) -> None:
    out = Screen()
    script = Script(
        {
            ONE: [well(Step.ADDRESS), failing(Step.ADMIN, Cause.NOT_ADMIN)],
            TWO: [failing(Step.ADDRESS, Cause.REFUSED, TWO)],
        }
    )
    assert await run(script, [ONE, TWO], out, Screen()) == ExitCode.NOT_ADMIN
    assert [line for line in out.getvalue().splitlines() if line in {ONE, TWO}] == [ONE, TWO]
    assert script.watched_s == [2.5, 2.5]
    assert script.closed == [ONE, TWO]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (well(Step.LIMIT), ExitCode.WELL),
        (Result(ONE, Step.CLOCK, Outcome.NOTE, 0.0, "It is late."), ExitCode.WELL),
        (failing(Step.LOGIN, Cause.PLAIN_TEXT), ExitCode.USAGE),
        (failing(Step.TLS, Cause.TLS), ExitCode.CANNOT_CONNECT),
        (failing(Step.CREDENTIALS, Cause.BAD_CREDENTIALS), ExitCode.CREDENTIALS_REFUSED),
        (failing(Step.SOCKET, Cause.NOT_ADMIN), ExitCode.NOT_ADMIN),
        (failing(Step.STATUS, Cause.HUB_NOT_RUNNING), ExitCode.NO_STATUS),
        (failing(Step.STATUS, Cause.SERVER_CLOSED), ExitCode.NO_STATUS),
    ],
)
async def test_the_exit_code_tells_what_failed(run: Run, result: Result, code: ExitCode) -> None:
    assert await run(Script({ONE: [result]}), [ONE], Screen(), Screen()) == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_ends_the_check_and_closes_it(run: Run, number: signal.Signals, code: int) -> None:
    out, script = Screen(), Script({ONE: [well(Step.ADDRESS)], TWO: []}, waits=True)
    running = asyncio.create_task(run(script, [ONE, TWO], out, Screen()))
    await script.is_waiting.wait()
    os.kill(os.getpid(), number)
    assert await running == code
    assert script.closed == [ONE]
    assert "The step address is well." in out.getvalue()


async def test_an_output_that_breaks_ends_the_check(run: Run) -> None:
    script, err = Script({ONE: [well(Step.ADDRESS)]}, waits=True), Screen()
    assert await run(script, [ONE], Screen(breaks_with=errno.ENOSPC), err) == ExitCode.FAILURE
    assert "cannot be written" in err.getvalue()
    assert script.closed == [ONE]


def test_every_step_has_a_name_of_its_own() -> None:
    assert len({step_name(step) for step in Step}) == len(Step)


def test_check_has_its_options() -> None:
    options = parse(["check", "prod-eu", "--watch", "2.5", "--json"])
    assert options.command is Command.CHECK
    assert options.source.name == "prod-eu"
    assert options.check == CheckOptions(2.5, as_json=True)
    assert parse(["check", "--demo"]).check == CheckOptions(6.0, as_json=False)


@pytest.mark.parametrize(
    "arguments", [[], ["gw:1", "--watch", "0"], ["gw:1", "--watch", "soon"], ["gw:1", "--for", "3"]]
)
def test_check_refuses_what_it_cannot_follow(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["check", *arguments])
    assert ended.value.code == 2
    assert "helios-desktop check: error:" in capsys.readouterr().err
