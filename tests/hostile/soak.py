"""`make soak`: an even load for an hour, with a row a minute; memory, files and clients must stay level.

HELIOS_SOAK_S: for how many seconds (3600)
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import numpy as np
import websockets

from tests.hostile.process import GatewayProcess, running
from tests.hostile.wire import connected, fields, frame

READERS = 12
TURN_S = 0.5
"""Each kind of client begins its turn so often, so that every stretch of time has the same load."""
WARM = 5
"""The first fifth fills caches, rings and arenas, and is not judged."""
NOISE_BYTES = 3 << 20
"""How far the line through the resident memory may rise from the second fifth to the end.

A gateway at rest moves by some 100 KiB; one under this load by up to a MiB as arenas fill and empty.
"""


class Sample(NamedTuple):
    """At one moment: seconds since the start, resident bytes, open files, clients."""

    at_s: float
    rss: int
    files: int
    clients: int


@dataclass
class Soak:
    """What was seen, and what went on in it."""

    gateway: GatewayProcess
    samples: list[Sample] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def judge(self) -> list[str]:
        """What is not level; nothing where all is well."""
        wrong = list(self.broken)
        judged = self.samples[len(self.samples) // WARM :]
        at_s, rss, files, clients = (np.array(column, dtype=float) for column in zip(*judged, strict=True))
        slope = float(np.polyfit(at_s - at_s[0], rss, 1)[0])
        rise = slope * float(at_s[-1] - at_s[0])
        if rise > NOISE_BYTES:
            wrong.append(f"memory rises by {slope * 3600 / 1024:.0f} KiB an hour: {rise / 1024:.0f} KiB in this run")
        half = len(files) // 2
        for name, column in (("open files", files), ("clients", clients)):
            if float(np.median(column[half:])) > float(np.median(column[:half])) + 3:
                wrong.append(f"{name} rise: {np.median(column[:half]):.0f}, then {np.median(column[half:]):.0f}")
        missing = {"resume", "slow", "login", "fault", "come and go"} - self.turns.keys()
        if missing:
            wrong.append(f"never done: {', '.join(sorted(missing))}")
        return wrong


async def soak(gateway: GatewayProcess, for_s: float, row_s: float, say: Callable[[str], None]) -> Soak:
    """Put an even load on a gateway for so long; `say` gets a row every `row_s`."""
    seen = Soak(gateway)
    url = f"ws://127.0.0.1:{gateway.port}/ws/cluster"
    stop = asyncio.Event()

    async def repeat(name: str, act: Callable[[], Awaitable[None]]) -> None:
        while not stop.is_set():
            try:
                async with asyncio.timeout(60):
                    await act()
            except (OSError, AssertionError, TimeoutError, aiohttp.ClientError, websockets.WebSocketException) as error:
                seen.broken.append(f"{name}: {error!r}")
                return
            seen.turns[name] = seen.turns.get(name, 0) + 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TURN_S)

    async with aiohttp.ClientSession(gateway.url) as http, asyncio.TaskGroup() as tasks:
        for _ in range(READERS):
            tasks.create_task(_read_on(seen, url, stop))
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "come and go": lambda: _come_and_go(gateway),
            "resume": lambda: _resume(gateway, url),
            "slow": lambda: _read_slowly(gateway),
            "login": lambda: _log_in_and_out(http),
            "fault": lambda: _make_faults(gateway, http),
        }
        for name, act in acts.items():
            tasks.create_task(repeat(name, act))
        await _sample(seen, for_s, row_s, say)
        stop.set()
    return seen


async def _sample(seen: Soak, for_s: float, row_s: float, say: Callable[[str], None]) -> None:
    start = time.monotonic()
    due_s, said_s = 0.0, 0.0
    pause_s = max(0.1, for_s / 2_000)
    before_cpu_s = seen.gateway.cpu_s()
    while (at_s := time.monotonic() - start) < for_s and not seen.broken:
        held = seen.gateway.footprint()
        seen.samples.append(Sample(at_s, held.rss, held.files, await asyncio.to_thread(seen.gateway.sockets)))
        if at_s >= said_s:
            cpu_s, before_cpu_s = seen.gateway.cpu_s() - before_cpu_s, seen.gateway.cpu_s()
            say(_row(seen, cpu_s))
            said_s += row_s
        due_s += pause_s
        await asyncio.sleep(max(0.0, start + due_s - time.monotonic()))


def _row(seen: Soak, cpu_s: float) -> str:
    at_s, rss, files, clients = seen.samples[-1]
    turns = ", ".join(f"{name} {count}" for name, count in sorted(seen.turns.items()))
    return f"{at_s:6.0f} s {rss >> 10:7} KiB {files:4} files {clients:4} clients {cpu_s:5.1f} s of CPU  {turns}"


async def _read_on(seen: Soak, url: str, stop: asyncio.Event) -> None:
    """A client that stays, whose chain must never break."""
    headers = {"Authorization": f"Bearer {seen.gateway.token}"}
    prev = 0
    async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
        while not stop.is_set():
            try:
                message = json.loads(await asyncio.wait_for(socket.recv(), 1))
            except TimeoutError:
                continue
            except websockets.ConnectionClosed as closed:
                # Its token lives for a quarter of an hour.
                if closed.rcvd is not None and closed.rcvd.code == 4401:
                    break
                seen.broken.append(f"a reader was closed: {closed}")
                return
            if message["prev"] != prev:
                seen.broken.append(f"a reader missed what was between {prev} and {message['prev']}")
                return
            prev = message["seq"]
    if not stop.is_set():
        await _read_on(seen, url, stop)


async def _come_and_go(gateway: GatewayProcess) -> None:
    async with connected(gateway, address="127.0.0.1") as wire:
        assert (await wire.ask(fields(gateway))).status == 101
        await wire.message_of("status")
        wire.send(frame('{"type":"subscribe","data":{"latency":true}}'))
        await wire.is_answered()
    async with connected(gateway, address="127.0.0.1") as wire:
        wire.send(b"GET /ws/cluster HT")


async def _resume(gateway: GatewayProcess, url: str) -> None:
    """Be cut, and go on where it was."""
    headers = {"Authorization": f"Bearer {gateway.token}"}
    async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
        last = json.loads(await socket.recv())
    since = f"{url}?since={last['boot']}:{last['seq']}"
    async with websockets.connect(since, additional_headers=headers, compression=None) as socket:
        message: dict[str, Any] = {}
        while message.get("type") != "status":
            message = json.loads(await socket.recv())
            assert message["type"] != "error", message


async def _read_slowly(gateway: GatewayProcess) -> None:
    async with connected(gateway, address="127.0.0.1") as wire:
        assert (await wire.ask(fields(gateway))).status == 101
        wire.send(frame('{"type":"ping"}') * 50)
        for _ in range(50):
            await wire.message_of("pong")
            await asyncio.sleep(0.02)


async def _log_in_and_out(http: aiohttp.ClientSession) -> None:
    body = {"username": "admin", "password": "admin123"}
    async with http.post("/api/auth/login", json=body) as answer:
        assert answer.status == 200, answer.status
        told = await answer.json()
    async with http.post("/api/auth/refresh", json={"refresh_token": told["refresh_token"]}) as answer:
        assert answer.status == 200, answer.status
        token = (await answer.json())["token"]
    async with http.post("/api/auth/logout", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200, answer.status


async def _make_faults(gateway: GatewayProcess, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {gateway.token}"}
    for fault in (
        {"fault": "partition", "nodes": ["node3"]},
        {"fault": "snapshot", "node": "node2"},
        {"fault": "heal"},
    ):
        async with http.post("/api/demo/faults", json=fault, headers=headers) as answer:
            # A node that is cut off, or is writing one already, has nothing to take a snapshot of.
            is_answered = answer.status == 200 or (fault["fault"] == "snapshot" and answer.status == 400)
            assert is_answered, await answer.text()


def main() -> int:
    """Run it, print the rows and the verdict; 1 where something was not level."""
    for_s = float(os.environ.get("HELIOS_SOAK_S", "3600"))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "stderr") as gateway:
        seen = asyncio.run(soak(gateway, for_s, min(60.0, for_s / 5), lambda row: print(row, flush=True)))
        wrong = seen.judge()
    print("\n".join(wrong) or f"level for {for_s:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
