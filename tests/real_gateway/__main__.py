"""`python -m tests.real_gateway`: the stub for a person who points the window at it."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Final

from tests.real_gateway.gateway import CADENCE_S, CAPTURES, RealGateway
from tests.real_gateway.going_on import Status, as_follower, later
from tests.real_gateway.mode import Mode
from tests.real_gateway.playback import Playback, tags
from tests.real_gateway.rest import PARTS

DEFAULT_PORT: Final = 8443


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    names = sorted(path.stem for path in CAPTURES.glob("*.jsonl") if tags(path))
    parser = argparse.ArgumentParser(
        "python -m tests.real_gateway", description=__doc__, epilog="captures: " + ", ".join(names)
    )
    parser.add_argument("--capture", metavar="NAME", choices=names, default="steady_leader_60s_query")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the first; the next ones follow. 0: any")
    parser.add_argument("--nodes", type=int, default=1, help="so many gateways, one a node")
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.WELL.value)
    parser.add_argument("--speed", type=float, default=1.0, help="of the capture")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


async def _serve(options: argparse.Namespace) -> None:
    mode, first = Mode(options.mode), options.port
    gateways = [RealGateway(mode=mode, port=first and first + number) for number in range(options.nodes)]
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as running, asyncio.TaskGroup() as lives:
        for gateway in gateways:
            await gateway.start()
            running.push_async_callback(gateway.stop)
        tasks = [lives.create_task(life) for life in _lives(gateways, options)]
        tasks += [lives.create_task(_look_after(gateway, ended)) for gateway in gateways]
        for gateway in gateways:
            print(f"{_status(gateway)['node']['id']} at {gateway.url}", flush=True)
        print("Sign in as admin, password admin123; or as viewer, password viewer123, who may not watch.", flush=True)
        await ended.wait()
        for task in tasks:
            task.cancel()


def _lives(gateways: list[RealGateway], options: argparse.Namespace) -> list[Coroutine[None, None, None]]:
    """What each gateway tells: a connection of the capture, or what a follower of the first one would."""
    for gateway in gateways:
        for scripted in PARTS:
            del gateway.rest[scripted]
    path = CAPTURES / f"{options.capture}.jsonl"
    connections = tags(path)[: len(gateways)]
    if not gateways[0].mode.has_status:
        return []
    played = [gateway.play(path, tag, is_fresh=True) for gateway, tag in zip(gateways, connections, strict=False)]
    leader, others = gateways[0], gateways[len(played) :]
    peers = sorted(peer["id"] for peer in _status(leader)["peers"])
    if len(others) > len(peers):
        raise SystemExit(f"{options.capture} has {len(peers) + 1} nodes: ask for fewer by --nodes.")
    lives = [_tell(gateway, story, options.speed) for gateway, story in zip(gateways, played, strict=False)]
    for gateway, peer in zip(others, peers, strict=False):
        gateway.cadence_s = None
        gateway.set_status(as_follower(_status(leader), peer))
        lives.append(_follow(gateway, leader, peer))
    return lives


async def _tell(gateway: RealGateway, story: Playback, speed: float) -> None:
    await story.run(speed)
    while gateway.is_running:
        await asyncio.sleep(CADENCE_S)
        gateway.set_status(later(_status(gateway), CADENCE_S))
        gateway.tell_status()


async def _follow(gateway: RealGateway, leader: RealGateway, node: str) -> None:
    while True:
        await asyncio.sleep(CADENCE_S)
        gateway.set_status(as_follower(_status(leader), node))
        gateway.tell_status()


async def _look_after(gateway: RealGateway, ended: asyncio.Event) -> None:
    await gateway.until(lambda: gateway.has_crashed)
    print(f"{gateway.url} crashed: a client left before the first message.", flush=True)
    ended.set()


def _status(gateway: RealGateway) -> Status:
    assert isinstance(gateway.status, dict), "that of a capture is an object"
    return gateway.status


if __name__ == "__main__":
    main()
