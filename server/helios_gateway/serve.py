"""What `helios-gateway` does once its command line is read."""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
import time

from helios_gateway.auth import DEMO_ACCOUNTS
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.limits import raise_open_files
from helios_gateway.simulation.simulation import Simulation


def serve(options: argparse.Namespace) -> bool:
    """Serve until SIGINT or SIGTERM: True, or until a part of the gateway fails: False. Raises `PortError`."""
    logging.basicConfig(level=logging.WARNING, format="helios-gateway: %(levelname)s: %(message)s")
    raise_open_files()
    return asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> bool:
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
    return not gateway.failed.is_set()


def _say(line: str) -> None:
    try:
        print(f"helios-gateway: {line}", flush=True)
    except OSError:
        # Nobody reads any more: serve on, and let Python's own flush at the end find a place that takes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
