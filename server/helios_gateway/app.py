"""The aiohttp application of one port: its routes, and what holds for every request."""

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from helios_gateway import answers
from helios_gateway.access import Sites
from helios_gateway.auth import Authority
from helios_gateway.clusters.cluster import Cluster
from helios_gateway.connections import Connections
from helios_gateway.faults import FaultCalls
from helios_gateway.hub import Hub
from helios_gateway.limits import Limits
from helios_gateway.login import LoginCalls
from helios_gateway.rest import AdminCalls
from helios_gateway.socket import SocketCalls

_SENTENCES: Final = {
    404: "404 page not found",
    405: "Method not allowed",
    408: "Request timed out",
    413: "Request too large",
}


def create_app(
    *,
    node: str,
    cluster: Cluster,
    hub: Hub,
    authority: Authority,
    sites: Sites,
    connections: Connections,
    faults: FaultCalls | None,
    limits: Limits,
) -> web.Application:
    """Build the application that speaks for `node` unless a request names another one."""
    app = web.Application(middlewares=[_admission(sites, connections), _errors], client_max_size=limits.body_bytes)
    LoginCalls(authority, limits.body_s).add_to(app.router)
    AdminCalls(cluster, authority, node).add_to(app.router)
    SocketCalls(hub, cluster, authority, node, limits).add_to(app.router)
    if faults is not None:
        faults.add_to(app.router)
    app.on_response_prepare.append(sites.sign)
    app.on_response_prepare.append(_name_server)
    return app


def _admission(sites: Sites, connections: Connections) -> Middleware:
    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        connections.heard(request.protocol)
        return sites.refusal(request) or sites.preflight(request) or await handler(request)

    return admit


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        answer = answers.text(error.status, _SENTENCES.get(error.status, error.reason))
        if error.status in {408, 413}:
            # What is left of the body would be read as the next request.
            answer.force_close()
        return answer


async def _name_server(_request: web.Request, response: web.StreamResponse) -> None:
    # aiohttp has written its version and Python's there: nobody's business.
    response.headers[hdrs.SERVER] = "helios-gateway"
