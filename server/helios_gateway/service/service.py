"""The gateway as a service: signals, reload, drain, and what the service manager is told."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from helios_gateway import logs
from helios_gateway.access import Rules
from helios_gateway.accounts.account_database import AccountFileError
from helios_gateway.configuration.config import CHANGEABLE, Config, KeyPath
from helios_gateway.configuration.config_keys import changed, value_of
from helios_gateway.configuration.config_reading import ConfigError
from helios_gateway.gateway import Gateway
from helios_gateway.service.certificates import CertificateError, Certificates
from helios_gateway.service.sd_notify import Notifier

_PINGS_A_DEADLINE: Final = 2
"""As sd_watchdog_enabled(3) recommends."""
_log = logging.getLogger(__name__)


def rules_of(config: Config) -> Rules:
    """Who may ask. An address that is listened on is one that it may be addressed by."""
    server = config.server
    return Rules(
        allowed_origins=server.allowed_origins,
        allowed_hosts=(*server.allowed_hosts, server.host),
        is_proxied=server.behind_proxy,
        readonly_may_watch=config.access.readonly_may_watch,
    )


class Service:
    """Keeps one gateway going until it is told to stop.

    SIGTERM and SIGINT let its clients leave and end it, a second one ends it at once; SIGHUP reads the configuration
    and the certificate again. `reread` gives the checked configuration as it is then, or raises `ConfigError`.
    """

    def __init__(
        self,
        gateway: Gateway,
        config: Config,
        *,
        reread: Callable[[], Config],
        certificates: Certificates | None,
        notifier: Notifier,
    ) -> None:
        self._gateway = gateway
        self._config = config
        self._reread = reread
        self._certificates = certificates
        self._notifier = notifier
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self, announce: Callable[[], None]) -> bool:
        """Serve; `announce` is called once the ports are open. False where a part of it failed. Raises `PortError`."""
        with self._signals():
            async with self._gateway.serving():
                announce()
                self._notifier.tell(READY=1, STATUS="serving")
                works = [self._stop.wait(), self._gateway.failed.wait(), *self._background()]
                tasks = [asyncio.create_task(work) for work in works]
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                self._notifier.tell(STOPPING=1, STATUS="letting clients leave")
                is_well = not self._gateway.failed.is_set() and not any(map(_has_failed, done))
                if is_well:
                    await self._drain()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return is_well

    def stop(self) -> None:
        """Let the clients leave, and end; called again, end at once."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    def reload(self) -> None:
        """Read the configuration and the certificate again. What is wrong with them is logged, and changes nothing."""
        self._notifier.tell(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
        try:
            self._follow(self._reread())
        except (ConfigError, CertificateError, AccountFileError) as error:
            _log.error("the configuration stays as it was: %s", error)
        self._notifier.tell(READY=1)

    def _follow(self, told: Config) -> None:
        differing = changed(self._config, told)
        later = [path for path in differing if path not in CHANGEABLE]
        if self._certificates is None or not told.tls.certificate:
            later += [path for path in differing if path[0] == "tls"]
        else:
            # First, since it alone can fail.
            self._certificates.reload(Path(told.tls.certificate), Path(told.tls.key))
        had_watchers = self._config.access.readonly_may_watch
        for path in differing:
            if path not in later:
                self._config = _with(self._config, path, value_of(told, path))
        self._gateway.sites.rules = rules_of(self._config)
        if had_watchers and not self._config.access.readonly_may_watch:
            # Who may watch is asked when a socket opens; those that are open would go on for good.
            self._gateway.end_watchers()
        logs.configure(self._config.log.level, self._config.log.format)
        _log.info("the configuration was read again")
        if later:
            names = ", ".join(f"{section}.{name}" for section, name in later)
            _log.warning("start the gateway anew for what cannot change while it is served: %s", names)

    def _background(self) -> Iterator[Coroutine[Any, Any, Any]]:
        if self._certificates is not None:
            yield self._certificates.watch()
        if self._notifier.watchdog_s is not None:
            yield self._reassure(self._notifier.watchdog_s / _PINGS_A_DEADLINE)

    async def _reassure(self, period_s: float) -> None:
        """Tell the watchdog, as long as the loop and the cluster go on."""
        while True:
            if self._gateway.health.is_going_on():
                self._notifier.tell(WATCHDOG=1)
            await asyncio.sleep(period_s)

    async def _drain(self) -> None:
        drained = asyncio.create_task(self._gateway.drain(self._config.server.drain_s))
        hurried = asyncio.create_task(self._hurry.wait())
        await asyncio.wait((drained, hurried), return_when=asyncio.FIRST_COMPLETED)
        for task in (drained, hurried):
            task.cancel()
        await asyncio.gather(drained, hurried, return_exceptions=True)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        if sys.platform == "win32":
            # It has no handlers; Ctrl-C raises KeyboardInterrupt there.
            yield
            return
        handlers = {signal.SIGINT: self.stop, signal.SIGTERM: self.stop, signal.SIGHUP: self.reload}
        for number, act in handlers.items():
            loop.add_signal_handler(number, act)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)


def _has_failed(task: "asyncio.Task[Any]") -> bool:
    error = task.exception()
    if error is not None:
        _log.critical("a part of the service failed, the gateway ends", exc_info=error)
    return error is not None


def _with(config: Config, path: KeyPath, value: Any) -> Config:
    section, name = path
    return msgspec.structs.replace(
        config, **{section: msgspec.structs.replace(getattr(config, section), **{name: value})}
    )
