"""How the gateway is: `/healthz` and `/readyz` for probes, `/metrics` for Prometheus. None of them needs a token."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from helios_gateway import answers
from helios_gateway.clusters.simulated import SimulatedCluster

if TYPE_CHECKING:
    from helios_gateway.service.exposition import Exposition

HEALTH_PATH: Final = "/healthz"
READY_PATH: Final = "/readyz"
METRICS_PATH: Final = "/metrics"
PROBES: Final = frozenset({HEALTH_PATH, READY_PATH})
"""Asked by whatever name the prober knows this machine; they tell nothing that is worth a hostile page's trouble."""
STALLED_S: Final = 2.0
"""A cluster whose time did not go by for so long does not serve."""


class Health:
    """Whether the gateway serves. `is_draining` and `has_failed` are set by whoever ends it."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self.is_draining = False
        self.has_failed = False

    def is_going_on(self) -> bool:
        """Whether the cluster's time goes by, or is held by somebody's wish; asked from the running loop."""
        turned_at_s = self._cluster.turned_at_s
        return not self.has_failed and asyncio.get_running_loop().time() - turned_at_s <= STALLED_S

    def trouble(self) -> str:
        """Why it should not be asked for anything new: a sentence, "" where it should."""
        if self.is_draining:
            return "The gateway is stopping"
        if not self.is_going_on():
            return "The cluster stands still"
        if not any(self._cluster.is_running(node) for node in self._cluster.members()):
            return "No node of the cluster runs"
        return ""


@dataclass(frozen=True, slots=True)
class Gauges:
    """The figures of this moment.

    sockets:     open ones, by the node that they listen to
    connections: open ones, whatever they are for
    running:     which nodes exist, and whether each runs
    is_ready:    as `/readyz` says
    """

    sockets: Mapping[str, int]
    connections: int
    running: Mapping[str, bool]
    is_ready: bool


class HealthCalls:
    """Handlers of the three. `expose` makes what `/metrics` answers with, when it is first asked."""

    def __init__(self, health: Health, expose: "Callable[[], Exposition]") -> None:
        self._health = health
        self._expose = expose
        self._exposition: Exposition | None = None

    @property
    def is_draining(self) -> bool:
        """Whether nobody new is let in."""
        return self._health.is_draining

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve them."""
        router.add_get(HEALTH_PATH, self._live)
        router.add_get(READY_PATH, self._ready)
        router.add_get(METRICS_PATH, self._metrics)

    async def _live(self, _request: web.Request) -> web.StreamResponse:
        return answers.text(200, "ok")

    async def _ready(self, _request: web.Request) -> web.StreamResponse:
        trouble = self._health.trouble()
        return answers.text(503, trouble) if trouble else answers.text(200, "ready")

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        if self._exposition is None:
            self._exposition = self._expose()
        body, content_type = self._exposition.text(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})
