"""What went wrong, told from the exception or the status that aiohttp gives."""

import errno
import os
import socket
import ssl
from typing import Final

import aiohttp

from helios_desktop.client.address import Address
from helios_desktop.client.failure import Failure, detail_of
from helios_desktop.observation import Cause
from helios_desktop.protocol.rest import RAFT_NOT_ENABLED

_NO_NETWORK: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_BY_STATUS: Final = {
    401: Cause.BAD_CREDENTIALS,
    403: Cause.NOT_ADMIN,
    404: Cause.NOT_FOUND,
    405: Cause.NOT_FOUND,
    408: Cause.TIMEOUT,
    429: Cause.SERVER_ERROR,
}
_SPEAKS_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""What OpenSSL makes of a server that answers TLS in plain text."""


def failure_of_status(status: int, body: str) -> Failure:
    """Read an answer that is no success; `body` is what the server said."""
    # Some servers begin their text with the number, as the real gateway's "404 page not found".
    said = detail_of(body).removeprefix(str(status)).lstrip(" :")
    detail = f"{status} {said}".rstrip()
    cause = _BY_STATUS.get(status)
    if status in {500, 503} and RAFT_NOT_ENABLED in said.casefold():
        cause = Cause.RAFT_NOT_ENABLED
    elif cause is None:
        cause = Cause.SERVER_ERROR if status >= 500 else Cause.NOT_HELIOS
    return Failure(cause, detail)


def failure_of_error(error: BaseException, address: Address) -> Failure:
    """Read what aiohttp, ssl or the system raised on the way to `address`. One that it does not know is raised."""
    where = address.host_and_port
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Failure(Cause.TLS, _at(where, _certificate(error.certificate_error)))
        case aiohttp.ClientConnectorError(os_error=ssl.SSLError() as inner) | (ssl.SSLError() as inner):
            return Failure(Cause.TLS, _at(where, _tls(inner)))
        case aiohttp.ClientConnectorDNSError():
            return Failure(Cause.UNKNOWN_HOST, _at(where, error.strerror or "unknown host"))
        case aiohttp.WSServerHandshakeError():
            return Failure(Cause.NOT_HELIOS, _at(where, f"{error.status}, {error.message}"))
        case aiohttp.ClientResponseError():
            # aiohttp's parser could not read it; its message quotes what came.
            return Failure(Cause.NOT_HELIOS, _at(where, "the answer is not HTTP"))
        case aiohttp.InvalidURL() | UnicodeError():
            # A label of more than 63 characters fails only when the resolver encodes it.
            return Failure(Cause.UNKNOWN_HOST, _at(where, "not a valid host"))
        case TimeoutError():
            return Failure(Cause.TIMEOUT, _at(where, "no answer in time"))
        case aiohttp.ClientConnectorError():
            return _failure_of_os_error(error.os_error, where)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            hint = "" if address.is_encrypted else "; it may speak https only"
            return Failure(Cause.UNREACHABLE, _at(where, f"closed without an answer{hint}"))
        case OSError():
            return _failure_of_os_error(error, where)
        case aiohttp.ClientError():
            return Failure(Cause.UNREACHABLE, _at(where, type(error).__name__))
        case _:
            raise error


def _failure_of_os_error(error: OSError, where: str) -> Failure:
    said = os.strerror(error.errno) if error.errno else str(error)
    if isinstance(error, socket.gaierror):
        return Failure(Cause.UNKNOWN_HOST, _at(where, error.strerror or "unknown host"))
    if isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        return Failure(Cause.REFUSED, _at(where, said))
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Failure(Cause.TIMEOUT, _at(where, said))
    if error.errno in _NO_NETWORK:
        return Failure(Cause.UNREACHABLE, _at(where, said))
    # Of a name with several addresses each failed in its own way; asyncio then joins their texts without a number.
    if error.errno is None and "Connect call failed" in said and f"[Errno {errno.ECONNREFUSED}]" in said:
        return Failure(Cause.REFUSED, _at(where, os.strerror(errno.ECONNREFUSED)))
    return Failure(Cause.UNREACHABLE, _at(where, said))


def _certificate(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {error.verify_message}"
    return "certificate not trusted"


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if error.reason in _SPEAKS_NO_TLS:
        return "no TLS is spoken there (plain http?)"
    return f"TLS failed: {error.reason or error.strerror or 'closed during the handshake'}"


def _at(where: str, said: str) -> str:
    return detail_of(f"{where}: {said}")
