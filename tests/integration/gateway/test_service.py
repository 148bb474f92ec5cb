"""The gateway as a service: what signals do to open sockets, and what the service manager is told of it."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from helios_gateway.accounts.accounts import DEMO_ACCOUNTS
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.configuration.config import CHANGEABLE, Config, Log, Server
from helios_gateway.configuration.config_keys import changed
from helios_gateway.configuration.config_reading import ConfigError
from helios_gateway.gateway import Gateway, Options
from helios_gateway.service.sd_notify import Notifier
from helios_gateway.service.service import Service
from helios_gateway.simulation.simulation import Simulation

Until = Callable[[Callable[[], bool | Awaitable[bool]]], Awaitable[None]]
READONLY = {"username": "viewer", "password": "viewer123"}
ADMIN = {"username": "admin", "password": "admin123"}


class Manager:
    """The service manager's end of the notification socket."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path.replace("@", "\0", 1))
        self._socket.setblocking(False)

    async def told(self) -> list[str]:
        """The lines of the next datagram."""
        async with asyncio.timeout(10):
            return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode().split("\n")

    def said_more(self) -> bool:
        """Whether a datagram waits; it is dropped."""
        try:
            self._socket.recv(4096)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@dataclass
class Running:
    """A service that runs, and a session with its gateway. `told` is what SIGHUP will read."""

    service: Service
    gateway: Gateway
    http: aiohttp.ClientSession
    ending: asyncio.Task[bool]
    told: list[Config | Exception] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where node1 is."""
        return self.gateway.ports["node1"].url

    async def open(self, account: dict[str, str] = ADMIN) -> aiohttp.ClientWebSocketResponse[bool]:
        """A socket that has had its first status."""
        async with self.http.post(f"{self.url}/api/auth/login", json=account) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        opened = await self.http.ws_connect(f"{self.url}/ws/cluster", headers=headers, autoclose=False)
        assert (await opened.receive_json(timeout=5))["type"] == "status"
        return opened

    async def frame_that_ends(self, opened: aiohttp.ClientWebSocketResponse[bool]) -> Any:
        """The first frame that is no message."""
        async with asyncio.timeout(10):
            while (frame := await opened.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return frame


@asynccontextmanager
async def running(config: Config | None = None, environment: dict[str, str] | None = None) -> AsyncIterator[Running]:
    config = Config() if config is None else config
    cluster = SimulatedCluster(Simulation(seed=1, is_calm=True), now_ns=lambda: 1_800_000_000_000_000_000)
    gateway = Gateway(cluster, Options(DEMO_ACCOUNTS, port=0))
    told: list[Config | Exception] = [config]

    def reread() -> Config:
        if isinstance(told[-1], Exception):
            raise told[-1]
        return told[-1]

    service = Service(gateway, config, reread=reread, certificates=None, notifier=Notifier(environment or {}))
    is_open = asyncio.Event()
    ending = asyncio.create_task(service.run(is_open.set))
    async with aiohttp.ClientSession() as http:
        async with asyncio.timeout(10):
            await is_open.wait()
        yield Running(service, gateway, http, ending, told)
        if not ending.done():
            service.stop()
            service.stop()
        await ending


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Any:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_sigterm_tells_every_client_1001_with_a_reason_and_ends_well() -> None:
    async with running() as one:
        sockets = [await one.open() for _ in range(3)]
        os.kill(os.getpid(), signal.SIGTERM)
        for opened in sockets:
            frame = await one.frame_that_ends(opened)
            assert (frame.type, frame.data, frame.extra) == (aiohttp.WSMsgType.CLOSE, 1001, "the gateway is stopping")
            await opened.close()
        assert await asyncio.wait_for(one.ending, 10) is True


async def test_a_client_that_does_not_leave_is_cut_when_the_time_is_up() -> None:
    config = Config(server=Server(drain_s=0.1))
    async with running(config) as one:
        # It never reads, so it never answers the close frame.
        opened = await one.open()
        one.service.stop()
        assert await asyncio.wait_for(one.ending, 10) is True
        assert not opened.closed


async def test_nobody_is_waited_for_where_nobody_is() -> None:
    async with running(Config(server=Server(drain_s=3600))) as one:
        one.service.stop()
        assert await asyncio.wait_for(one.ending, 10) is True


async def test_a_second_signal_ends_it_at_once(until: Until) -> None:
    async with running(Config(server=Server(drain_s=3600))) as one:
        opened = await one.open()
        os.kill(os.getpid(), signal.SIGINT)
        await until(lambda: one.gateway.health.is_draining)
        assert not one.ending.done()
        assert not opened.closed
        os.kill(os.getpid(), signal.SIGINT)
        assert await asyncio.wait_for(one.ending, 10) is True


async def test_a_part_that_fails_ends_it_with_a_failure() -> None:
    async with running() as one:

        def break_down(_elapsed_s: float) -> None:
            raise RuntimeError("broken on purpose")

        one.gateway.cluster._pass = break_down  # type: ignore[method-assign, assignment]
        assert await asyncio.wait_for(one.ending, 10) is False


async def test_sighup_changes_who_may_come_and_drops_no_socket(until: Until, caplog: pytest.LogCaptureFixture) -> None:
    async with running() as one:
        opened = await one.open()
        page = {"Origin": "https://page.example"}
        async with one.http.get(f"{one.url}/admin/cluster/status", headers=page) as answer:
            assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await one.open(READONLY)
        access = msgspec.structs.replace(Config().access, readonly_may_watch=True)
        one.told.append(Config(server=Server(allowed_origins=("https://page.example",)), access=access))
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: one.gateway.sites.is_allowed("https://page.example"))
        async with one.http.get(f"{one.url}/admin/cluster/status", headers=page) as answer:
            assert answer.status == 401
        await (await one.open(READONLY)).close()
        await opened.send_json({"type": "ping"})
        assert (await opened.receive_json(timeout=5))["type"] == "pong"
        await opened.close()
    assert "start the gateway anew" not in caplog.text


async def test_who_may_watch_no_more_is_ended_and_an_admin_is_not() -> None:
    access = msgspec.structs.replace(Config().access, readonly_may_watch=True)
    async with running() as one:
        one.told.append(Config(access=access))
        one.service.reload()
        watching, opened = await one.open(READONLY), await one.open()
        one.service.reload()
        await watching.send_json({"type": "ping"})
        assert (await watching.receive_json(timeout=5))["type"] == "pong"
        one.told.append(Config())
        one.service.reload()
        assert (await one.frame_that_ends(watching)).data == 4403
        await opened.send_json({"type": "ping"})
        assert (await opened.receive_json(timeout=5))["type"] == "pong"
        await watching.close()
        await opened.close()


async def test_what_cannot_change_is_named_each_time_and_stays(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as one:
        one.told.append(Config(server=Server(port=9999, node="all"), log=Log(level="error")))
        one.service.reload()
        assert logging.getLogger().level == logging.ERROR
        one.told.append(Config(server=Server(port=9999, node="all")))
        one.service.reload()
        assert logging.getLogger().level == logging.WARNING
        one.service.reload()
    named = [record.message for record in caplog.records if "start the gateway anew" in record.message]
    # The first time only errors were to be logged.
    assert named == ["start the gateway anew for what cannot change while it is served: server.port, server.node"] * 2


@pytest.mark.parametrize("wrong", [ConfigError("gateway.toml, line 2: server.prot is not known")])
async def test_a_configuration_that_is_wrong_changes_nothing_and_is_told(
    wrong: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with running() as one:
        opened = await one.open()
        rules = one.gateway.sites.rules
        one.told.append(wrong)
        one.service.reload()
        assert one.gateway.sites.rules is rules
        await opened.send_json({"type": "ping"})
        assert (await opened.receive_json(timeout=5))["type"] == "pong"
        await opened.close()
    assert "the configuration stays as it was: gateway.toml, line 2: server.prot is not known" in caplog.text


def test_everything_that_may_change_while_it_is_served_is_followed() -> None:
    """What `CHANGEABLE` promises must be read somewhere after a reload: a new promise has to be added here."""
    promised = {
        ("server", "allowed_origins"),
        ("server", "allowed_hosts"),
        ("server", "drain_s"),
        ("access", "readonly_may_watch"),
        ("tls", "certificate"),
        ("tls", "key"),
        ("log", "level"),
        ("log", "format"),
    }
    assert promised == CHANGEABLE
    assert changed(Config(), Config()) == []


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    one = Manager(tmp_path / "notify" if request.param == "path" else f"@helios-{os.getpid()}")
    yield one
    one.close()


async def test_the_manager_is_told_of_start_reload_and_stop(manager: Manager) -> None:
    async with running(environment={"NOTIFY_SOCKET": manager.path}) as one:
        assert await manager.told() == ["READY=1", "STATUS=serving"]
        one.service.reload()
        reloading, instant = await manager.told()
        assert reloading == "RELOADING=1"
        assert instant.startswith("MONOTONIC_USEC=")
        assert int(instant.partition("=")[2]) > 0
        assert await manager.told() == ["READY=1"]
        one.told.append(ConfigError("wrong"))
        one.service.reload()
        assert (await manager.told())[0] == "RELOADING=1"
        assert await manager.told() == ["READY=1"]
        one.service.stop()
        assert await manager.told() == ["STOPPING=1", "STATUS=letting clients leave"]
        await one.ending


async def test_the_watchdog_is_reassured_only_while_the_cluster_goes_on(manager: Manager) -> None:
    environment = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    async with running(environment=environment) as one:
        assert (await manager.told())[0] == "READY=1"
        for _ in range(3):
            assert await manager.told() == ["WATCHDOG=1"]
        asked = asyncio.Event()
        asked_times = 0

        def stand_still() -> bool:
            nonlocal asked_times
            asked_times += 1
            if asked_times == 1:
                while manager.said_more():
                    pass
            if asked_times == 4:
                asked.set()
            return False

        one.gateway.health.is_going_on = stand_still  # type: ignore[method-assign]
        async with asyncio.timeout(10):
            await asked.wait()
        assert not manager.said_more()


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_asked_for_as_sd_watchdog_enabled_says(
    environment: dict[str, str], watchdog_s: float | None
) -> None:
    assert Notifier(environment).watchdog_s == watchdog_s


def test_a_manager_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(READY=1)
    Notifier({}).tell(READY=1)


def test_the_signal_handlers_are_gone_afterwards() -> None:
    handlers: dict[signal.Signals, Callable[..., Any] | int | None] = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)
    }

    async def serve_once() -> None:
        async with running() as one:
            assert signal.getsignal(signal.SIGHUP) != handlers[signal.SIGHUP]
            one.service.stop()
            await one.ending

    asyncio.run(serve_once())
    assert {number: signal.getsignal(number) for number in handlers} == handlers
