"""`GET /ws/cluster`: the checks before the upgrade, then the reading side of one socket (wire.md §2)."""

import asyncio
import base64
import binascii

from aiohttp import WSMsgType, hdrs, web

from helios_desktop.protocol.auth import SOCKET_PATH
from helios_desktop.protocol.subscription import Ignored, Ping, Refused, Subscribe, Unsubscribe, decode_request
from helios_gateway import answers
from helios_gateway.access import header_token
from helios_gateway.auth import Authority, Grant
from helios_gateway.client import Client
from helios_gateway.clusters.cluster import Cluster
from helios_gateway.frames import pong_frame
from helios_gateway.hub import Hub
from helios_gateway.limits import Limits


class SocketCalls:
    """Handler of the socket. `node` is spoken for where a request names none with `?node=`."""

    def __init__(self, hub: Hub, cluster: Cluster, authority: Authority, node: str, limits: Limits) -> None:
        self._hub = hub
        self._cluster = cluster
        self._authority = authority
        self._node = node
        self._limits = limits

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
        refusal = _upgrade_refusal(request)
        if refusal is not None:
            return refusal
        socket = web.WebSocketResponse(
            autoclose=False,
            autoping=False,
            compress=False,
            max_msg_size=self._limits.message_bytes,
            timeout=self._limits.grace_s,
        )
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        now = asyncio.get_running_loop().time()
        client = Client(transport, node, self._node, grant.sid, pinged_at=now, ponged_at=now)
        self._hub.join(client)
        try:
            await self._read(socket, client)
        finally:
            self._hub.leave(client)
            client.leave()
        return socket

    def _admin_of(self, request: web.Request) -> Grant | web.Response:
        """Check the token of the query, else of the header: a bad one in the query wins over a good header."""
        token = request.query.get("token") or header_token(request)
        if not token:
            return answers.text(401, "Authentication required")
        grant = self._authority.check(token)
        if grant is None:
            return answers.text(401, "Invalid token")
        return grant if grant.is_admin else answers.text(403, "Admin permission required")

    async def _read(self, socket: web.WebSocketResponse, client: Client) -> None:
        while True:
            message = await socket.receive()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    self._follow(client, message.data)
                case WSMsgType.PING:
                    if not client.is_ended and client.transport.get_write_buffer_size() <= self._limits.unsent_bytes:
                        client.transport.write(pong_frame(message.data))
                case WSMsgType.PONG:
                    client.ponged_at = asyncio.get_running_loop().time()
                case WSMsgType.CLOSE:
                    client.answer_close(message.data, self._limits.grace_s)
                    return
                case _:
                    return

    def _follow(self, client: Client, frame: str | bytes) -> None:
        if client.is_ended:
            return
        match decode_request(frame):
            case Ping():
                self._hub.pong(client)
            case Subscribe(topics):
                self._hub.subscribe(client, topics)
            case Unsubscribe():
                self._hub.subscribe(client, frozenset())
            case Refused(reason):
                self._hub.refuse(client, reason)
            case Ignored():
                pass


def _upgrade_refusal(request: web.Request) -> web.Response | None:
    """What gorilla/websocket says of a request that is no proper upgrade, in its order."""
    no_websocket = "websocket: the client is not using the websocket protocol: "
    headers = request.headers
    if "upgrade" not in _tokens(headers.getall(hdrs.CONNECTION, [])):
        return _bad_upgrade(400, no_websocket + "'upgrade' token not found in 'Connection' header")
    if "websocket" not in _tokens(headers.getall(hdrs.UPGRADE, [])):
        return _bad_upgrade(400, no_websocket + "'websocket' token not found in 'Upgrade' header")
    if request.method != "GET":
        return _bad_upgrade(405, no_websocket + "request method is not GET")
    if headers.get(hdrs.SEC_WEBSOCKET_VERSION) != "13":
        reason = "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header"
        return _bad_upgrade(400, reason)
    try:
        key = base64.b64decode(headers.get(hdrs.SEC_WEBSOCKET_KEY, ""), validate=True)
    except binascii.Error:
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
