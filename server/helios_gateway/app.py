"""The aiohttp application of one port: its routes, and what holds for every request."""

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from helios_desktop.protocol.auth import LOGIN_PATHS
from helios_gateway import answers
from helios_gateway.access import Sites
from helios_gateway.accounts.auth import Authority
from helios_gateway.admission.bounds import Bounds
from helios_gateway.admission.refusals import Refused
from helios_gateway.clusters.cluster import Cluster
from helios_gateway.described.described import Described
from helios_gateway.faults import FaultCalls
from helios_gateway.login import LoginCalls
from helios_gateway.rest import AdminCalls
from helios_gateway.revocation import RevocationCalls
from helios_gateway.service.health import PROBES, HealthCalls
from helios_gateway.sockets import deflate
from helios_gateway.sockets.hub import Hub
from helios_gateway.sockets.socket import SocketCalls

_ELSEWHERE_S: Final = 5.0
"""By then another one may serve, or this one again."""
_SENTENCES: Final = {
    400: "Invalid request",
    404: "404 page not found",
    405: "Method not allowed",
    408: "Request timed out",
    413: "Request too large",
}
_REASONS: Final[dict[int, tuple[Refused, str]]] = {
    401: ("token", "a request has no valid token"),
    403: ("role", "a request wants what its role does not allow"),
    408: ("body_time", "a request's body did not come in time"),
    413: ("body_size", "a request's body is too large"),
}


def create_app(
    *,
    node: str,
    cluster: Cluster,
    hub: Hub,
    authority: Authority,
    sites: Sites,
    faults: FaultCalls | None,
    bounds: Bounds,
    health: HealthCalls | None = None,
    is_deflating: bool = False,
) -> web.Application:
    """Build the application that speaks for `node` unless a request names another one."""
    limits = bounds.limits
    admission = _admission(sites, bounds, health)
    app = web.Application(middlewares=[admission, _counting(sites, bounds), _errors], client_max_size=limits.body_bytes)
    LoginCalls(authority, sites, bounds).add_to(app.router)
    RevocationCalls(authority, limits.body_s).add_to(app.router)
    AdminCalls(cluster, authority, sites, node).add_to(app.router)
    SocketCalls(hub, cluster, authority, sites, bounds, node, is_deflating=is_deflating).add_to(app.router)
    Described().add_to(app.router)
    if health is not None:
        health.add_to(app.router)
    if faults is not None:
        faults.add_to(app.router)
    app.on_response_prepare.append(sites.sign)
    app.on_response_prepare.append(deflate.agree)
    app.on_response_prepare.append(_name_server)
    return app


def _admission(sites: Sites, bounds: Bounds, health: HealthCalls | None) -> Middleware:
    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        bounds.connections.heard(request.protocol)
        if request.path in PROBES:
            return await handler(request)
        if health is not None and health.is_draining:
            leave = answers.later(503, "The gateway is stopping", _ELSEWHERE_S)
            leave.force_close()
            return leave
        return sites.refusal(request) or sites.preflight(request) or await handler(request)

    return admit


def _counting(sites: Sites, bounds: Bounds) -> Middleware:
    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        # A wrong password is counted with the logins.
        if answer.status in _REASONS and not (answer.status == 401 and request.path in LOGIN_PATHS):
            reason, why = _REASONS[answer.status]
            bounds.refusals.refused(reason, sites.address(request), why)
        return answer

    return count


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        answer = answers.text(error.status, _SENTENCES.get(error.status, error.reason))
        if error.status in {400, 408, 413}:
            # What is left of the body would be read as the next request.
            answer.force_close()
        return answer


async def _name_server(_request: web.Request, response: web.StreamResponse) -> None:
    # aiohttp has written its version and Python's there: nobody's business.
    response.headers[hdrs.SERVER] = "helios-gateway"
