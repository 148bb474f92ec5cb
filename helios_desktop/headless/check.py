"""`helios-desktop check`: whether a cluster can be watched, a line a step, gateway after gateway."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Final, TextIO

from helios_desktop.export.lines import json_line
from helios_desktop.headless.contact import printable
from helios_desktop.headless.exit_codes import ExitCode, code_of
from helios_desktop.headless.output import Output
from helios_desktop.headless.signals import caught_signals
from helios_desktop.headless.watch import Ending, ended_by
from helios_desktop.headless.watch import Outcome as End
from helios_desktop.monitor.check import Outcome, Result, Step, check, step_name
from helios_desktop.monitor.target import Target
from helios_desktop.words import _

CLOSING_S: Final = 4.0
_MARKS: Final = {Outcome.OK: "✓", Outcome.FAILED: "✗", Outcome.SKIPPED: "–", Outcome.NOTE: "!"}
_ASCII_MARKS: Final = {Outcome.OK: "+", Outcome.FAILED: "x", Outcome.SKIPPED: "-", Outcome.NOTE: "!"}
_UTF_8: Final = frozenset({"utf-8", "utf8"})
_NAME_WIDTH: Final = max(len(step_name(step)) for step in Step)
_TOOK_WIDTH: Final = len("15000 ms")


async def check_all(
    target: Target,
    *,
    now_ns: Callable[[], int],
    watch_s: float,
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Check every gateway of `target`, one after the other, and write a line a step to `out`. Gives the exit code.

    It is that of the first step that failed. Ctrl-C ends the check, and the socket properly.
    """
    is_over = asyncio.Event()
    endings: list[End] = []

    def end(outcome: End) -> None:
        endings.append(outcome)
        is_over.set()

    output = Output(out, end)
    checking = asyncio.create_task(
        _check(target, now_ns, watch_s, output, as_json=as_json, is_utf_8=(out.encoding or "utf-8").lower() in _UTF_8),
        name="check",
    )
    checking.add_done_callback(lambda _checking: is_over.set())
    with caught_signals(lambda number: end(ended_by(number))):
        await is_over.wait()
        checking.cancel()
        await asyncio.wait({checking}, timeout=CLOSING_S)
    output.flush()
    if not endings:
        return checking.result()
    outcome = endings[0]
    if outcome.ending is Ending.INTERRUPTED and err.isatty():
        err.write("\n")  # behind the ^C that the terminal shows
    if outcome.error is not None:
        err.write(_("helios-desktop: {sentence}").format(sentence=outcome.error) + "\n")
    err.flush()
    return outcome.code


async def _check(
    target: Target, now_ns: Callable[[], int], watch_s: float, output: Output, *, as_json: bool, is_utf_8: bool
) -> ExitCode:
    code = ExitCode.WELL
    for address in target.addresses:
        if not as_json:
            output.write(printable(address.host_and_port))
        async with aclosing(check(target, address, now_ns=now_ns, watch_s=watch_s)) as results:
            async for result in results:
                if as_json:
                    output.write(_json_line(result, is_ascii=not is_utf_8))
                else:
                    output.write(_lines(result, _MARKS if is_utf_8 else _ASCII_MARKS))
                if result.outcome is Outcome.FAILED and code is ExitCode.WELL:
                    # Whatever the cause, there was a connection when a status was waited for.
                    code = ExitCode.NO_STATUS if result.step is Step.STATUS else code_of(result.cause)
    return code


def _json_line(result: Result, *, is_ascii: bool) -> str:
    record = {
        "type": "check",
        "gateway": result.gateway,
        "step": result.step,
        "outcome": result.outcome,
        "took_s": round(result.took_s, 6),
        "text": result.text,
        "advice": result.advice,
        "cause": result.cause,
    }
    return json_line(record, is_ascii=is_ascii).rstrip("\n")


def _lines(result: Result, marks: Mapping[Outcome, str]) -> str:
    """A line with what was found, and one below its text with what to do next."""
    name = step_name(result.step).ljust(_NAME_WIDTH)
    took = "" if result.outcome is Outcome.SKIPPED else _("{took:.0f} ms").format(took=result.took_s * 1000)
    head = f"{marks[result.outcome]} {name}  {took.rjust(_TOOK_WIDTH)}  "
    line = head + printable(result.text)
    return f"{line}\n{' ' * len(head)}{printable(result.advice)}" if result.advice else line
