"""Sessions log in with passwords and use tokens, over real sockets: none of these is in a journal or a recording."""

import asyncio
import random
import sqlite3
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Final

import pytest

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.tokens import Tokens
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Opening, Run
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.recordings import save
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation, Phase, connection_change
from helios_desktop.protocol.auth import LoginAnswer
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_gateway.embedded import embedded_gateway
from tests.integration.journal.life import MAKER
from tests.real_gateway.gateway import RealGateway

WRONG_PASSWORD: Final = "quite-wrong-7316"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All tokens that any session took; add the passwords."""
    found: list[str] = []
    take = Tokens.take

    def take_and_tell(tokens: Tokens, answer: LoginAnswer, now_ns: int) -> None:
        found.extend(secret for secret in (answer.token, answer.refresh_token) if secret)
        take(tokens, answer, now_ns)

    monkeypatch.setattr(Tokens, "take", take_and_tell)
    return found


class Session:
    """A monitor that is recorded, and the way to wait for what it sees."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.seen: list[Observation] = []
        self._news = asyncio.Event()
        monitor.listen(self._see)

    def frames(self) -> int:
        """How many came."""
        return sum(one.kind is Kind.FRAME for one in self.seen)

    def times_in(self, phase: Phase) -> int:
        """How often a connection came into it."""
        changes = (connection_change(one) for one in self.seen if one.kind is Kind.CONNECTION)
        return sum(change.phase is phase for change in changes)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it, looking after each observation."""
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def _see(self, observation: Observation, _told: object) -> None:
        self.seen.append(observation)
        self._news.set()


@asynccontextmanager
async def recorded(path: Path, target: Target) -> AsyncIterator[Session]:
    """Watch and record; all is written at the end."""
    now_ns = make_clock()
    about = {"cluster": target.name, "sources": "\n".join(str(address) for address in target.addresses)}
    recorder = Recorder(path, Run(now_ns(), "test", FOLD_VERSION, about))
    assert await recorder.open() is Opening.RECORDING
    monitor = Monitor(target, now_ns=now_ns, rng=random.Random(1), recorder=recorder)
    session = Session(monitor)
    watching = asyncio.create_task(monitor.run())
    try:
        yield session
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        assert await monitor.close_recording() == 0


def files_with_any(folder: Path, secrets: list[str]) -> list[tuple[str, str]]:
    """Which files hold which secret, also where it is compressed."""
    contents = {path: path.read_bytes() for path in folder.iterdir()}
    for path in tuple(contents):
        if path.suffix in {".journal", ".helios"}:
            with closing(sqlite3.connect(path)) as connection:
                states = connection.execute("SELECT state FROM checkpoint").fetchall()
            contents[path] += b"".join(zlib.decompress(state) for (state,) in states)
    return [(path.name, one) for path, content in contents.items() for one in secrets if one.encode() in content]


def save_all(journal: Path, frames: int) -> None:
    """As a recording, with and without the true names."""
    save(journal, journal.with_suffix(".helios"), MAKER)
    save(journal, journal.with_name("made-up.helios"), MAKER, is_anonymised=True)
    for path in journal.parent.glob("*.helios"):
        with Reader(path) as reader:
            assert sum(one.kind is Kind.FRAME for _seq, one in reader.observations()) == frames


async def test_nothing_secret_of_the_embedded_gateway_is_recorded(tmp_path: Path, secrets: list[str]) -> None:
    journal = tmp_path / "demo.journal"
    async with embedded_gateway(seed=11, speed=20) as gateway:
        credentials = Credentials(gateway.username, gateway.password)
        members = gateway.members()
        target = Target("Demo", (parse_address(gateway.url),), credentials, follows_members=True, first_members=members)
        async with recorded(journal, target) as session:
            await session.until(lambda: session.frames() > 40)
    assert len(secrets) >= len(members)
    save_all(journal, session.frames())
    assert files_with_any(tmp_path, [*secrets, gateway.password]) == []
    assert len(files_with_any(tmp_path, ["login_path"])) >= 3


async def test_nothing_secret_of_real_gateways_is_recorded(tmp_path: Path, secrets: list[str]) -> None:
    journal = tmp_path / "real.journal"
    async with AsyncExitStack() as running:
        gateways = [await running.enter_async_context(RealGateway(cadence_s=0.05)) for _ in range(2)]
        addresses = tuple(parse_address(gateway.url) for gateway in gateways)
        async with recorded(journal, Target("Real", addresses, Credentials("admin", "admin123"))) as session:
            await session.until(lambda: session.times_in(Phase.LIVE) >= 2 and session.frames() > 10)
            for gateway in gateways:
                # The tokens are forgotten with the connections, so that each session must log in once more.
                for token in tuple(secrets):
                    gateway.accounts.revoke(token)
                gateway.drop()
            await session.until(lambda: session.times_in(Phase.LIVE) >= 4)
            await session.until(lambda: any(one.kind is Kind.REST for one in session.seen))
    assert len(secrets) >= 4
    save_all(journal, session.frames())
    assert files_with_any(tmp_path, [*secrets, "admin123"]) == []


async def test_a_password_that_is_refused_and_a_token_that_was_given_are_not_recorded(tmp_path: Path) -> None:
    async with RealGateway() as gateway:
        address = parse_address(gateway.url)
        given = gateway.accounts.make_token("viewer")
        for name, credentials in (
            ("password", Credentials("admin", WRONG_PASSWORD)),
            ("token", Credentials(token=given)),
        ):
            async with recorded(tmp_path / f"{name}.journal", Target("Real", (address,), credentials)) as session:
                await session.until(lambda: bool(session.times_in(Phase.REJECTED)))
    assert files_with_any(tmp_path, [WRONG_PASSWORD, given]) == []
