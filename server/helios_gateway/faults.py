"""`POST /api/demo/faults`: one call, one fault of the simulated cluster."""

import re
from typing import Any, Final

import msgspec
from aiohttp import web

from helios_desktop.protocol.codec import UNREADABLE
from helios_gateway import answers
from helios_gateway.access import Sites, admin_of
from helios_gateway.accounts.auth import Authority
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.login import read_body
from helios_gateway.simulation.faults import Fault, FaultError

FAULTS_PATH: Final = "/api/demo/faults"
_decode = msgspec.json.Decoder(Fault).decode
_LONGEST: Final = 200
_PATH: Final = re.compile(r" - at `\$\.?([^`]*)`\Z")
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN: Final = re.compile(r"contains unknown field `([^`]+)`")


class FaultCalls:
    """Handler of the faults: for admins on this machine. 400 answers `{"ok":false,"field":…,"error":…}`."""

    def __init__(self, cluster: SimulatedCluster, authority: Authority, sites: Sites, body_s: float) -> None:
        self._cluster = cluster
        self._authority = authority
        self._sites = sites
        self._body_s = body_s

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve it."""
        router.add_route("*", FAULTS_PATH, self._apply)

    async def _apply(self, request: web.Request) -> web.StreamResponse:
        grant = admin_of(request, self._authority)
        if isinstance(grant, web.Response):
            return grant
        if not self._sites.is_here(request):
            return answers.text(403, "Forbidden")
        if request.method != "POST":
            return answers.text(405, "Method not allowed")
        raw = await read_body(request, self._body_s)
        try:
            fault: Any = _decode(raw)
        except UNREADABLE as error:
            return _refusal(*_field_and_reason(str(error)))
        try:
            await self._cluster.apply(fault)
        except FaultError as error:
            return _refusal(error.field, error.reason)
        return answers.json({"ok": True})


def _refusal(field: str, reason: str) -> web.Response:
    sentence = f"{field}: {reason}" if field else reason
    # What was sent may be quoted in it.
    told = sentence if len(sentence) <= _LONGEST else sentence[: _LONGEST - 1] + "…"
    return answers.json({"ok": False, "field": field, "error": told}, status=400)


def _field_and_reason(told: str) -> tuple[str, str]:
    """Split what msgspec says into the field to blame ("" for the whole body) and the rest."""
    missing = _MISSING.search(told)
    if missing is not None:
        return missing[1], "is missing"
    unknown = _UNKNOWN.search(told)
    if unknown is not None:
        # Ignored, a mistyped "oneway" would cut both ways and look done.
        return unknown[1], "this fault has no such field"
    path = _PATH.search(told)
    if path is None or not path[1]:
        return "", f"the body is no fault: {told}"
    # "nodes[...]" blames `nodes`.
    return path[1].partition("[")[0], told[: path.start()]
