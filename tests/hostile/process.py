"""The gateway as its own process, started as a user starts it, and what the system says of it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

IS_FULL = bool(os.environ.get("HELIOS_HOSTILE"))
"""`make hostile`: every attack in its whole size. Without it each runs small, for `make test`."""
_TOKEN_S = 600.0
_QUICK = {f"HELIOS_GATEWAY_LIMITS_{name}": "1.0" for name in ("HEADER_S", "BODY_S", "GRACE_S")}
"""Waits that a test would otherwise sit through; what is measured of them is that they end."""


def size(full: int, small: int) -> int:
    """How many of something an attack makes."""
    return full if IS_FULL else small


@dataclass(frozen=True)
class Footprint:
    """What a process holds: resident memory in bytes, and open files."""

    rss: int
    files: int


@dataclass
class GatewayProcess:
    """One gateway. `url` is where it serves; `told` gives what it wrote to stderr so far."""

    process: subprocess.Popen[str]
    port: int
    errors: Path
    _token: str = ""
    _token_at: float = field(default=0.0, repr=False)

    @property
    def url(self) -> str:
        """Of its HTTP side."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        """An admin's, good for some minutes yet."""
        if not self._token or time.monotonic() - self._token_at > _TOKEN_S:
            body = json.dumps({"username": "admin", "password": "admin123"}).encode()
            with urllib.request.urlopen(f"{self.url}/api/auth/login", body, timeout=20) as answer:  # noqa: S310  # our own http URL
                self._token = json.load(answer)["token"]
            self._token_at = time.monotonic()
        return self._token

    @property
    def told(self) -> str:
        """Its stderr."""
        return self.errors.read_text()

    @property
    def is_running(self) -> bool:
        """Whether it is still there."""
        return self.process.poll() is None

    def footprint(self) -> Footprint:
        """From /proc, now."""
        proc = Path(f"/proc/{self.process.pid}")
        pages = int((proc / "statm").read_text().split()[1])
        return Footprint(pages * os.sysconf("SC_PAGE_SIZE"), len(list((proc / "fd").iterdir())))

    def sockets(self) -> int:
        """How many clients it counts itself; each has one task of its own."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=20) as answer:  # noqa: S310  # our own http URL
            lines: list[str] = answer.read().decode().splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith("helios_gateway_sockets{"))

    def cpu_s(self) -> float:
        """User and system time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(errors: Path, **environment: str) -> Iterator[GatewayProcess]:
    """Start a calm gateway of three nodes on a free port, and end it. `environment` configures it further."""
    command = [sys.executable, "-m", "helios_gateway.cli", "--port", "0", "--nodes", "3", "--calm", "--seed", "1"]
    environment = {**os.environ, **_QUICK, **environment}
    with errors.open("w") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield GatewayProcess(process, _port_in(process.stdout, errors), errors)
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.communicate()


def _port_in(said: IO[str], errors: Path) -> int:
    for line in said:
        if " at http://127.0.0.1:" in line:
            return int(line.rpartition(":")[2])
    raise AssertionError(f"it did not start: {errors.read_text()}")
