"""The calls that a session makes, over aiohttp: login, refresh, REST reads, and opening the socket."""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import hdrs

from helios_desktop.client.address import Address
from helios_desktop.client.classify import failure_of_error, failure_of_status
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.failure import CallError, Failure, detail_of
from helios_desktop.observation import Cause
from helios_desktop.protocol.auth import REFRESH_PATH, LoginAnswer, LoginRequest, RefreshRequest
from helios_desktop.protocol.codec import decode_as, encode
from helios_desktop.protocol.messages import Malformed
from helios_desktop.protocol.rest import RestCall

CONNECT_S: Final = 10.0
CALL_S: Final = 15.0
"""Of a whole call, connecting included; of the socket, until it is open."""
READ_S: Final = 8.0
"""Of a REST read. The real gateway's uptime history can hang for ever (wire.md §5), and others wait for their turn."""
CLOSE_S: Final = 1.0
"""How long to wait for the other side's Close frame; the real gateway, when it stops, sends none."""
LONGEST_MESSAGE_BYTES: Final = 16 * 1024 * 1024
_LONGEST_ANSWER_BYTES: Final = 64 * 1024
_SHORTEST_SECRET: Final = 4
_SHORTEST_TOKEN: Final = 16
_MOST_LENT: Final = 16
"""Of the tokens that it was given; no answer that still comes knows an older one."""


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """What a REST call answered: its HTTP status, and its body as text; `failure` is None where that is a good one."""

    status: int
    text: str
    failure: Failure | None = None


class Gateway:
    """One gateway, as one session asks it. Make it on a running loop, and `close` it.

    Every call ends within `CALL_S`, a read within `READ_S`, and raises `CallError` where it fails. Secrets travel in a
    body or in the Authorization header, never in a URL, never after a redirect and never through a proxy of the
    environment.
    """

    def __init__(
        self, address: Address, credentials: Credentials, *, node: str | None, tls: ssl.SSLContext | None
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._node = node
        self._own_secrets = (credentials.password, credentials.token)
        self._lent_secrets: deque[str] = deque(maxlen=_MOST_LENT)
        self.has_sent_upgrade = False
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._note_sent)
        self._http = aiohttp.ClientSession(
            # A kept connection might only be found dead. A name may move between attempts.
            connector=aiohttp.TCPConnector(force_close=True, use_dns_cache=False, ssl=tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            headers={"User-Agent": "helios-desktop"},
            trust_env=False,
            middlewares=(self._refuse_failures,),
            trace_configs=[trace],
        )

    async def close(self) -> None:
        """Let go of what the calls left open."""
        await self._http.close()

    async def log_in(self, path: str) -> LoginAnswer:
        """Get a token for user name and password."""
        request = LoginRequest(self._credentials.username, self._credentials.password)
        return await self._fetch_token(path, encode(request))

    async def refresh(self, refresh_token: str) -> LoginAnswer:
        """Get a token for a refresh token."""
        self._remember(refresh_token)
        return await self._fetch_token(REFRESH_PATH, encode(RefreshRequest(refresh_token)))

    async def read(self, call: RestCall, token: str) -> RestAnswer:
        """Make a REST call. Any answer is given as it is, be it a refusal; only where there is none, it raises."""
        token = self._header_token(token)
        query = {} if self._node is None else {"node": self._node}
        try:
            async with (
                asyncio.timeout(READ_S),
                self._http.get(
                    self._address.http_url(call.value),
                    params=query,
                    headers=_authorization(token),
                    allow_redirects=False,
                    middlewares=(),
                ) as response,
            ):
                status = response.status
                text = (await _read(response, LONGEST_MESSAGE_BYTES)).decode("utf-8", "replace")
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise self._call_error(error) from None
        failure = self._failure_of_read(call, status, text)
        # A password may be an everyday word, which must not be cut out of a status.
        return RestAnswer(status, self._without(text, _SHORTEST_TOKEN), failure)

    async def open_socket(self, token: str, since: str = "") -> aiohttp.ClientWebSocketResponse:
        """Open the socket. `has_sent_upgrade` is true from when the gateway may have opened it.

        `since` is a `Place`, as text, of this gateway and node to go on from; "" asks for nothing.
        """
        token = self._header_token(token)
        self.has_sent_upgrade = False
        try:
            async with asyncio.timeout(CALL_S):
                return await self._http.ws_connect(
                    self._address.socket_url(self._node, since),
                    headers=_authorization(token),
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                    max_msg_size=LONGEST_MESSAGE_BYTES,
                    compress=0,
                )
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise self._call_error(error) from None

    async def _fetch_token(self, path: str, body: bytes) -> LoginAnswer:
        url = self._address.http_url(path)
        try:
            async with (
                asyncio.timeout(CALL_S),
                self._http.post(
                    url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False
                ) as response,
            ):
                answer = await _read(response)
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise self._call_error(error) from None
        token = decode_as(LoginAnswer, answer)
        if isinstance(token, Malformed):
            # Its text is not told: it may be a login's answer all the same.
            raise CallError(Failure(Cause.NOT_HELIOS, f"{path}: the answer is not that of a login"))
        if not (token.token and token.token.isascii() and token.token.isprintable()):
            raise CallError(Failure(Cause.NOT_HELIOS, f"{path}: the answer holds no usable token"))
        return token

    def _header_token(self, token: str) -> str:
        """Give the token where it can stand in a header, and remember to tell nobody."""
        if not (token.isascii() and token.isprintable()):
            raise CallError(Failure(Cause.BAD_CREDENTIALS, "the token holds characters that no token has"))
        self._remember(token)
        return token

    async def _refuse_failures(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Read what the server said before aiohttp drops it, and follow no redirect."""
        response = await send(request)
        if response.status in {101, 200}:
            return response
        async with response:
            if 300 <= response.status < 400:
                body = "redirects to another address"
            else:
                body = (await _read(response)).decode("utf-8", "replace")
        raise CallError(self._without_secrets(failure_of_status(response.status, body)))

    def _failure_of_read(self, call: RestCall, status: int, text: str) -> Failure | None:
        if status != 200:
            return self._without_secrets(failure_of_status(status, text))
        if not text.lstrip().startswith("{"):
            # Many a server answers any path with its start page.
            return Failure(Cause.NOT_HELIOS, f"{call.value}: the answer is not that of a gateway")
        return None

    def _call_error(self, error: BaseException) -> CallError:
        return CallError(self._without_secrets(failure_of_error(error, self._address)))

    def _without_secrets(self, failure: Failure) -> Failure:
        return Failure(failure.cause, detail_of(self._without(failure.detail, _SHORTEST_SECRET)))

    def _remember(self, secret: str) -> None:
        if secret not in self._lent_secrets:
            self._lent_secrets.append(secret)

    def _without(self, text: str, shortest: int) -> str:
        for secret in (*self._own_secrets, *self._lent_secrets):
            if len(secret) >= shortest:
                text = text.replace(secret, "…")
        return text

    async def _note_sent(
        self, _session: aiohttp.ClientSession, _context: object, sent: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        self.has_sent_upgrade = self.has_sent_upgrade or hdrs.UPGRADE in sent.headers


def _authorization(token: str) -> dict[str, str] | None:
    return {"Authorization": f"Bearer {token}"} if token else None


async def _read(response: aiohttp.ClientResponse, most_bytes: int = _LONGEST_ANSWER_BYTES) -> bytes:
    body = bytearray()
    while len(body) < most_bytes:
        chunk = await response.content.read(most_bytes - len(body))
        if not chunk:
            break
        body += chunk
    return bytes(body)
