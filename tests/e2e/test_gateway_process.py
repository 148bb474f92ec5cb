"""`helios-gateway` as one runs it: a process of its own, its configuration, its signals and what it writes."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

COMMAND = [sys.executable, "-W", "error", "-m", "helios_gateway.cli"]
DEADLINE_S = 30.0
DEMO = {"username": "admin", "password": "admin123"}


@dataclass
class Machine:
    """Where the processes of one test run: a home of their own."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, text: str) -> Path:
        """The configuration file, with this in it."""
        path = self.home / "gateway.toml"
        path.write_text(text)
        return path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command that ends by itself; no run may ever show a traceback."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            env=self.variables(),
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def add_account(self, name: str, password: str, *arguments: str) -> None:
        """Add it, as an administrator would."""
        secret = self.home / "password"
        secret.write_text(password)
        done = self.run("user", "add", name, "--password-file", secret, *arguments)
        assert done.returncode == 0, done.stderr

    @asynccontextmanager
    async def serving(self, *arguments: str | Path) -> "AsyncIterator[Process]":
        """Serve on a free port until the test ends it."""
        child = await asyncio.create_subprocess_exec(
            *COMMAND,
            "--port",
            "0",
            *map(str, arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.variables(),
        )
        process = Process(child)
        readers = [asyncio.create_task(process.read(stream)) for stream in (child.stdout, child.stderr)]
        try:
            await process.said(lambda line: "speaking for" in line)
            async with aiohttp.ClientSession() as http:
                process.http = http
                yield process
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()
            await asyncio.gather(*readers)
        assert "Traceback" not in "".join(process.lines)

    def variables(self) -> dict[str, str]:
        """The environment: this machine's, without what might configure a gateway."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HELIOS_", "XDG_", "NOTIFY_", "WATCHDOG_"))
        }
        return kept | {"HOME": str(self.home), "PYTHONUNBUFFERED": "1"} | self.environment


class Process:
    """A gateway that serves. `lines` is all that it wrote."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.child = child
        self.lines: list[str] = []
        self.http: aiohttp.ClientSession
        self._more = asyncio.Condition()

    async def read(self, stream: asyncio.StreamReader | None) -> None:
        """Take in what it writes there."""
        assert stream is not None
        async for line in stream:
            async with self._more:
                self.lines.append(line.decode())
                self._more.notify_all()
        async with self._more:
            self._more.notify_all()

    async def said(self, is_it: Callable[[str], bool]) -> str:
        """Wait for a line."""
        async with asyncio.timeout(DEADLINE_S), self._more:
            while not (found := [line for line in self.lines if is_it(line)]):
                assert self.child.returncode is None, self.lines
                await self._more.wait()
        return found[0]

    @property
    def url(self) -> str:
        """Where it speaks for node1."""
        line = next(line for line in self.lines if "speaking for" in line)
        return line.rpartition(" at ")[2].strip().rstrip('"}')

    async def log_in(self, account: dict[str, str] | None = None) -> Any:
        """The answer's status, and its token where there is one."""
        async with self.http.post(f"{self.url}/api/auth/login", json=account or DEMO) as answer:
            return (await answer.json())["token"] if answer.status == 200 else answer.status

    async def open(self, account: dict[str, str] | None = None) -> aiohttp.ClientWebSocketResponse[bool]:
        """A socket that has had its first status; its token travels in the query, as a browser's does."""
        opened = await self.http.ws_connect(f"{self.url}/ws/cluster?token={await self.log_in(account)}")
        assert (await opened.receive_json(timeout=DEADLINE_S))["type"] == "status"
        return opened

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.child.send_signal(number)
        return await asyncio.wait_for(self.child.wait(), DEADLINE_S)


async def is_alive(opened: aiohttp.ClientWebSocketResponse[bool]) -> bool:
    """Whether a ping is answered."""
    await opened.send_json({"type": "ping"})
    async with asyncio.timeout(DEADLINE_S):
        while (message := await opened.receive()).type is aiohttp.WSMsgType.TEXT:
            if message.json()["type"] == "pong":
                return True
    return False


async def last_frame(opened: aiohttp.ClientWebSocketResponse[bool]) -> tuple[int | None, str | None]:
    """The code and the reason that it was closed with."""
    async with asyncio.timeout(DEADLINE_S):
        while (message := await opened.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    return message.data, message.extra


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_good_configuration_is_well_and_nothing_is_started(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = machine.write(f"[server]\nport = {taken.getsockname()[1]}\n")
        done = machine.run("--config", file, "--check-config")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"helios-gateway: {file} is well\n", "")


def test_a_bad_configuration_is_one_sentence_and_code_2(machine: Machine) -> None:
    file = machine.write("[server]\nprot = 8080\n")
    for arguments in (("--config", file, "--check-config"), ("--config", file)):
        done = machine.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"helios-gateway: {file}, line 2: server.prot is not known; did you mean server.port?\n"


def test_a_bad_variable_is_one_sentence_and_code_2(machine: Machine) -> None:
    machine.environment["HELIOS_GATEWAY_SERVER_PORT"] = "http"
    done = machine.run("--check-config")
    assert done.returncode == 2
    assert done.stderr == "helios-gateway: HELIOS_GATEWAY_SERVER_PORT: expected `int`, got `str`\n"


def test_the_configuration_that_is_printed_is_accepted(machine: Machine) -> None:
    printed = machine.run("--print-config")
    assert printed.returncode == 0
    assert machine.run("--config", machine.write(printed.stdout), "--check-config").returncode == 0


def test_others_than_this_machine_are_served_only_with_accounts_and_tls(machine: Machine) -> None:
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(machine.home / "both.pem")
    tls = '[tls]\ncertificate = "both.pem"\nkey = "both.pem"\n'
    server = '[server]\nhost = "0.0.0.0"\nallowed_hosts = ["gateway.example"]\n'
    file = machine.write(server + tls)
    done = machine.run("--config", file)
    assert done.returncode == 2
    assert "refusing to serve on 0.0.0.0: the demo's passwords are known to everyone" in done.stderr
    machine.add_account("root", "correct horse battery", "--role", "admin")
    assert machine.run("--config", file, "--check-config").returncode == 0
    done = machine.run("--config", machine.write(server))
    assert done.returncode == 2
    assert "refusing to serve on 0.0.0.0 in plain text" in done.stderr
    assert machine.run("--config", machine.write(server + "behind_proxy = true\n"), "--check-config").returncode == 0


def test_a_certificate_that_cannot_be_shown_is_one_sentence(machine: Machine) -> None:
    (machine.home / "c.pem").write_text("nothing")
    done = machine.run("--config", machine.write('[tls]\ncertificate = "c.pem"\nkey = "c.pem"\n'), "--check-config")
    assert done.returncode == 1
    assert "are not a PEM certificate and its PEM key" in done.stderr
    assert done.stderr.count("\n") == 1


async def test_sighup_lets_others_in_and_drops_no_socket(machine: Machine) -> None:
    file = machine.write("")
    async with machine.serving("--config", file) as process:
        opened = await process.open()
        viewer = {"username": "viewer", "password": "viewer123"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await process.open(viewer)
        machine.write('[access]\nreadonly_may_watch = true\n[log]\nlevel = "info"\n[cluster]\nnodes = 5\n')
        process.child.send_signal(signal.SIGHUP)
        told = await process.said(lambda line: "start the gateway anew" in line)
        assert told.endswith("cannot change while it is served: cluster.nodes\n")
        await (await process.open(viewer)).close()
        assert await is_alive(opened)
        # The level is another one, too.
        await process.said(lambda line: "POST /api/auth/login 200" in line)
        machine.write("[acess]\n")
        process.child.send_signal(signal.SIGHUP)
        told = await process.said(lambda line: "stays as it was" in line)
        assert told.endswith(f"{file}, line 1: [acess] is not known; did you mean [access]?\n")
        assert await is_alive(opened)
        await opened.close()
        assert await process.end() == 0


async def test_sigterm_says_goodbye_with_1001_and_ends_well(machine: Machine) -> None:
    async with machine.serving() as process:
        sockets = [await process.open() for _ in range(3)]
        process.child.send_signal(signal.SIGTERM)
        for opened in sockets:
            assert await last_frame(opened) == (1001, "the gateway is stopping")
        assert await asyncio.wait_for(process.child.wait(), DEADLINE_S) == 0


async def test_sigterm_waits_only_so_long_for_a_client_that_does_not_leave(machine: Machine) -> None:
    async with machine.serving("--config", machine.write("[server]\ndrain_s = 0.2\n")) as process:
        opened = await process.open()
        assert await process.end() == 0
        assert not opened.closed


async def test_systemd_is_told_of_readiness_and_that_it_goes_on(machine: Machine) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = str(machine.home / "notify")
        manager.bind(path)
        manager.setblocking(False)
        machine.environment |= {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}

        async def told() -> str:
            async with asyncio.timeout(DEADLINE_S):
                return (await loop.sock_recv(manager, 4096)).decode()

        async with machine.serving() as process:
            assert (await told()).split("\n")[0] == "READY=1"
            assert [await told() for _ in range(3)] == ["WATCHDOG=1"] * 3
            process.child.send_signal(signal.SIGHUP)
            while (line := await told()) == "WATCHDOG=1":
                pass
            assert line.startswith("RELOADING=1\nMONOTONIC_USEC=")
            process.child.send_signal(signal.SIGTERM)
            lines = [await told()]
            while not lines[-1].startswith("STOPPING=1"):
                lines.append(await told())
            assert "READY=1" in lines
            assert await asyncio.wait_for(process.child.wait(), DEADLINE_S) == 0


async def test_json_logs_are_an_object_a_line_and_keep_every_secret(machine: Machine) -> None:
    file = machine.write('[log]\nlevel = "debug"\nformat = "json"\n')
    async with machine.serving("--config", file) as process:
        token = await process.log_in()
        opened = await process.open()
        assert await is_alive(opened)
        await opened.close()
        assert await process.log_in({"username": "admin", "password": "wrong-secret"}) == 401
        async with process.http.get(f"{process.url}/nowhere?token={token}&password=query-secret") as answer:
            assert answer.status == 404
        async with process.http.get(f"{process.url}/ws/cluster?token=forged-secret") as answer:
            assert answer.status == 401
        _, writer = await asyncio.open_connection("127.0.0.1", int(process.url.rpartition(":")[2]))
        writer.write(b"GET /?token=broken-secret HTTP/1.1\r\nHost: \x00\r\n\r\n")
        await process.said(lambda line: "is no HTTP" in line)
        writer.close()
        await process.said(lambda line: "/nowhere" in line)
        assert await process.end() == 0
    records = [json.loads(line) for line in process.lines]
    assert all({"at", "level", "logger", "message"} <= set(record) for record in records)
    asked = next(record for record in records if record.get("path") == "/nowhere")
    assert (asked["method"], asked["status"], asked["remote"]) == ("GET", 404, "127.0.0.1")
    written = "".join(process.lines).replace("admin/admin123", "")
    for secret in (token, token[-20:], "admin123", "-secret", "token="):
        assert secret not in written


async def test_the_first_account_ends_the_demos_for_good(machine: Machine) -> None:
    async with machine.serving() as process:
        await process.said(lambda line: "admin/admin123" in line)
        opened = await process.open()
        machine.add_account("root", "correct horse battery", "--role", "admin")
        assert (await last_frame(opened))[0] == 4403
        assert await process.log_in() == 401
        mine = {"username": "root", "password": "correct horse battery"}
        await (await process.open(mine)).close()
        assert await process.end() == 0
    assert machine.run("user", "disable", "root").returncode == 0
    async with machine.serving() as process:
        assert await process.log_in() == 401
        assert not any("admin123" in line for line in process.lines)
        assert await process.end() == 0


async def test_a_renewed_certificate_is_shown_while_it_serves(machine: Machine) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    def renew() -> None:
        issued = authority.issue_cert("127.0.0.1")
        new = machine.home / "new.pem"
        issued.private_key_and_cert_chain_pem.write_to_path(new)
        new.replace(machine.home / "both.pem")

    renew()
    file = machine.write('[tls]\ncertificate = "both.pem"\nkey = "both.pem"\n[log]\nlevel = "info"\n')
    async with machine.serving("--config", file) as process:
        assert process.url.startswith("https://")
        port = int(process.url.rpartition(":")[2])

        async def serial_shown() -> Any:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
            shown = writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
            writer.close()
            await writer.wait_closed()
            return shown

        first = await serial_shown()
        renew()
        await process.said(lambda line: "the certificate was renewed" in line)
        second = await serial_shown()
        assert second != first
        renew()
        process.child.send_signal(signal.SIGHUP)
        await process.said(lambda line: "the configuration was read again" in line)
        assert await serial_shown() != second
        assert await process.end() == 0
