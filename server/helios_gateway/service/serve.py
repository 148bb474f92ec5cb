"""What `helios-gateway` does once its configuration is read."""

import asyncio
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from helios_gateway import logs
from helios_gateway.accounts.account_database import default_path
from helios_gateway.accounts.account_file import AccountFile, DemoUntilFirst
from helios_gateway.accounts.auth import Lives
from helios_gateway.admission.address import is_loopback
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.configuration.config import Config
from helios_gateway.configuration.config_checks import check, check_exposure
from helios_gateway.configuration.config_reading import Read
from helios_gateway.gateway import Gateway, Options
from helios_gateway.service.certificates import Certificates
from helios_gateway.service.sd_notify import Notifier
from helios_gateway.service.service import Service, rules_of
from helios_gateway.simulation.simulation import Simulation


def checked(read: Read) -> Config:
    """Check what was read, with the files that it names.

    Raises `ConfigError`, `CertificateError`, and `AccountFileError` where the accounts cannot be read.
    """
    check(read)
    _certificates(read.config)
    file = AccountFile(_accounts_path(read.config))
    try:
        if file.is_there():
            file.load()
        check_exposure(read, has_accounts=bool(file))
    finally:
        file.close()
    return read.config


def serve(config: Config, reread: Callable[[], Config]) -> bool:
    """Serve until SIGINT or SIGTERM: True, or until a part of the gateway fails: False.

    `reread` gives the configuration anew for SIGHUP. Raises `PortError`, and what `checked` raises.
    """
    logs.configure(config.log.level, config.log.format)
    file = AccountFile(_accounts_path(config))
    try:
        server = config.server
        may_be_demo = not config.accounts.file and is_loopback(server.host) and not server.behind_proxy
        accounts = DemoUntilFirst(file, may_be_demo=may_be_demo)
        if not accounts.is_demo():
            file.load()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(config, reread, accounts))
    finally:
        file.close()
        logs.release()


async def _serve(config: Config, reread: Callable[[], Config], accounts: DemoUntilFirst) -> bool:
    seed = secrets.randbits(32) if config.cluster.seed is None else config.cluster.seed
    simulation = Simulation(seed=seed, nodes=config.cluster.nodes, is_calm=config.cluster.calm)
    cluster = SimulatedCluster(simulation, now_ns=time.time_ns, speed=config.cluster.speed)
    certificates = _certificates(config)
    gateway = Gateway(cluster, _options(config, accounts, certificates))
    service = Service(gateway, config, reread=reread, certificates=certificates, notifier=Notifier(os.environ))

    def announce() -> None:
        if accounts.is_demo():
            demo = "the demo's admin/admin123 (admin) and viewer/viewer123"
            _say(config, f"no accounts are configured: serving {demo} on loopback")
        speed = f"{config.cluster.speed:g} simulated seconds a second"
        _say(config, f"a simulated cluster of {config.cluster.nodes} nodes, seed {seed}, {speed}")
        for node, port in gateway.ports.items():
            _say(config, f"speaking for {node} at {port.url}")

    return await service.run(announce)


def _options(config: Config, accounts: DemoUntilFirst, certificates: Certificates | None) -> Options:
    server, rules = config.server, rules_of(config)
    return Options(
        accounts,
        host="127.0.0.1" if server.host == "localhost" else server.host,
        port=server.port,
        node=None if server.node == "all" else server.node,
        allowed_origins=rules.allowed_origins,
        allowed_hosts=rules.allowed_hosts,
        is_proxied=rules.is_proxied,
        readonly_may_watch=rules.readonly_may_watch,
        limits=config.limits,
        lives=Lives(config.tokens.life_s, config.tokens.refresh_life_s, config.tokens.key_life_s),
        is_deflating=config.websocket.deflate,
        tls=None if certificates is None else certificates.context,
    )


def _accounts_path(config: Config) -> Path:
    return Path(config.accounts.file) if config.accounts.file else default_path()


def _certificates(config: Config) -> Certificates | None:
    tls = config.tls
    return Certificates(Path(tls.certificate), Path(tls.key)) if tls.certificate else None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster loop where it is installed; there is none for Windows."""
    try:
        import uvloop  # noqa: PLC0415 - it may not be there
    except ModuleNotFoundError:
        return None
    return uvloop.new_event_loop


def _say(config: Config, line: str) -> None:
    if config.log.format == "json":
        told = {"name": __name__, "levelname": "INFO", "levelno": logging.INFO, "msg": line}
        told_line = logs.JsonLines().format(logging.makeLogRecord(told))
    else:
        told_line = f"helios-gateway: {line}"
    try:
        print(told_line, flush=True)
    except OSError:
        # Nobody reads any more: serve on, and let Python's own flush at the end find a place that takes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
