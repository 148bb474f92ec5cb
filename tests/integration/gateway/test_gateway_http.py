"""Login, refresh, the `/admin` reads, faults, other sites, other hosts, and requests that never end."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from helios_gateway.admission.limits import Limits

PLAIN = "text/plain; charset=utf-8"


async def ask(served: Any, method: str, path: str, **options: Any) -> tuple[int, str, dict[str, str]]:
    async with served.http.request(method, served.url + path, **options) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/v1/auth/login"])
async def test_login_answers_as_the_real_gateway_does(served: Any, captures: Path, path: str) -> None:
    told = json.loads((captures / "rest_auth.json").read_text())
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "login bad password": ("POST", {"json": {"username": "admin", "password": "x"}}),
        "login no user": ("POST", {"json": {"username": "nobody", "password": "x"}}),
        "login invalid json": ("POST", {"data": b"{"}),
        "login GET": ("GET", {}),
    }
    for case, (method, options) in asked.items():
        status, body, headers = await ask(served, method, path, **options)
        assert (status, body) == (told[case]["status"], told[case]["body"]), case
        assert headers["Content-Type"] == PLAIN
        assert headers["X-Content-Type-Options"] == "nosniff"
    status, body, _ = await ask(served, "POST", path, data=b'{"username":"admin","password":"admin123","more":1}')
    answer = json.loads(body)
    assert status == 200
    assert set(answer) == {"token", "expires_in", "refresh_token"}
    assert answer["expires_in"] == 900


async def test_a_refresh_answers_like_a_login_and_only_once(served: Any) -> None:
    body = {"refresh_token": served.refresh_token}
    status, text, _ = await ask(served, "POST", "/api/auth/refresh", json=body)
    assert status == 200
    assert set(json.loads(text)) == {"token", "expires_in", "refresh_token"}
    assert (await ask(served, "POST", "/api/auth/refresh", json=body))[:2] == (401, "Invalid token\n")
    assert (await ask(served, "POST", "/api/auth/refresh", data=b"[]"))[:2] == (400, "Invalid request\n")
    assert (await ask(served, "GET", "/api/auth/refresh"))[:2] == (405, "Method not allowed\n")


def shape(value: Any, *, is_map: bool = False) -> Any:
    """Keys and JSON types; a number is a number; of a list, what its first item is like."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value and not is_map else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


async def test_the_admin_reads_have_the_shapes_of_the_real_gateway(serve: Any, captures: Path) -> None:
    told = json.loads((captures / "rest_leader.json").read_text())
    async with serve() as served:
        leader = await _leader(served)
        for path in (
            "/admin/cluster/status",
            "/admin/cluster/peers",
            "/admin/cluster/latency",
            "/admin/cluster/uptime",
            "/admin/cluster/uptime/history?max_events=5&max_sessions=3",
            "/admin/cluster/snapshot",
            "/admin/cluster/snapshot/history",
            "/admin/cluster/metrics",
            "/admin/metrics",
        ):
            join = "&" if "?" in path else "?"
            status, body, headers = await ask(served, "GET", f"{path}{join}node={leader}", headers=served.headers)
            assert status == 200, path
            assert headers["Content-Type"].startswith("application/json")
            assert body.endswith("\n")
            expected, got = shape(told[path]["body"]), shape(json.loads(body))
            if path == "/admin/cluster/latency":
                expected["peers"] = list(expected["peers"].values())[:1]
                got["peers"] = list(got["peers"].values())[:1]
            assert got == expected, path


async def test_the_admin_reads_follow_what_happened(serve: Any) -> None:
    async with serve(speed=50.0) as served:
        leader = await _leader(served)
        follower = next(node for node in ("node1", "node2", "node3") if node != leader)
        await served.fault(fault="step", seconds=30)
        await served.fault(fault="snapshot", node=leader)
        await served.fault(fault="stop", node=follower)
        await served.fault(fault="step", seconds=5)
        await served.fault(fault="start", node=follower)
        await served.fault(fault="step", seconds=5)
        await served.fault(fault="pause")

        async def read(path: str, node: str) -> Any:
            join = "&" if "?" in path else "?"
            return json.loads((await ask(served, "GET", f"{path}{join}node={node}", headers=served.headers))[1])

        snapshot = await read("/admin/cluster/snapshot", leader)
        assert snapshot["has_snapshot"]
        history = await read("/admin/cluster/snapshot/history", leader)
        assert history["snapshots"][-1]["id"] == snapshot["latest_snapshot_id"]
        assert history["events"][0]["type"] == "created"
        uptime = await read("/admin/cluster/uptime", follower)
        assert uptime["total_sessions"] == 2
        assert 4500 < uptime["total_downtime_ms"] < 8000
        events = (await read("/admin/cluster/uptime/history", follower))["events"]
        assert [event["type"] for event in events][:3] == ["start", "stop", "restart"]
        assert len((await read("/admin/cluster/uptime/history?max_events=1", follower))["events"]) == 1
        peer = await read(f"/admin/cluster/latency?peer_id={follower}", leader)
        assert peer["append_entries"]["count"] > 100
        assert peer["append_entries"]["error_count"] > 0
        metrics = (await read("/admin/cluster/metrics", leader))["metrics"]
        histogram = next(name for name, metric in metrics.items() if metric["type"] == "histogram")
        assert "observations" not in metrics[histogram]
        assert (await read(f"/admin/cluster/metrics?name={histogram}", leader))["observations"]
        status = await read("/admin/cluster/status", leader)
        assert status["cluster_health"]["total_peers"] == 2
        assert status["leader"]["is_leader"]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/admin/cluster/latency?peer_id=nope", 404, "Peer not found: nope\n"),
        ("/admin/cluster/metrics?name=nope", 404, "metric nope not found\n"),
        ("/admin/cluster/status?node=node9", 404, "Node not found: node9\n"),
        ("/health", 404, "404 page not found\n"),
        ("/", 404, "404 page not found\n"),
        ("/ws", 404, "404 page not found\n"),
    ],
)
async def test_what_does_not_exist_is_said_in_plain_text(served: Any, path: str, status: int, body: str) -> None:
    told, text, headers = await ask(served, "GET", path, headers=served.headers)
    assert (told, text, headers["Content-Type"]) == (status, body, PLAIN)


