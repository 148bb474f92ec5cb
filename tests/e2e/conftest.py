"""The commands as a user runs them: processes of their own, with a home of their own."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import pytest

DEADLINE_S = 45.0


@dataclass
class Shell:
    """Runs `helios-desktop` with an environment of its own."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start it; the caller ends it."""
        return subprocess.Popen(
            self._command(arguments), stdout=stdout, stderr=subprocess.PIPE, text=True, env=self._environment()
        )

    def run(
        self, *arguments: str, before: Callable[[], None] | None = None, stdout: int | IO[bytes] = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with nobody at the keyboard; no run may ever show a traceback."""
        done = subprocess.run(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE_S,
            env=self._environment(),
            preexec_fn=before,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-W", "error", "-m", "helios_desktop", *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HELIOS_", "XDG_"))}
        mine = {
            "HOME": str(self.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "RES_OPTIONS": "timeout:1 attempts:1",
            "TZ": "Europe/Berlin",
        }
        return kept | mine | self.environment


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell whose user has no profiles and no secrets yet."""
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


@contextmanager
def _gateway(*arguments: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "helios_gateway.cli", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "speaking for" in line:
                yield line.rpartition(" at ")[2].strip()
                break
        else:
            raise AssertionError("".join(said))
        process.terminate()
        process.stdout.read()


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    """The address of a `helios-gateway` with the demo's accounts."""
    with _gateway("--seed", "7", "--calm") as url:
        yield url


@pytest.fixture
def own_gateway() -> Iterator[str]:
    """The address of one that the test may break."""
    with _gateway("--seed", "7", "--calm") as url:
        yield url


class _Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._welcome()

    def do_POST(self) -> None:
        self._welcome()

    def _welcome(self) -> None:
        body = b"<html>Welcome to nginx!</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a web server that is no Helios gateway."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()
