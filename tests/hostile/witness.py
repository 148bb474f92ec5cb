"""The other client: connected all the time, it notices whatever an attack does to those who did nothing."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import websockets

from tests.hostile.process import GatewayProcess

ASK_EVERY_S = 0.25
MOST_S = 2.5
"""A pong is there within a millisecond; on two cores that run other tests too, a turn may wait for longer than one."""
CADENCE_S = 1.0
"""Of `latency`."""


@dataclass
class Witness:
    """What it got, with the time of each."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    came_at: list[float] = field(default_factory=list)
    pongs: asyncio.Queue[float] = field(default_factory=asyncio.Queue)

    async def listen(self, socket: websockets.ClientConnection) -> None:
        """Keep all that comes."""
        async for frame in socket:
            message = json.loads(frame)
            self.messages.append(message)
            self.came_at.append(time.monotonic())
            if message["type"] == "pong":
                self.pongs.put_nowait(time.monotonic())

    async def ask(self, socket: websockets.ClientConnection) -> None:
        """Send a ping again and again; each pong must come in time."""
        while True:
            await self.ask_once(socket)
            await asyncio.sleep(ASK_EVERY_S)

    async def ask_once(self, socket: websockets.ClientConnection) -> None:
        """Send one ping, and see its pong."""
        sent_at = time.monotonic()
        await socket.send('{"type":"ping"}')
        async with asyncio.timeout(30):
            came_at = await self.pongs.get()
        assert came_at - sent_at < MOST_S, f"a pong took {came_at - sent_at:.1f} s during the attack"

    def check(self) -> None:
        """Nothing is missing and the cadence went on."""
        for before, after in zip(self.messages, self.messages[1:], strict=False):
            assert after["prev"] == before["seq"], f"the witness missed what was between {before} and {after}"
        beats = [at for at, told in zip(self.came_at, self.messages, strict=True) if told["type"] == "latency"]
        pauses = [after - before for before, after in itertools.pairwise(beats)]
        assert max(pauses, default=0.0) < CADENCE_S + MOST_S, f"the cadence stood still: {pauses}"


@asynccontextmanager
async def witnessing(gateway: GatewayProcess) -> AsyncIterator[Witness]:
    """Connect it, let the attack happen, and judge at the end."""
    witness = Witness()
    headers = {"Authorization": f"Bearer {gateway.token}"}
    url = f"ws://127.0.0.1:{gateway.port}/ws/cluster"
    async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
        listening = asyncio.create_task(witness.listen(socket))
        asking = asyncio.create_task(witness.ask(socket))
        try:
            yield witness
            assert not asking.done() or asking.exception() is None, asking.exception()
            asking.cancel()
            await asyncio.wait([asking])
            while not witness.pongs.empty():
                witness.pongs.get_nowait()
            assert not listening.done(), "the witness's own connection ended"
            async with asyncio.timeout(30):
                await _last_word(witness, socket)
        finally:
            for task in (asking, listening):
                task.cancel()
            await asyncio.wait([asking, listening])
    witness.check()


async def _last_word(witness: Witness, socket: websockets.ClientConnection) -> None:
    """Whatever was sent before its pong must have come before it."""
    asked = sum(message["type"] == "pong" for message in witness.messages)
    await socket.send('{"type":"ping"}')
    while sum(message["type"] == "pong" for message in witness.messages) <= asked:
        await witness.pongs.get()
