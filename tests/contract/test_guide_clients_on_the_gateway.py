"""The guide's own clients, cut out of its text and run as printed, against `helios-gateway --port 8080`.

The guide is no part of the repository: where it is absent, or port 8080 is taken by someone else, these are skipped.
"""

import asyncio
import fcntl
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[3] / "shared" / "guide.md"
PORT = 8080
LOCK = Path(tempfile.gettempdir()) / "helios-port-8080.lock"
WEBSOCAT = """#!{python}
import sys
import tempfile
from websockets.sync.client import connect
with connect(sys.argv[1]) as socket:
    for message in socket:
        print(message, flush=True)
"""

pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason="the guide (../shared/guide.md) is not here")


def from_guide(title: str, language: str) -> str:
    """The first block in that language below the heading, exactly as printed."""
    after = GUIDE.read_text(encoding="utf-8").split(f"### {title}\n", 1)[1]
    block = re.search(rf"```{language}\n(.*?)```", after, re.DOTALL)
    assert block is not None
    return block[1]


@pytest.fixture
def port_8080() -> Iterator[None]:
    """The port for this test alone, whichever other processes run tests."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", PORT))
                probe.listen()
            except OSError:
                pytest.skip("port 8080, which the guide's clients name, is taken")
        yield


@asynccontextmanager
async def running(*command: str | Path, **options: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """A client, killed at the end: the guide's run for ever."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        **options,  # type: ignore[arg-type]  # `env` only
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            # The shell's pipeline too: it is a group of its own.
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def until_printed(process: asyncio.subprocess.Process, *wanted: str) -> list[str]:
    """Read lines until each text was in one."""
    assert process.stdout is not None
    lines: list[str] = []
    missing = set(wanted)
    async with asyncio.timeout(30):
        while missing:
            line = (await process.stdout.readline()).decode()
            assert line, f"it ended: {lines}"
            lines.append(line)
            missing -= {text for text in missing if text in line}
    return lines


@pytest.mark.usefixtures("port_8080")
async def test_the_python_client_works_as_printed(serve_at: object, tmp_path: Path) -> None:
    script = tmp_path / "guide.py"
    script.write_text(from_guide("Python Client", "python"))
    async with serve_at(PORT), running(sys.executable, "-u", script) as client:  # type: ignore[operator]  # a fixture
        lines = await until_printed(client, "Type: status,", "Type: latency,")
    assert lines[0] == "Connected to WebSocket\n"
    assert "'node_id': 'node1'" in "".join(lines)


@pytest.mark.usefixtures("port_8080")
async def test_the_javascript_client_works_as_printed(serve_at: object, node: Path, tmp_path: Path) -> None:
    script = tmp_path / "guide.mjs"
    script.write_text(from_guide("JavaScript Client", "javascript"))
    async with (
        serve_at(PORT),  # type: ignore[operator]  # a fixture
        running(node, "--experimental-websocket", script) as client,
    ):
        lines = await until_printed(client, "Received: status", "Received: latency")
    assert "WebSocket connected\n" in lines


@pytest.mark.usefixtures("port_8080")
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the guide's script needs curl and jq")
async def test_the_bash_client_works_as_printed(serve_at: object, tmp_path: Path) -> None:
    shim = tmp_path / "websocat"
    shim.write_text(WEBSOCAT.format(python=sys.executable))
    shim.chmod(0o755)
    script = tmp_path / "guide.sh"
    script.write_text(from_guide("Monitoring Script", "bash"))
    env = {"PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin"}
    async with serve_at(PORT), running("/bin/bash", script, env=env) as client:  # type: ignore[operator]  # a fixture
        lines = await until_printed(client, '"type":"status"', '"type":"latency"')
    assert lines[0] == "Connecting to WebSocket...\n"
