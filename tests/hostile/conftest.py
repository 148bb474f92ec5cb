"""One gateway process for the attacks of a worker, and what must hold after each of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hostile.crowd import CROWD, hold
from tests.hostile.process import Footprint, GatewayProcess, running, size
from tests.hostile.witness import witnessing

KEPT_BYTES = size(20, 8) << 20
"""How much more memory than before an attack may stay resident after it.

Buffers are freed, but glibc gives an arena back only from its top: up to 4 MiB were seen to stay after an attack of a
new kind, and nothing more when it came again. Each attack comes from addresses of its own, and the tables of rates
remember 10 000 of them, at some 600 bytes each: all of `make hostile` fills them. A leak of one task and its buffers
(some 10 KiB) in each of 10 000 connections would be 100 MiB.
"""
SETTLED_S = 25.0
"""The longest wait of a connection that was left alone (`header_s`, 10 s, and what a cut takes), doubled for load."""


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """The process under attack."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("what a process holds is read from /proc")
    with running(tmp_path_factory.mktemp("hostile") / "stderr") as process:
        # The most that a test will hold, once: what an arena keeps of that is no leak, what a second time adds may be.
        with ThreadPoolExecutor() as aside:
            aside.submit(asyncio.run, hold(process, CROWD)).result()
        process.sockets()
        yield process


@pytest.fixture(autouse=True)
async def undisturbed(gateway: GatewayProcess) -> AsyncIterator[None]:
    """Before, during and after each attack: the same memory and files, a client that missed nothing, no traceback."""
    token = gateway.token
    # The first scrape loads what makes it.
    clients = await asyncio.to_thread(gateway.sockets)
    before = gateway.footprint()
    async with witnessing(gateway):
        yield
    assert gateway.is_running, gateway.told
    after = await settled(gateway, before)
    assert await asyncio.to_thread(gateway.sockets) <= clients
    assert after.files <= before.files, f"{after.files - before.files} connections are still open"
    assert after.rss <= before.rss + KEPT_BYTES, f"it kept {(after.rss - before.rss) >> 10} KiB"
    told = gateway.told
    assert "Traceback" not in told
    assert token not in told
    assert "admin123" not in told


async def settled(gateway: GatewayProcess, before: Footprint) -> Footprint:
    """Wait until no more is open than before, or as long as that may take."""
    deadline_s = time.monotonic() + SETTLED_S
    while (now := gateway.footprint()).files > before.files and time.monotonic() < deadline_s:  # noqa: ASYNC110  # it tells nobody
        await asyncio.sleep(0.01)
    return now
