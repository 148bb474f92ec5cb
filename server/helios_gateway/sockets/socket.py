"""`GET /ws/cluster`: the checks before the upgrade, then the reading side of one socket (wire.md §2)."""

import asyncio
import base64
import hashlib
from typing import Final, cast

from aiohttp import HttpVersion11, hdrs, web

from helios_desktop.protocol.auth import SOCKET_PATH
from helios_desktop.protocol.subscription import Ignored, Ping, Refused, Subscribe, Topic, Unsubscribe, decode_request
from helios_gateway import answers
from helios_gateway.access import Sites, header_token
from helios_gateway.accounts.auth import Authority, Grant
from helios_gateway.admission.bounds import Bounds
from helios_gateway.admission.conduct import Conduct, Excess
from helios_gateway.admission.speaker import Speaker
from helios_gateway.clusters.cluster import Cluster
from helios_gateway.sockets import deflate
from helios_gateway.sockets.client import Client
from helios_gateway.sockets.frames import TOO_MANY, pong_frame
from helios_gateway.sockets.hub import Hub
from helios_gateway.sockets.reading import TOO_BIG, FrameReader, Opcode, ProtocolError, close_code_of
from helios_gateway.sockets.ring import NO_SINCE, Since, parse_since

_ACCEPT_SUFFIX: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 §4.2.2."""


class SocketCalls:
    """Handler of the socket. `node` is spoken for where a request names none with `?node=`."""

    def __init__(
        self,
        hub: Hub,
        cluster: Cluster,
        authority: Authority,
        sites: Sites,
        bounds: Bounds,
        node: str,
        *,
        is_deflating: bool = False,
    ) -> None:
        self._hub = hub
        self._cluster = cluster
        self._authority = authority
        self._node = node
        self._sites = sites
        self._bounds = bounds
        self._limits = bounds.limits
        self._is_deflating = is_deflating

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve it."""
        router.add_route("*", SOCKET_PATH, self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        grant = self._admin_of(request)
        if isinstance(grant, web.Response):
            return grant
        node = request.query.get("node") or self._node
        if node not in self._cluster.members():
            return answers.text(404, f"Node not found: {node}")
        since = parse_since(request.query["since"]) if "since" in request.query else None
        if since is None and "since" in request.query:
            return answers.text(400, NO_SINCE)
        refusal = _upgrade_refusal(request)
        if refusal is not None:
            return refusal
        address = self._sites.address(request)
        refusal = self._bounds.places.refusal(grant.username, address)
        if refusal is not None:
            return refusal
        with self._bounds.places.taken_by(grant.username):
            return await self._open(request, grant, node, since, f"{grant.username} at {address}")

    async def _open(
        self, request: web.Request, grant: Grant, node: str, since: Since | None, who: str
    ) -> web.StreamResponse:
        is_deflated = self._is_deflating and deflate.is_offered(request)
        answer = _switching(request, is_deflated=is_deflated)
        try:
            await answer.prepare(request)
        except ConnectionError:
            # It went before it was let in.
            return answer
        transport = request.transport
        if transport is None:
            return answer
        now = asyncio.get_running_loop().time()
        client = Client(transport, node, self._node, grant.sid, pinged_at=now, ponged_at=now, is_deflated=is_deflated)
        conduct = Conduct(self._limits, self._bounds.refusals, who, self._bounds.now_s)
        reader = FrameReader(
            self._limits.message_bytes,
            lambda opcode, payload: self._hear(client, conduct, opcode, payload),
            lambda code, reason: self._fail(client, conduct, code, reason),
            lambda: self._hub.leave(client),
            is_deflating=is_deflated,
        )
        self._hub.join(client, since)
        try:
            # `Connections` makes no other.
            cast("Speaker", request.protocol).become_socket(reader)
            await reader.ended
        finally:
            self._hub.leave(client)
            client.leave()
        return answer

    def _admin_of(self, request: web.Request) -> Grant | web.Response:
        """Check the token of the query, else of the header: a bad one in the query wins over a good header."""
        token = request.query.get("token") or header_token(request)
        if not token:
            return answers.text(401, "Authentication required")
        grant = self._authority.check(token)
        if grant is None:
            return answers.text(401, "Invalid token")
        return grant if self._sites.may_watch(grant) else answers.text(403, "Admin permission required")

    def _hear(self, client: Client, conduct: Conduct, opcode: Opcode, payload: bytes) -> None:
        # Counted for one that was told to close as well: it may flood until it is cut.
        if opcode is not Opcode.CLOSE and (self._refuse(client, conduct.message()) or client.is_ended):
            return
        match opcode:
            case Opcode.PING:
                if client.transport.get_write_buffer_size() <= self._limits.unsent_bytes:
                    client.transport.write(pong_frame(payload))
            case Opcode.PONG:
                client.ponged_at = asyncio.get_running_loop().time()
            case Opcode.CONTINUATION:
                # The message is followed when it is whole.
                pass
            case Opcode.CLOSE:
                self._hub.leave(client)
                client.answer_close(close_code_of(payload), self._limits.grace_s)
            case _:
                self._follow(client, conduct, payload)

    def _follow(self, client: Client, conduct: Conduct, frame: bytes) -> None:
        match decode_request(frame):
            case Ping():
                self._hub.pong(client)
            case Subscribe(topics):
                self._subscribe(client, conduct, topics)
            case Unsubscribe():
                self._subscribe(client, conduct, frozenset())
            case Refused(reason):
                self._refuse(client, conduct.malformed(reason))
            case Ignored():
                pass

    def _subscribe(self, client: Client, conduct: Conduct, topics: frozenset[Topic]) -> None:
        if not self._refuse(client, conduct.subscription()):
            self._hub.subscribe(client, topics)

    def _refuse(self, client: Client, excess: Excess | None) -> bool:
        """Whether a message is not to be followed, of which its sender is told. Raises `ProtocolError` for the last."""
        if excess is None:
            return False
        if excess.sentence and not client.is_ended:
            self._hub.refuse(client, excess.sentence)
        if excess.is_last:
            # A flood must not even be read.
            raise ProtocolError(TOO_MANY, "too many messages")
        return True

    def _fail(self, client: Client, conduct: Conduct, code: int, reason: str) -> None:
        """Fail the connection (RFC 6455 §7.1.7): say why, and let it read that before it is cut."""
        if client.is_ended:
            return
        if code == TOO_BIG:
            self._hub.refuse(client, conduct.too_large(self._limits.message_bytes).sentence)
        self._hub.end(client, code, reason)
        if client.transport.can_write_eof():
            # Closed with something unread, the connection would be reset, and the close frame lost.
            client.transport.write_eof()


def _switching(request: web.Request, *, is_deflated: bool) -> web.StreamResponse:
    """The answer that opens the socket."""
    key = request.headers[hdrs.SEC_WEBSOCKET_KEY].encode()
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SUFFIX, usedforsecurity=False).digest()).decode()
    fields = {hdrs.UPGRADE: "websocket", hdrs.CONNECTION: "upgrade", hdrs.SEC_WEBSOCKET_ACCEPT: accept}
    if is_deflated:
        # `deflate.agree` says the rest.
        fields[hdrs.SEC_WEBSOCKET_EXTENSIONS] = "permessage-deflate"
    answer = web.StreamResponse(status=101, headers=fields)
    answer.force_close()
    return answer