async def test_the_admin_reads_check_header_token_permission_node_and_method(served: Any) -> None:
    path = "/admin/cluster/status"
    token = served.headers["Authorization"].removeprefix("Bearer ")
    assert (await ask(served, "GET", f"{path}?token={token}"))[:2] == (401, "Missing authorization\n")
    assert (await ask(served, "GET", path, headers={"Authorization": "Bearer x"}))[:2] == (401, "Invalid token\n")
    assert (await ask(served, "GET", path, headers={"Authorization": token}))[0] == 200
    assert (await ask(served, "POST", path, headers=served.headers))[:2] == (405, "Method not allowed\n")
    await served.fault(fault="stop", node="node2")
    status, body, _ = await ask(served, "GET", f"{path}?node=node2", headers=served.headers)
    assert (status, body) == (503, "Raft not enabled: node2 is stopped\n")
    await served.log_in("viewer", "viewer123")
    assert (await ask(served, "GET", path, headers=served.headers))[:2] == (403, "Forbidden\n")
    assert (await ask(served, "POST", "/api/demo/faults", headers=served.headers))[:2] == (403, "Forbidden\n")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fault": "stop", "node": "node9"}, "node"),
        ({"fault": "stop"}, "node"),
        ({"fault": "stop", "node": ""}, "node"),
        ({"fault": "partition", "nodes": ["node1", "x" * 5_000]}, "nodes"),
        ({"fault": "stop", "node": 3}, "node"),
        ({"fault": "bang"}, "fault"),
        ({"fault": "bang" * 5_000}, "fault"),
        ({"node": "node1"}, "fault"),
        ({"fault": "speed", "factor": 51}, "factor"),
        ({"fault": "speed", "factor": "fast"}, "factor"),
        ({"fault": "slow", "delay_ms": -1}, "delay_ms"),
        ({"fault": "lose", "loss": 1.5}, "loss"),
        ({"fault": "step", "seconds": 0}, "seconds"),
        ({"fault": "partition", "nodes": ["node1", 2]}, "nodes"),
        ({"fault": "partition", "nodes": ["node1"], "one_way": "yes"}, "one_way"),
        ({"fault": "partition", "nodes": ["node1"], "oneway": True}, "oneway"),
        ([], ""),
    ],
)
async def test_a_fault_that_cannot_be_names_its_field(served: Any, body: Any, field: str) -> None:
    status, text, _ = await ask(served, "POST", "/api/demo/faults", json=body, headers=served.headers)
    answer = json.loads(text)
    assert status == 400
    assert answer["field"] == field
    assert field in answer["error"]
    assert "there is no ;" not in answer["error"]  # an empty name is quoted
    assert len(answer["error"]) <= 200
    assert not answer["ok"]


