"""The facts of each call over HTTP that the OpenAPI document tells: its path, its body, what it answers, who may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from helios_desktop.protocol.auth import (
    LOGIN_PATHS,
    REFRESH_PATH,
    SOCKET_PATH,
    LoginAnswer,
    LoginRequest,
    RefreshRequest,
)
from helios_desktop.protocol.messages import (
    Metric,
    MetricsTable,
    PeerLatency,
    SnapshotStatistics,
    UptimeHistory,
    UptimeStatistics,
)
from helios_gateway.described.answer_types import (
    Done,
    FaultRefusal,
    LatencyReport,
    NodeStatus,
    Peers,
    Revoked,
    Sentence,
    SnapshotHistory,
)
from helios_gateway.faults import FAULTS_PATH
from helios_gateway.revocation import LOGOUT_PATHS, REVOKE_PATH, RevokeRequest
from helios_gateway.service.health import HEALTH_PATH, METRICS_PATH, READY_PATH
from helios_gateway.simulation.faults import Fault

OPENAPI_PATH: Final = "/openapi.json"
ASYNCAPI_PATH: Final = "/asyncapi.json"

_NODE: Final = {"node": "Whose view; without it the one of this port."}
_TOKEN: Final = {401: "No token, or one that is not valid", 403: "The role does not allow it"}
_BODY: Final = {400: "The body is not what the call takes", 408: "The body took too long", 413: "It is too large"}
_READ: Final = {**_TOKEN, 404: "There is no such node", 503: "The node is stopped"}
_LIMITED: Final = {429: "Too many of these: wait as Retry-After says"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call, under each of its paths.

    answers: the types of a good answer, any of them; str is plain text
    schemes: how it may be authorized, none for everybody
    query:   the parameters with what they mean
    refused: what each other status means; as plain text but for those in `shapes`
    """

    paths: tuple[str, ...]
    method: str
    summary: str
    answers: tuple[Any, ...] = (str,)
    body: Any = None
    schemes: tuple[str, ...] = ("bearer",)
    query: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    shapes: Mapping[int, Any] = field(default_factory=dict)
    status: int = 200


def _read(path: str, summary: str, *answers: Any, **query: str) -> Call:
    told = f"{_READ[404]}, peer or metric" if query.keys() & {"peer_id", "name"} else _READ[404]
    return Call((path,), "get", summary, answers, query={**_NODE, **query}, refused={**_READ, 404: told})


_LAST: Final = "How many of the last"

CALLS: Final = (
    Call(
        LOGIN_PATHS,
        "post",
        "Log in by name and password",
        (LoginAnswer,),
        LoginRequest,
        (),
        refused={**_BODY, **_LIMITED, 401: "The name or the password is wrong", 503: "Too many log in at once"},
    ),
    Call(
        (REFRESH_PATH,),
        "post",
        "Trade a refresh token, which is good for one use, for new tokens",
        (LoginAnswer,),
        RefreshRequest,
        (),
        refused={**_BODY, 401: "The refresh token is unknown, used or too old"},
    ),
    Call(
        LOGOUT_PATHS,
        "post",
        "End the login of this token: its tokens, and its sockets within a second",
        (Done,),
        refused={401: _TOKEN[401]},
    ),
    Call(
        (REVOKE_PATH,),
        "post",
        "End all logins of one user, or of all; for an admin",
        (Revoked,),
        RevokeRequest,
        refused={**_TOKEN, **_BODY},
    ),
    Call(
        (SOCKET_PATH,),
        "get",
        "Open the socket, as /asyncapi.json describes it",
        (),
        schemes=("bearer", "query"),
        query={**_NODE, "since": "BOOT:SEQ of the last message that came, to get what was missed first."},
        refused={
            **_TOKEN,
            **_LIMITED,
            400: "This is no WebSocket handshake, or `since` is not BOOT:SEQ",
            404: _READ[404],
            503: "The gateway is full, or stopping",
        },
        status=101,
    ),
    _read("/admin/cluster/status", "What the node knows of the cluster", NodeStatus),
    _read("/admin/cluster/peers", "The other members", Peers),
    _read(
        "/admin/cluster/latency",
        "Latency of the RPCs that the node sends",
        LatencyReport,
        PeerLatency,
        peer_id="Of this peer alone.",
    ),
    _read("/admin/cluster/uptime", "The node's uptime and what it did in it", UptimeStatistics),
    _read(
        "/admin/cluster/uptime/history",
        "Its events and sessions",
        UptimeHistory,
        max_events=f"{_LAST} events, 100 unless told, 1000 at most.",
        max_sessions=f"{_LAST} sessions, 50 unless told, 1000 at most.",
    ),
    _read("/admin/cluster/snapshot", "Statistics of the node's snapshots", SnapshotStatistics),
    _read(
        "/admin/cluster/snapshot/history",
        "Its snapshots and what happened to them",
        SnapshotHistory,
        events=f"{_LAST} events, 100 unless told, 1000 at most.",
        snapshots=f"{_LAST} snapshots, 10 unless told, 100 at most.",
    ),
    _read("/admin/cluster/metrics", "The custom metrics", MetricsTable, Metric, name="This one alone."),
    _read("/admin/metrics", "The real gateway's constant answer; /metrics has the numbers", Sentence),
    Call(
        (FAULTS_PATH,),
        "post",
        "Make a fault of the simulated cluster; on this machine only",
        (Done,),
        Fault,
        refused={**_TOKEN, **_BODY},
        shapes={400: FaultRefusal},
    ),
    Call((HEALTH_PATH,), "get", "Whether the process answers", schemes=()),
    Call((READY_PATH,), "get", "Whether it serves", schemes=(), refused={503: "It is stopping, or the cluster stands"}),
    Call((METRICS_PATH,), "get", "The gateway's figures for Prometheus", schemes=()),
    Call((OPENAPI_PATH,), "get", "This document", (dict[str, Any],), schemes=()),
    Call((ASYNCAPI_PATH,), "get", "The same for the socket", (dict[str, Any],), schemes=()),
)
"""In the order in which a client needs them."""
