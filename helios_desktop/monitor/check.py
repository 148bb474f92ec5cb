"""Whether one gateway can be watched, step by step, and if not, where it fails and what to do next."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Final

from msgspec import Struct

from helios_desktop.client.address import Address
from helios_desktop.client.tokens import NS
from helios_desktop.monitor.finding import Finding, Outcome
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause
from helios_desktop.words import _

__all__ = ["Outcome", "Result", "Step", "check", "step_name"]

WATCH_S: Final = 6.0
"""A little more than the real gateway takes from one status to the next."""
STATUS_WITHIN_S: Final = 12.0
"""Two of a gateway's status periods, and two seconds for the network."""


class Step(StrEnum):
    """What is tried, in this order."""

    ADDRESS = "address"
    TLS = "tls"
    HTTP = "http"
    LOGIN = "login"
    CREDENTIALS = "credentials"
    ADMIN = "admin"
    SOCKET = "socket"
    STATUS = "status"
    DIALECT = "dialect"
    CLOCK = "clock"
    KINDS = "kinds"
    LIMIT = "limit"


_NAMES: Final = {
    Step.ADDRESS: _("Address"),
    Step.TLS: _("TLS"),
    Step.HTTP: _("HTTP"),
    Step.LOGIN: _("Login path"),
    Step.CREDENTIALS: _("Credentials"),
    Step.ADMIN: _("Administrator"),
    Step.SOCKET: _("WebSocket"),
    Step.STATUS: _("First status"),
    Step.DIALECT: _("Dialect"),
    Step.CLOCK: _("Clock"),
    Step.KINDS: _("Message kinds"),
    Step.LIMIT: _("Rate limit"),
}
_NEEDS: Final = {
    Step.TLS: Step.ADDRESS,
    Step.HTTP: Step.TLS,
    Step.LOGIN: Step.HTTP,
    Step.CREDENTIALS: Step.LOGIN,
    Step.ADMIN: Step.CREDENTIALS,
    Step.SOCKET: Step.ADMIN,
    Step.STATUS: Step.SOCKET,
    Step.CLOCK: Step.SOCKET,
    Step.KINDS: Step.SOCKET,
}
"""What must not have failed. The dialect shows in a status by REST too, and the limit at any call."""


class Result(Struct, frozen=True):
    """What one step found at one gateway.

    gateway: its host:port
    took_s:  how long the step took, 0 where it was skipped
    text:    a whole sentence: what was found
    advice:  the next step, "" where there is none
    cause:   why it failed, or what is worth knowing; NONE where all is well
    """

    gateway: str
    step: Step
    outcome: Outcome
    took_s: float
    text: str
    advice: str = ""
    cause: Cause = Cause.NONE


def step_name(step: Step) -> str:
    """Put a step into the user's words."""
    return _NAMES[step]


async def check(
    target: Target,
    address: Address,
    *,
    now_ns: Callable[[], int],
    watch_s: float = WATCH_S,
    status_within_s: float = STATUS_WITHIN_S,
) -> AsyncGenerator[Result, None]:
    """Try one gateway of `target`, a result a step, in their order, each as soon as it is known.

    After a failure the steps that need it are skipped, and say why. One socket is opened at most, and never closed
    before its first message or half a second. Raises nothing for what gateway or network do. `now_ns` is the wall
    clock and never goes back. Who does not take all results closes the iterator (`contextlib.aclosing`); that, or
    being cancelled, closes the socket properly, which takes three seconds at most.
    """
    # aiohttp takes a fifth of a second to load: a dialog that can check is painted before.
    from helios_desktop.client.gateway import Gateway  # noqa: PLC0415 - see above
    from helios_desktop.monitor.checks.calls import Calls  # noqa: PLC0415 - see above
    from helios_desktop.monitor.checks.heard import Heard  # noqa: PLC0415 - see above
    from helios_desktop.monitor.checks.listening import Listening  # noqa: PLC0415 - see above
    from helios_desktop.monitor.checks.network import try_address, try_tls  # noqa: PLC0415 - see above

    blocked: dict[Step, Step] = {}
    async with AsyncExitStack() as at_end:
        gateway = Gateway(address, target.credentials, node=None, tls=target.tls)
        at_end.push_async_callback(gateway.close)
        listening = Listening(gateway, now_ns)
        at_end.push_async_callback(listening.close)
        calls = Calls(target, address, gateway, now_ns)
        heard = Heard(calls, listening, watch_s=watch_s, status_s=status_within_s)
        attempts: tuple[tuple[Step, Callable[[], Awaitable[Finding]]], ...] = (
            (Step.ADDRESS, lambda: try_address(address)),
            (Step.TLS, lambda: try_tls(address, target.tls, now_ns())),
            (Step.HTTP, calls.try_http),
            (Step.LOGIN, calls.try_login),
            (Step.CREDENTIALS, calls.try_credentials),
            (Step.ADMIN, calls.try_admin),
            (Step.SOCKET, heard.try_socket),
            (Step.STATUS, heard.try_status),
            (Step.DIALECT, heard.try_dialect),
            (Step.CLOCK, heard.try_clock),
            (Step.KINDS, heard.try_kinds),
            (Step.LIMIT, calls.try_limit),
        )
        for step, attempt in attempts:
            failed_step = blocked.get(_NEEDS.get(step, step))
            if failed_step is not None:
                blocked[step] = failed_step
                why = _("Not tried, since the step “{step}” failed.").format(step=step_name(failed_step))
                yield Result(address.host_and_port, step, Outcome.SKIPPED, 0.0, why)
                continue
            started_ns = now_ns()
            found = await attempt()
            took_s = 0.0 if found.outcome is Outcome.SKIPPED else (now_ns() - started_ns) / NS
            if found.outcome is Outcome.FAILED:
                blocked[step] = step
            yield Result(address.host_and_port, step, found.outcome, took_s, found.text, found.advice, found.cause)
