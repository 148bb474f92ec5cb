"""`tail` on a scripted monitor: lines, filters, ends."""

import asyncio
import errno
import io
import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from helios_desktop.headless import watch
from helios_desktop.headless.contact import STATUS_WITHIN_S
from helios_desktop.headless.exit_codes import ExitCode
from helios_desktop.headless.tail import tail
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Cause, Phase, tick
from helios_desktop.protocol.subscription import Topic

Make = Callable[..., Any]
PONG = '{"type":"pong","timestamp":"2024-01-15T10:30:01Z"}\n'


class Screen(io.StringIO):
    """A stream that a test can look into, and that can break."""

    encoding = "utf-8"

    def __init__(self, breaks_with: int | None = None) -> None:
        super().__init__()
        self._breaks_with = breaks_with

    def write(self, text: str) -> int:
        """Take it, or break."""
        if self._breaks_with is not None:
            raise OSError(self._breaks_with, os.strerror(self._breaks_with))
        return super().write(text)

    def fileno(self) -> int:
        """There is none."""
        raise OSError("no descriptor")


async def run(
    monitor: Monitor,
    out: Screen,
    err: Screen,
    *,
    as_json: bool = False,
    is_raw: bool = False,
    only: frozenset[str] | None = None,
    for_s: float | None = 0.3,
) -> int:
    return await tail(monitor, as_json=as_json, is_raw=is_raw, only=only, for_s=for_s, out=out, err=err, colour=False)


@pytest.fixture
def out() -> Screen:
    return Screen()


@pytest.fixture
def err() -> Screen:
    return Screen()


async def test_every_event_is_a_line(scripted: Make, phase: Make, status: str, out: Screen, err: Screen) -> None:
    code = await run(scripted(phase(Phase.LIVE), status, PONG, "nonsense"), out, err)
    assert code == ExitCode.WELL
    lines = out.getvalue().splitlines()
    assert [kind in line for line, kind in zip(lines, ("  connection  ", "  status  "), strict=False)] == [True, True]
    assert sum("  pong  " in line for line in lines) == 1
    assert "nonsense" in out.getvalue()
    assert "3 messages" in err.getvalue()
    assert "1 malformed" in err.getvalue()
    assert "node1 leads in term 5" in err.getvalue()


async def test_json_is_an_object_a_line(scripted: Make, phase: Make, status: str, out: Screen, err: Screen) -> None:
    await run(scripted(phase(Phase.LIVE), status), out, err, as_json=True)
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [record["type"] for record in records][:2] == ["connection", "status"]
    assert all(
        {"type", "timestamp", "received_at", "observer", "summary", "data"} <= record.keys() for record in records
    )
    assert any(record.get("derived") for record in records)


async def test_raw_shows_frames_as_they_came(
    scripted: Make, phase: Make, status: str, out: Screen, err: Screen
) -> None:
    await run(scripted(phase(Phase.LIVE), status, PONG), out, err, is_raw=True)
    assert out.getvalue() == status + "\n" + PONG


@pytest.mark.parametrize("is_raw", [True, False])
async def test_only_the_types_that_are_asked_for_are_shown(
    scripted: Make, phase: Make, status: str, out: Screen, err: Screen, is_raw: bool
) -> None:
    await run(scripted(phase(Phase.LIVE), status, PONG), out, err, is_raw=is_raw, only=frozenset({"pong"}))
    assert out.getvalue().count("\n") == 1
    assert "pong" in out.getvalue()
    assert err.getvalue().splitlines()[1:] == ["  gw:8080 (node1): 2 messages, 0 pushed, 0 derived"]


async def test_a_type_that_nobody_knows_is_asked_back(
    scripted: Make, phase: Make, status: str, out: Screen, err: Screen
) -> None:
    await run(scripted(phase(Phase.LIVE), status), out, err, only=frozenset({"statechange"}))
    assert "did you mean state_change?" in err.getvalue()


@pytest.mark.parametrize(
    ("entered", "cause", "code"),
    [
        (Phase.BACKOFF, Cause.REFUSED, ExitCode.CANNOT_CONNECT),
        (Phase.REJECTED, Cause.BAD_CREDENTIALS, ExitCode.CREDENTIALS_REFUSED),
        (Phase.REJECTED, Cause.NOT_ADMIN, ExitCode.NOT_ADMIN),
    ],
)
async def test_a_first_connection_that_fails_ends_at_once(
    scripted: Make, phase: Make, out: Screen, err: Screen, entered: Phase, cause: Cause, code: ExitCode
) -> None:
    assert await run(scripted(phase(entered, cause, "said so")), out, err, for_s=None) == code
    (sentence,) = err.getvalue().splitlines()
    assert sentence.startswith("helios-desktop: gw:8080: ")
    assert "said so" in sentence


