"""`helios-gateway`: a simulated Helios cluster for any client, on this machine."""

import argparse
import asyncio
import logging
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final, NoReturn

from helios_gateway.access import is_loopback
from helios_gateway.auth import DEMO_ACCOUNTS
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.port import PortError
from helios_gateway.simulation.simulation import Simulation

OK: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
_MOST_NODES: Final = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns 0, 1 for a failure, 2 for a wrong command line; says each in a line."""
    logging.basicConfig(level=logging.WARNING, format="helios-gateway: %(levelname)s: %(message)s")
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return asyncio.run(_serve(options))
    except PortError as error:
        _say_wrong(str(error))
        return FAILURE
    except KeyboardInterrupt:
        return OK


async def _serve(options: argparse.Namespace) -> int:
    seed: int = secrets.randbits(32) if options.seed is None else options.seed
    simulation = Simulation(seed=seed, nodes=options.nodes, is_calm=options.calm)
    cluster = SimulatedCluster(simulation, now_ns=time.time_ns, speed=options.speed)
    gateway = Gateway(
        cluster,
        Options(
            DEMO_ACCOUNTS,
            host="127.0.0.1" if options.host == "localhost" else options.host,
            port=options.port,
            node=None if options.node == "all" else options.node,
            allowed_origins=options.allow_origin,
        ),
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows has none; Ctrl-C raises KeyboardInterrupt there.
            break
    async with gateway.serving():
        _say("no accounts are configured: serving the demo's admin/admin123 (admin) and viewer/viewer123 on loopback")
        _say(f"a simulated cluster of {options.nodes} nodes, seed {seed}, {options.speed:g} simulated seconds a second")
        for node, port in gateway.ports.items():
            _say(f"speaking for {node} at {port.url}")
        ends = [asyncio.create_task(event.wait()) for event in (stop, gateway.failed)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
    return FAILURE if gateway.failed.is_set() else OK


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="helios-gateway", description="Serve a simulated Raft cluster as a Helios gateway, on this machine only."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--nodes", type=int, default=3, help=f"1 to {_MOST_NODES} (default: %(default)s)")
    parser.add_argument(
        "--node",
        default="node1",
        metavar="ID|all",
        help="the node that it speaks for; all: one port a node, counting up from the first (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, help="the same seed gives the same cluster (default: a random one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="simulated seconds a second, 1 to 50 (default: 1)"
    )
    parser.add_argument("--calm", action="store_true", help="no events of the cluster's own")
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this origin in, beside those from loopback; may be given again",
    )
    options = parser.parse_args(arguments)
    if not is_loopback(options.host):
        parser.error(
            f"refusing to serve on {options.host}: the demo's passwords are known to everyone, "
            "so only a loopback address will do, as in --host 127.0.0.1"
        )
    if not 0 <= options.port <= 65_535:
        parser.error(f"no port has the number {options.port}: choose one from 0 to 65535")
    if not 1 <= options.nodes <= _MOST_NODES:
        parser.error(f"a cluster of {options.nodes} nodes cannot be simulated: choose 1 to {_MOST_NODES}")
    names = [f"node{number}" for number in range(1, options.nodes + 1)]
    if options.node not in {"all", *names}:
        parser.error(f"there is no {options.node!r}: --node takes one of {', '.join(names)}, or all")
    if not 1.0 <= options.speed <= 50.0:
        parser.error(f"a speed of {options.speed:g} is not possible: choose 1 to 50")
    return options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        _say_wrong(message)
        raise SystemExit(USAGE)


def _say(line: str) -> None:
    print(f"helios-gateway: {line}", flush=True)


def _say_wrong(sentence: str) -> None:
    print(f"helios-gateway: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
