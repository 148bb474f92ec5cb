"""The real gateway's reads under `/admin` (wire.md §5): its shapes, without its rate limit and its bugs."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from helios_gateway import answers
from helios_gateway.access import Sites, grant_of
from helios_gateway.accounts.auth import Authority
from helios_gateway.clusters.cluster import Cluster

_Read = Callable[[web.Request, str], Any]
_MOST_EVENTS: Final = 1000
_MOST_SNAPSHOTS: Final = 100


class AdminCalls:
    """Handlers of the reads. `node` answers where a request names none with `?node=`."""

    def __init__(self, cluster: Cluster, authority: Authority, sites: Sites, node: str) -> None:
        self._cluster = cluster
        self._admin = cluster.admin
        self._authority = authority
        self._sites = sites
        self._node = node

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve them."""
        reads: dict[str, _Read] = {
            "/admin/cluster/status": lambda _, node: self._admin.status(node),
            "/admin/cluster/peers": lambda _, node: {"peers": self._admin.peers(node)},
            "/admin/cluster/latency": self._latency,
            "/admin/cluster/uptime": lambda _, node: self._admin.uptime(node),
            "/admin/cluster/uptime/history": self._uptime_history,
            "/admin/cluster/snapshot": lambda _, node: self._admin.snapshot(node),
            "/admin/cluster/snapshot/history": self._snapshot_history,
            "/admin/cluster/metrics": self._metrics,
            "/admin/metrics": lambda _, _node: {"message": "Metrics endpoint"},
        }
        for path, read in reads.items():
            router.add_route("*", path, self._handler(read))

    def _handler(self, read: _Read) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            grant = grant_of(request, self._authority, self._sites.may_watch)
            if isinstance(grant, web.Response):
                return grant
            node = request.query.get("node") or self._node
            if node not in self._cluster.members():
                return answers.text(404, f"Node not found: {node}")
            if not self._cluster.is_running(node):
                return answers.text(503, f"Raft not enabled: {node} is stopped")
            if request.method != "GET":
                return answers.text(405, "Method not allowed")
            answer = read(request, node)
            return answer if isinstance(answer, web.Response) else answers.json(answer)

        return handle

    def _latency(self, request: web.Request, node: str) -> Any:
        peer = request.query.get("peer_id")
        if not peer:
            return self._admin.latency(node)
        answer = self._admin.peer_latency(node, peer)
        return answers.text(404, f"Peer not found: {peer}") if answer is None else answer

    def _uptime_history(self, request: web.Request, node: str) -> Any:
        return self._admin.uptime_history(
            node, _count(request, "max_events", 100, _MOST_EVENTS), _count(request, "max_sessions", 50, _MOST_EVENTS)
        )

    def _snapshot_history(self, request: web.Request, node: str) -> Any:
        return self._admin.snapshot_history(
            node, _count(request, "events", 100, _MOST_EVENTS), _count(request, "snapshots", 10, _MOST_SNAPSHOTS)
        )

    def _metrics(self, request: web.Request, node: str) -> Any:
        name = request.query.get("name")
        if not name:
            return self._admin.metrics(node)
        answer = self._admin.metric(node, name)
        return answers.text(404, f"metric {name} not found") if answer is None else answer


def _count(request: web.Request, name: str, default: int, most: int) -> int:
    """How many of the last are asked for: what is not a number above 0 means the default, as it does there."""
    told = request.query.get(name, "")
    if not (told.isascii() and told.isdigit() and len(told) < 10):
        return default
    return min(int(told), most) or default