async def test_a_gateway_that_fails_at_first_ends_nothing_while_another_may_answer(
    scripted: Make, phase: Make, status: str, out: Screen, err: Screen
) -> None:
    refused = phase(Phase.REJECTED, Cause.NOT_ADMIN, observer="other:1")
    monitor = scripted(refused, phase(Phase.LIVE), status, gateways="gw:8080,other:1")
    assert await run(monitor, out, err) == ExitCode.WELL
    assert "connection_refused" in out.getvalue()


async def test_gateways_that_all_fail_are_told_a_line_each(
    scripted: Make, phase: Make, out: Screen, err: Screen
) -> None:
    refused = phase(Phase.REJECTED, Cause.NOT_ADMIN, observer="other:1")
    monitor = scripted(phase(Phase.BACKOFF, Cause.REFUSED), refused, gateways="gw:8080,other:1")
    assert await run(monitor, out, err, for_s=None) == ExitCode.NOT_ADMIN
    assert [line.partition(": ")[0].strip() for line in err.getvalue().splitlines()] == [
        "helios-desktop",
        "gw:8080",
        "other:1",
    ]


async def test_silence_after_the_socket_opened_ends_with_its_own_code(
    scripted: Make, phase: Make, out: Screen, err: Screen
) -> None:
    opened = phase(Phase.SYNCING)
    later = tick(opened.received_ns + round(STATUS_WITHIN_S * 1e9))
    assert await run(scripted(opened, PONG, later), out, err, for_s=None) == ExitCode.NO_STATUS
    assert "no valid status came" in err.getvalue()


async def test_a_time_that_is_over_before_any_status_is_a_failure(
    scripted: Make, phase: Make, out: Screen, err: Screen
) -> None:
    assert await run(scripted(phase(Phase.CONNECTING)), out, err, for_s=0.01) == ExitCode.CANNOT_CONNECT


async def test_a_profile_without_statuses_needs_none(scripted: Make, phase: Make, out: Screen, err: Screen) -> None:
    monitor = scripted(phase(Phase.LIVE), PONG, topics=frozenset({Topic.LATENCY}))
    assert await run(monitor, out, err) == ExitCode.WELL


async def test_a_later_loss_is_a_line_and_a_later_refusal_is_tried_again(
    scripted: Make, phase: Make, status: str, out: Screen, err: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "ASK_AGAIN_S", 0.001)
    lost, refused = phase(Phase.BACKOFF, Cause.SERVER_CLOSED), phase(Phase.REJECTED, Cause.NOT_ADMIN)
    monitor = scripted(phase(Phase.LIVE), status, lost, refused, PONG)
    assert await run(monitor, out, err) == ExitCode.WELL
    assert "connection_lost" in out.getvalue()
    assert "connection_refused" in out.getvalue()
    assert monitor.reconnects >= 1
    assert "1 connection lost" in err.getvalue()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
async def test_a_signal_ends_at_once_with_a_summary(
    scripted: Make, phase: Make, status: str, out: Screen, err: Screen, number: signal.Signals, code: ExitCode
) -> None:
    before = signal.getsignal(number)
    monitor = scripted(phase(Phase.LIVE), status)
    running = asyncio.create_task(run(monitor, out, err, for_s=None))
    await monitor.has_played.wait()
    signal.raise_signal(number)
    assert await running == code
    assert "1 message" in err.getvalue()
    assert signal.getsignal(number) is before


async def test_a_closed_pipe_is_no_error(scripted: Make, phase: Make, status: str, err: Screen) -> None:
    assert await run(scripted(phase(Phase.LIVE), status), Screen(errno.EPIPE), err, for_s=None) == ExitCode.WELL
    assert err.getvalue() == ""


async def test_a_full_disk_behind_the_output_is_one(scripted: Make, phase: Make, status: str, err: Screen) -> None:
    assert await run(scripted(phase(Phase.LIVE), status), Screen(errno.ENOSPC), err, for_s=None) == ExitCode.FAILURE
    assert os.strerror(errno.ENOSPC) in err.getvalue()


async def test_an_output_without_unicode_still_gets_every_line(
    scripted: Make, phase: Make, status: str, err: Screen
) -> None:
    class Ascii(Screen):
        encoding = "ascii"

    for as_json in (True, False):
        out = Ascii()
        await run(
            scripted(phase(Phase.LIVE), status, '{"type":"error","data":{"error":"→"}}'), out, err, as_json=as_json
        )
        assert out.getvalue().isascii()
        if as_json:
            errors = [json.loads(line)["data"] for line in out.getvalue().splitlines() if '"error"' in line]
            assert {"error": "→"} in errors


async def test_a_failure_of_the_monitor_itself_is_not_swallowed(
    scripted: Make, phase: Make, out: Screen, err: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = scripted(phase(Phase.LIVE))

    async def fail() -> None:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(monitor, "run", fail)
    with pytest.raises(LookupError):
        await run(monitor, out, err, for_s=None)
