"""`/healthz`, `/readyz` and `/metrics`, as probes and Prometheus ask them."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from helios_gateway.service.health import STALLED_S

Served = Any  # the class is in conftest, which cannot be imported
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


async def ask(served: Served, path: str, **headers: str) -> tuple[int, str]:
    async with served.http.get(f"{served.url}{path}", headers=headers) as answer:
        return answer.status, await answer.text()


async def figures(served: Served) -> dict[tuple[str, str], float]:
    """Every sample of `/metrics`, by its name and the value of its label."""
    status, text = await ask(served, "/metrics")
    assert status == 200
    families: Any = text_string_to_metric_families(text)
    return {
        (sample.name, "".join(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


async def test_probes_are_answered_without_a_token_and_by_any_name(served: Served, until: Any) -> None:
    assert await ask(served, "/healthz", Host="10.1.2.3") == (200, "ok\n")
    await until(lambda: served.gateway.health.trouble() == "")
    assert await ask(served, "/readyz", Host="10.1.2.3") == (200, "ready\n")


async def test_figures_are_given_only_under_a_name_that_is_allowed(served: Served) -> None:
    assert (await ask(served, "/metrics", Host="evil.example"))[0] == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_they_are_only_read(served: Served, path: str) -> None:
    async with served.http.post(f"{served.url}{path}") as answer:
        assert answer.status == 405
    async with served.http.head(f"{served.url}{path}") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_a_gateway_without_a_running_node_is_alive_and_not_ready(serve: Any) -> None:
    async with serve() as served:
        for node in ("node1", "node2", "node3"):
            assert (await ask(served, "/readyz"))[0] == 200
            await served.fault(fault="stop", node=node)
        assert await ask(served, "/readyz") == (503, "No node of the cluster runs\n")
        assert (await ask(served, "/healthz"))[0] == 200
        await served.fault(fault="start", node="node2")
        assert await ask(served, "/readyz") == (200, "ready\n")


async def test_a_cluster_that_is_held_by_a_user_is_ready_and_one_that_stands_still_is_not(serve: Any) -> None:
    async with serve() as served:
        await served.fault(fault="pause")
        assert await ask(served, "/readyz") == (200, "ready\n")
        served.gateway.health._cluster = Stalled(served.gateway.cluster)
        assert await ask(served, "/readyz") == (503, "The cluster stands still\n")


class Stalled:
    """A cluster whose time stopped going by a moment too long ago."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.turned_at_s = asyncio.get_running_loop().time() - STALLED_S - 0.001

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)


async def test_a_gateway_that_drains_says_so_and_lets_nobody_in(serve: Any) -> None:
    async with serve() as served:
        await served.gateway.drain(0.2)
        assert await ask(served, "/readyz") == (503, "The gateway is stopping\n")
        assert (await ask(served, "/healthz"))[0] == 200
        async with served.http.post(f"{served.url}/api/auth/login", json={}) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "5"
            assert answer.headers["Connection"] == "close"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.open()
        assert refused.value.status == 503


async def test_what_happens_is_counted(served: Served) -> None:
    async with await served.open() as socket, await served.open("node2") as other:
        await socket.receive_json(timeout=5)
        await other.receive_json(timeout=5)
        async with served.http.post(f"{served.url}/api/auth/login", json={"username": "admin", "password": "no"}) as it:
            assert it.status == 401
        told = await figures(served)
        assert told["helios_gateway_sockets", "node1"] == 1
        assert told["helios_gateway_sockets", "node2"] == 1
        assert told["helios_gateway_sockets", "node3"] == 0
        assert told["helios_gateway_connections", ""] >= 2
        assert told["helios_gateway_node_running", "node1"] == 1
        assert told["helios_gateway_ready", ""] == 1
        assert told["helios_gateway_logins_total", "ok"] == 1
        assert told["helios_gateway_logins_total", "wrong"] == 1
        assert told["helios_gateway_messages_delivered_total", ""] == 2
        assert told["helios_gateway_sent_bytes_total", ""] > 100
        assert told["process_resident_memory_bytes", ""] > 1e6
    await served.fault(fault="stop", node="node2")
    assert (await figures(served))["helios_gateway_node_running", "node2"] == 0


async def test_every_counter_of_the_gateway_is_exposed(served: Served) -> None:
    """A new one that nobody exposes fails here."""
    metrics = served.gateway.metrics
    for number, name in enumerate(type(metrics).__dataclass_fields__, 1):
        if isinstance(getattr(metrics, name), int):
            setattr(metrics, name, 1000 + number)
        else:
            getattr(metrics, name)["x"] = 1000 + number
    told = set((await figures(served)).values())
    for number, name in enumerate(type(metrics).__dataclass_fields__, 1):
        assert 1000 + number in told, name


async def test_openmetrics_is_spoken_where_it_is_preferred(served: Served) -> None:
    async with served.http.get(f"{served.url}/metrics", headers={"Accept": OPENMETRICS}) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        text = await answer.text()
    families: Any = openmetrics_families(text)  # type: ignore[no-untyped-call]  # it names no types
    names = {family.name for family in families}
    assert {"helios_gateway_logins", "helios_gateway_sockets", "helios_gateway_messages_lost"} <= names
    async with served.http.get(f"{served.url}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")


async def test_a_version_that_is_none_is_no_error(served: Served) -> None:
    accept = {"Accept": "application/openmetrics-text; version=a.b.c"}
    async with served.http.get(f"{served.url}/metrics", headers=accept) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")


async def test_no_figure_names_anybody_or_anything_secret(served: Served) -> None:
    async with await served.open() as socket:
        await socket.receive_json(timeout=5)
        text = (await ask(served, "/metrics"))[1]
    for secret in ("admin", "127.0.0.1", served.refresh_token, served.headers["Authorization"].split()[1]):
        assert secret not in text


def test_prometheus_client_is_not_loaded_before_it_is_asked_for() -> None:
    program = "import json, sys, helios_gateway.service.serve, helios_gateway.embedded"
    program += "; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert "helios_gateway.gateway" in json.loads(done.stdout)
    assert "prometheus_client" not in json.loads(done.stdout)