def _upgrade_refusal(request: web.Request) -> web.Response | None:
    """What gorilla/websocket says of a request that is no proper upgrade, in its order."""
    no_websocket = "websocket: the client is not using the websocket protocol: "
    headers = request.headers
    if request.version < HttpVersion11:
        return _bad_upgrade(400, no_websocket + "HTTP/1.1 is needed")
    if "upgrade" not in _tokens(headers.getall(hdrs.CONNECTION, [])):
        return _bad_upgrade(400, no_websocket + "'upgrade' token not found in 'Connection' header")
    if "websocket" not in _tokens(headers.getall(hdrs.UPGRADE, [])):
        return _bad_upgrade(400, no_websocket + "'websocket' token not found in 'Upgrade' header")
    if request.method != "GET":
        return _bad_upgrade(405, no_websocket + "request method is not GET")
    if headers.getall(hdrs.SEC_WEBSOCKET_VERSION, []) != ["13"]:
        reason = "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header"
        return _bad_upgrade(400, reason)
    keys = headers.getall(hdrs.SEC_WEBSOCKET_KEY, [])
    try:
        key = base64.b64decode(keys[0], validate=True) if len(keys) == 1 else b""
    except ValueError:
        key = b""
    if len(key) != 16:
        reason = "'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length"
        return _bad_upgrade(400, f"websocket: not a websocket handshake: {reason}")
    return None


def _bad_upgrade(status: int, reason: str) -> web.Response:
    title = "Bad Request" if status == 400 else "Method Not Allowed"
    answer = answers.text(status, f"{title}\nFailed to upgrade connection: {reason}")
    answer.headers[hdrs.SEC_WEBSOCKET_VERSION] = "13"
    return answer


def _tokens(values: list[str]) -> set[str]:
    return {token.strip().lower() for value in values for token in value.split(",")}
