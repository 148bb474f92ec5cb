"""One port a node, the embedded gateway, and how all of it ends."""

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import aiohttp
import pytest

from helios_gateway.embedded import embedded_gateway


async def is_open(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def is_closed(url: str) -> bool:
    return not await is_open(url)


async def test_each_node_has_a_port_that_closes_with_it_and_opens_again(serve: Any, until: Any) -> None:
    async with serve(node=None, speed=50.0) as served:
        ports = served.gateway.ports
        assert list(ports) == ["node1", "node2", "node3"]
        for node, port in ports.items():
            async with served.http.ws_connect(f"{port.url}/ws/cluster", headers=served.headers) as ws:
                assert (await ws.receive_json(timeout=5))["data"]["node_id"] == node
        url = ports["node2"].url
        async with served.http.ws_connect(f"{url}/ws/cluster", headers=served.headers) as ws:
            await served.fault(fault="stop", node="node2")
            async with asyncio.timeout(5):
                async for _ in ws:
                    pass
            assert ws.close_code == 1001
        await until(lambda: is_closed(url))
        assert await is_open(ports["node1"].url)
        await served.fault(fault="start", node="node2")
        await until(lambda: is_open(url))
        await served.fault(fault="add")
        await until(lambda: "node4" in ports and ports["node4"].number > 0)
        await until(lambda: is_open(ports["node4"].url))


async def test_a_port_that_closes_ends_its_own_sockets_and_no_others(serve: Any) -> None:
    async with serve(node=None) as served:
        ports = served.gateway.ports

        def open_at(node: str, names: str) -> Any:
            return served.http.ws_connect(f"{ports[node].url}/ws/cluster?node={names}", headers=served.headers)

        async with open_at("node1", "node2") as elsewhere, open_at("node2", "node1") as there:
            await served.next_of(elsewhere, "status")
            await served.next_of(there, "status")
            await served.fault(fault="stop", node="node2")
            async with asyncio.timeout(5):
                async for _ in there:
                    pass
            assert there.close_code == 1001
            await served.next_of(elsewhere, "error")
            await elsewhere.send_str('{"type":"ping"}')
            await served.next_of(elsewhere, "pong")


async def test_sockets_end_with_the_gateway_within_a_second(serve: Any) -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as http:
        async with serve() as served:
            ws = await http.ws_connect(f"{served.url}/ws/cluster", headers=served.headers)
            await ws.receive_json(timeout=5)
            # One that never reads its close frame.
            await http.ws_connect(f"{served.url}/ws/cluster", headers=served.headers)
            before = loop.time()
            url = served.url
        assert loop.time() - before < 1.0
        frame = await ws.receive(timeout=5)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        assert not await is_open(url)


async def test_the_embedded_gateway_has_a_random_password_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    passwords = set()
    for _ in range(2):
        async with embedded_gateway(nodes=2, seed=5, is_calm=True) as embedded, aiohttp.ClientSession() as http:
            passwords.add(embedded.password)
            assert embedded.members() == ("node1", "node2")
            assert embedded.password not in repr(embedded)
            body = {"username": embedded.username, "password": embedded.password}
            async with http.post(f"{embedded.url}/api/auth/login", json=body) as answer:
                assert answer.status == 200
            body["password"] = "admin123"
            async with http.post(f"{embedded.url}/api/auth/login", json=body) as answer:
                assert answer.status == 401
    assert len(passwords) == 2
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_says_where_it_serves_and_ends_cleanly(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "helios_gateway.cli",
        "--port",
        "0",
        "--node",
        "all",
        "--seed",
        "7",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    lines = [(await asyncio.wait_for(process.stdout.readline(), 20)).decode() for _ in range(5)]
    assert "admin/admin123" in lines[0]
    assert "seed 7" in lines[1]
    for node, line in zip(("node1", "node2", "node3"), lines[2:], strict=True):
        assert f"speaking for {node} at http://127.0.0.1:" in line
        assert await is_open(line.split()[-1])
    process.send_signal(number)
    _, told = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, told) == (0, b"")


async def test_the_command_serves_on_where_nobody_reads_what_it_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "helios_gateway.cli",
        "--port",
        str(port),
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    async with asyncio.timeout(20):
        while not await is_open(f"http://127.0.0.1:{port}"):
            assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    _, told = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, told) == (0, b"")


async def test_the_command_loads_all_of_it_without_qt() -> None:
    program = """
import sys
class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "qasync", "pyqtgraph"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoQt())
from helios_gateway.cli import main
sys.exit(main(sys.argv[1:]))
"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, "--port", port, stderr=asyncio.subprocess.PIPE
        )
        _, told = await asyncio.wait_for(process.communicate(), 20)
    # The port is opened last.
    assert f"port {port} on 127.0.0.1 is in use" in told.decode()
    assert process.returncode == 1


async def test_ctrl_c_while_it_loads_is_no_traceback() -> None:
    program = """
import os, signal, sys
class InterruptAtAiohttp:
    def find_spec(self, name, path=None, target=None):
        if name == "aiohttp":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, InterruptAtAiohttp())
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs behind it with Ctrl-C ignored
from helios_gateway.cli import main
sys.exit(main(["--port", "0"]))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, told) == (0, (b"", b""))
