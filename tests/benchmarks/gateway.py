"""Rows 1 to 3: fan-out. The server is a child process, the clients that read are raw sockets in this one."""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from tests.benchmarks.gateway_server import PASSWORD
from tests.benchmarks.row import Row

NEEDLE = b'"type":"peer_change"'
TOO_SLOW_CLOSE = (4408).to_bytes(2, "big")
ROUNDS = 20
PATIENCE_S = 30.0


@dataclass
class Server:
    """One child process."""

    process: subprocess.Popen[str]
    commands: IO[str]
    answers: IO[str]
    host: str
    port: int
    token: str

    def send(self, command: str) -> None:
        """Ask for something; `cpu_s` must be read for each."""
        self.commands.write(command + "\n")
        self.commands.flush()

    def cpu_s(self) -> float:
        """Wait until it is done; user and system time of the process so far."""
        return float(self.answers.readline())

    def ask_cpu_s(self) -> float:
        """The same, at once."""
        self.send("cpu")
        return self.cpu_s()


@contextmanager
def running(kind: str) -> Iterator[Server]:
    """Start a server: "gateway" (on asyncio's loop), "uvloop" (the same on that one) or "send_str"."""
    command = [sys.executable, "-m", "tests.benchmarks.gateway_server", kind]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        host, _, port = url.removeprefix("http://").partition(":")
        token = ""
        if kind != "send_str":
            body = json.dumps({"username": "admin", "password": PASSWORD}).encode()
            with urllib.request.urlopen(urllib.request.Request(f"{url}/api/auth/login", body)) as answer:  # noqa: S310  # our own http URL
                token = json.load(answer)["token"]
        try:
            yield Server(process, process.stdin, process.stdout, host, int(port), token)
        finally:
            process.kill()


@dataclass
class Crowd:
    """Clients that only read, and how many messages each has got."""

    server: Server
    size: int
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    counts: dict[int, int] = field(default_factory=dict)
    _tails: dict[int, bytes] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for _ in range(self.size):
            connection = connect(self.server)
            connection.setblocking(False)
            self.selector.register(connection, selectors.EVENT_READ)
            self.counts[connection.fileno()] = 0
            self._tails[connection.fileno()] = b""
        self.read_for(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            os.close(key.fd)
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.detach()
        self.selector.close()

    @property
    def total(self) -> int:
        """Messages that arrived, over all clients."""
        return sum(self.counts.values())

    def read_until(self, total: int) -> None:
        """Read until so many have arrived in all, or for as long as is patient."""
        until = time.monotonic() + PATIENCE_S
        while self.total < total and time.monotonic() < until:
            self._read(0.1)

    def read_for(self, seconds: float) -> None:
        """Read for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(min(left, 0.1))

    def _read(self, timeout_s: float) -> None:
        for key, _ in self.selector.select(timeout_s):
            try:
                data = os.read(key.fd, 1 << 18)
            except BlockingIOError:
                continue
            if not data:
                self.selector.unregister(key.fileobj)
                continue
            # The tail is shorter than the needle, so nothing is counted twice.
            data = self._tails[key.fd] + data
            self.counts[key.fd] += data.count(NEEDLE)
            self._tails[key.fd] = data[-(len(NEEDLE) - 1) :]


def connect(server: Server, receive_bytes: int = 0) -> socket.socket:
    """Open a WebSocket by hand; the answer's head is read, what follows it is not."""
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.connect((server.host, server.port))
    request = (
        f"GET /ws/cluster?token={server.token} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    connection.sendall(request.encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert b" 101 " in head, head
    return connection


def cpu_per_delivery_us(kind: str, clients: int, messages: int) -> float:
    """Row 1: server CPU in microseconds a delivery, over some bursts."""
    with running(kind) as server, Crowd(server, clients) as crowd:
        before_s = server.ask_cpu_s()
        for number in range(1, ROUNDS + 1):
            server.send(f"burst {messages}")
            crowd.read_until(clients * messages * number)
            server.cpu_s()
        spent_s = server.ask_cpu_s() - before_s
        assert crowd.total == clients * messages * ROUNDS, "messages were lost"
        return spent_s / crowd.total * 1e6


def lost_in_burst(clients: int, messages: int) -> int:
    """Row 2."""
    with running("gateway") as server, Crowd(server, clients) as crowd:
        server.send(f"burst {messages}")
        crowd.read_until(clients * messages)
        server.cpu_s()
        return clients * messages - crowd.total


def ratio_beside_a_stuck_client(clients: int) -> tuple[float, bool]:
    """Row 3: deliveries to those who read after one joined that does not, over those before; was it told and closed."""
    with running("gateway") as server, Crowd(server, clients) as crowd:
        per_phase = []
        stuck: socket.socket | None = None
        for phase in range(2):
            if phase:
                stuck = connect(server, receive_bytes=4096)
            before = crowd.total
            server.send("pace 100 0.01 3")
            crowd.read_for(3.5)
            server.cpu_s()
            per_phase.append(crowd.total - before)
        assert stuck is not None
        with stuck:
            return per_phase[1] / per_phase[0], _is_told_and_closed(stuck)


def _is_told_and_closed(stuck: socket.socket) -> bool:
    stuck.settimeout(PATIENCE_S)
    tail = b""
    try:
        while data := stuck.recv(1 << 16):
            tail = (tail + data)[-200:]
            # The close frame is the last thing that it gets; a peer that answers it sees the end.
            if TOO_SLOW_CLOSE + b"too slow" in tail:
                return b" messages were lost: you read too slowly" in tail
    except OSError:
        pass
    return False


def measure() -> list[Row]:
    """Run all three."""
    rows = []
    for clients, messages in ((100, 50), (500, 100)):
        plain_us = cpu_per_delivery_us("send_str", clients, messages)
        ours_us = cpu_per_delivery_us("gateway", clients, messages)
        uvloop_us = cpu_per_delivery_us("uvloop", clients, messages)
        rows.append(
            Row(
                1,
                f"fan-out, CPU a delivery, {clients} clients × {messages} messages",
                f"{ours_us:.2f} µs, uvloop {uvloop_us:.2f}; send_str {plain_us:.2f}: 1/{plain_us / ours_us:.0f}",
                "≤ 1/10 of send_str",
                max(ours_us, uvloop_us) <= plain_us / 10,
            )
        )
    lost = lost_in_burst(500, 500)
    rows.append(Row(2, "lost in a burst of 500 messages to 500 clients", f"{lost}", "0", lost == 0))
    ratio, is_told = ratio_beside_a_stuck_client(50)
    rows.append(
        Row(
            3,
            "deliveries beside a client that never reads",
            f"ratio {ratio:.3f}, it was {'told and closed' if is_told else 'not told'}",
            "≥ 0.95, told and closed",
            ratio >= 0.95 and is_told,
        )
    )
    return rows
