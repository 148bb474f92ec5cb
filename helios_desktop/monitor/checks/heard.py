"""The last steps of a check: what comes over the socket, and if nothing does, why."""

from typing import Final

from helios_desktop.client.causes import explain
from helios_desktop.client.failure import CallError, Failure
from helios_desktop.monitor.checks.calls import Calls
from helios_desktop.monitor.checks.listening import Listening
from helios_desktop.monitor.finding import Finding, Outcome, failed, note, ok, skipped
from helios_desktop.observation import Cause
from helios_desktop.protocol.codec import decode_body
from helios_desktop.protocol.messages import Status
from helios_desktop.words import _, ngettext

PONG_S: Final = 3.0
FAR_MS: Final = 1_000
"""A clock that is off by more makes a reader of times wonder."""
_REFUSED: Final = frozenset({Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN})


class Heard:
    """Opens the socket and judges what it tells, together with what REST told before.

    watch_s:  how long to count messages, from the opening on
    status_s: how long a status may take
    """

    def __init__(self, calls: Calls, listening: Listening, *, watch_s: float, status_s: float) -> None:
        self._calls = calls
        self._listening = listening
        self._watch_s = watch_s
        self._status_s = status_s

    async def try_socket(self) -> Finding:
        """Upgrade to a WebSocket."""
        try:
            await self._listening.open(self._calls.token)
        except CallError as error:
            return self._socket_failed(error.failure)
        return ok(_("The gateway opened a WebSocket."))

    async def try_status(self) -> Finding:
        """Wait for the first status; without one, tell by pings and REST why there is none."""
        heard, calls = self._listening, self._calls
        has_why = not calls.has_raft
        # A pong proves the hub, and REST has said what is wrong behind it: no need to wait for more.
        await heard.hear(lambda: heard.status is not None or (has_why and heard.round_trip is not None), self._status_s)
        if heard.status is not None and isinstance(heard.status.body, Status):
            return ok(
                _("{status}, {after} s after the opening.").format(
                    status=self._describe(heard.status.body), after=f"{heard.age_s:.2f}"
                )
            )
        if heard.ending is not None:
            return failed(Failure(Cause.SERVER_CLOSED, calls.said(heard.ending)))
        if heard.malformed:
            return failed(Failure(Cause.NO_STATUS, calls.said(heard.malformed)))
        if not heard.counts:
            return failed(Failure(Cause.HUB_NOT_RUNNING))
        if not calls.has_raft:
            return failed(Failure(Cause.RAFT_NOT_ENABLED))
        return failed(Failure(Cause.STATUS_BY_REST if calls.status else Cause.NO_STATUS))

    async def try_dialect(self) -> Finding:
        """Tell the dialect by the shape of the status, from wherever it came."""
        message = self._listening.status
        status = message.body if message is not None else decode_body("status", self._calls.status or "null")
        if not isinstance(status, Status):
            return skipped(_("No status came, and nothing else tells the dialect."))
        if status.node is not None:
            return ok(
                _("The gateway speaks as the real Go gateway does: nested statuses, and much that is not pushed.")
            )
        if message is not None and message.boot is not None and message.seq is not None:
            return ok(_("The gateway speaks as the guide says, and numbers its messages: it is Helios Desktop's own."))
        return ok(_("The gateway speaks as the guide says: flat statuses, and every kind of message is pushed."))

    async def try_clock(self) -> Finding:
        """Compare the clocks by a ping of its own: nothing may lie between its pong and the reading of it."""
        trip = await self._listening.measure(PONG_S) if self._listening.counts else None
        if trip is None:
            return note(_("No ping was answered, so nothing is known of the gateway's clock."))
        trip_ms = trip.took_ns / 1e6
        if trip.offset_ns is None:
            return note(_("A ping takes {trip:.1f} ms, but its answer does not say the time.").format(trip=trip_ms))
        offset_ms = round(trip.offset_ns / 1e6, 1) + 0.0  # never -0.0
        text = _("The gateway's clock is {offset:+.1f} ms from ours; a ping and its answer take {trip:.1f} ms.").format(
            offset=offset_ms, trip=trip_ms
        )
        if abs(offset_ms) <= max(FAR_MS, trip_ms):
            return ok(text)
        return note(text, _("Set both clocks by NTP, or mind this when times are compared."))

    async def try_kinds(self) -> Finding:
        """Count what comes."""
        heard = self._listening
        if self._watch_s <= 0:
            return skipped(_("Nobody watched which kinds of messages come."))
        await heard.hear(lambda: False, self._watch_s)
        seconds = round(max(heard.age_s, 0.0))
        total = sum(heard.counts.values())
        if not total:
            return note(
                ngettext("Nothing came in {n} second.", "Nothing came in {n} seconds.", seconds).format(n=seconds)
            )
        kinds = ", ".join(f"{self._calls.said(kind)} {count}" for kind, count in sorted(heard.counts.items()))
        text = ngettext("In {n} second came: {kinds}.", "In {n} seconds came: {kinds}.", seconds).format(
            n=seconds, kinds=kinds
        )
        if heard.ending is not None:
            said = explain(Cause.SERVER_CLOSED, self._calls.said(heard.ending))
            return Finding(Outcome.NOTE, f"{text} {said.sentence}", said.next_step, Cause.SERVER_CLOSED)
        return ok(text)

    def _socket_failed(self, failure: Failure) -> Finding:
        if failure.cause in _REFUSED or not self._calls.is_admin:
            return failed(failure)
        # REST works with the same token, so the gateway is well and only the upgrade does not get through.
        advice = explain(Cause.SOCKET_BLOCKED, "").next_step
        if "http.Hijacker" in failure.detail:
            text = _("REST works, but a plugin of the gateway lets no WebSocket through ({detail}).")
            advice = _("Add /ws/cluster to the skip_paths of the gateway's plugin http_access.")
        else:
            text = _("REST works, but something on the way lets no WebSocket through ({detail}).")
        return Finding(Outcome.FAILED, text.format(detail=failure.detail), advice, Cause.SOCKET_BLOCKED)

    def _describe(self, status: Status) -> str:
        node, role = self._calls.said(status.node_id), self._calls.said(status.state or "")
        if status.term is None or not role:
            return _("A status of {node} came").format(node=node)
        return _("A status of {node} came, {role} in term {term}").format(node=node, role=role, term=status.term)