async def test_speed_pause_and_step_move_the_simulated_time_only(served: Any, until: Any) -> None:
    async def uptime_ms() -> int:
        text = (await ask(served, "GET", "/admin/cluster/uptime", headers=served.headers))[1]
        return int(json.loads(text)["current_uptime_ms"])

    await served.fault(fault="pause")
    before = await uptime_ms()
    await asyncio.sleep(0)
    assert await uptime_ms() == before
    await served.fault(fault="step", seconds=7.5)
    assert await uptime_ms() == before + 7500
    await served.fault(fault="speed", factor=50)
    await served.fault(fault="resume")

    async def has_gone_on() -> bool:
        return await uptime_ms() >= before + 9000

    await until(has_gone_on)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "https://localhost:5173",
        "http://127.0.0.1:1",
        "http://[::1]:3000",
        "https://ops.example",
    ],
)
async def test_a_page_from_loopback_or_a_named_origin_may_log_in_and_connect(serve: Any, origin: str) -> None:
    async with serve(allowed_origins=["https://ops.example/"]) as served:
        asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        status, _, headers = await ask(served, "OPTIONS", "/api/auth/login", headers=asks)
        assert status == 204
        assert headers["Access-Control-Allow-Origin"] == origin
        assert "Authorization" in headers["Access-Control-Allow-Headers"]
        body = {"username": "admin", "password": "admin123"}
        status, _, headers = await ask(served, "POST", "/api/auth/login", json=body, headers={"Origin": origin})
        assert status == 200
        assert headers["Access-Control-Allow-Origin"] == origin
        async with await served.open(origin=origin) as ws:
            assert (await ws.receive_json(timeout=5))["type"] == "status"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "ftp://localhost", "null", "http://localhost.evil.example", "http://[::1"]
)
async def test_a_page_of_another_site_is_refused_everywhere(served: Any, origin: str) -> None:
    for method, path in (("POST", "/api/auth/login"), ("OPTIONS", "/api/auth/login"), ("GET", "/ws/cluster")):
        status, body, headers = await ask(served, method, path, headers=served.headers | {"Origin": origin})
        assert status == 403
        assert "Origin not allowed" in body
        assert "Access-Control-Allow-Origin" not in headers


async def test_another_host_name_that_points_here_is_refused(served: Any) -> None:
    status, body, _ = await ask(
        served, "GET", "/admin/cluster/status", headers=served.headers | {"Host": "evil.example"}
    )
    assert status == 403
    assert "Host not allowed" in body


async def test_an_option_request_without_an_origin_is_just_a_wrong_method(served: Any) -> None:
    assert (await ask(served, "OPTIONS", "/api/auth/login"))[:2] == (405, "Method not allowed\n")


async def test_the_log_names_the_path_and_nothing_secret(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = served.headers["Authorization"].removeprefix("Bearer ")
    await ask(served, "GET", f"/ws/cluster?token={token}")
    await ask(served, "POST", "/api/auth/login", json={"username": "admin", "password": "admin123"})
    access = [record.getMessage() for record in caplog.records if record.name == "aiohttp.access"]
    assert any("GET /ws/cluster 400" in line for line in access)
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert token not in told
    assert "admin123" not in told


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /ws/cluster?token=geheim HTTP/1.1\r\nAuthorization\x00: Bearer geheim\r\n\r\n",
        b"GET /ws/cluster?token=geheim HTTP/1.1\r\n\r\n",
        b"GET /ws/cluster?token=" + b"geheim" * 2_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["TLS", "bad header", "no host", "long line"],
)
async def test_what_is_no_http_is_refused_and_logged_without_its_text(
    served: Any, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.gateway.ports["node1"].number)
    writer.write(sent)
    assert b" 400 " in (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n")[0]
    writer.close()
    assert any("no HTTP request" in line for line in caplog.messages)
    assert "geheim" not in caplog.text
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_no_answer_tells_the_versions_of_what_it_runs_on(served: Any) -> None:
    _, _, headers = await ask(served, "GET", "/api/auth/login")
    assert headers["Server"] == "helios-gateway"
    async with served.http.ws_connect(f"{served.url}/ws/cluster", headers=served.headers) as ws:
        assert ws._response.headers["Server"] == "helios-gateway"


async def test_who_comes_when_all_places_are_taken_is_turned_away_until_one_goes(
    serve: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(limits=Limits(status_s=3600, latency_s=3600, uptime_s=3600, connections=3)) as served:
        port = served.gateway.ports["node1"].number

        async def is_served() -> bool:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b" 404 " in await asyncio.wait_for(reader.read(), 5)
            except ConnectionError:
                return False
            finally:
                writer.close()

        # The session that logged in holds one place; these take the others.
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]

        async def is_turned_away() -> bool:
            return not await is_served()

        await until(is_turned_away)
        assert await is_turned_away()
        told = [record for record in caplog.records if "3 connections are open" in record.getMessage()]
        assert len(told) == 1
        idle[0][1].close()
        await until(is_served)
        idle[1][1].close()


async def test_who_never_finishes_a_request_is_cut_off(serve: Any) -> None:
    limits = Limits(status_s=3600, latency_s=3600, uptime_s=3600, header_s=0.1, body_s=0.1)
    async with serve(limits=limits) as served:
        port = served.gateway.ports["node1"].number
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /ws/cluster HTTP/1.1\r\nHost: loc")
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b"Request timed out\n")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        answer = await asyncio.wait_for(reader.read(), 15)
        assert b" 408 " in answer
        assert answer.endswith(b"Request timed out\n")
        writer.close()


async def test_a_body_that_is_too_large_is_refused(served: Any) -> None:
    status, body, _ = await ask(served, "POST", "/api/auth/login", data=b" " * 70_000)
    assert (status, body) == (413, "Request too large\n")


async def _leader(served: Any) -> str:
    async with asyncio.timeout(10):
        while True:
            for node in ("node1", "node2", "node3"):
                text = (await ask(served, "GET", f"/admin/cluster/status?node={node}", headers=served.headers))[1]
                if json.loads(text)["leader"]["is_leader"]:
                    return node
