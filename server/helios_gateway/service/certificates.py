"""The certificate that the gateway shows, and its renewal while it is served (TLS: RFC 8446, RFC 5246)."""

import asyncio
import logging
import ssl
from pathlib import Path
from typing import Any, Final

_LOOK_S: Final = 1.0
_log = logging.getLogger(__name__)

_Seen = tuple[tuple[int, int, int], ...]


class CertificateError(Exception):
    """The certificate cannot be shown; its text is a sentence for the user."""


class Certificates:
    """A certificate chain and its private key, both PEM files.

    `context` is for the server's sockets and stays the same: each handshake is given what was read last, and what is
    connected already goes on. Raises `CertificateError`.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._seen = self._look()
        self._current = self._read()
        self.context = self._read()
        self.context.sni_callback = self._choose

    def reload(self, certificate: Path | None = None, key: Path | None = None) -> None:
        """Read both again, or others from now on. Raises `CertificateError`; what was shown until now stays then."""
        before = self._certificate, self._key
        self._certificate, self._key = certificate or self._certificate, key or self._key
        self._seen = self._look()
        try:
            self._current = self._read()
        except CertificateError:
            self._certificate, self._key = before
            raise

    async def watch(self, period_s: float = _LOOK_S) -> None:
        """Reload when a file changes, until cancelled; what cannot be shown is logged, once a change."""
        while True:
            await asyncio.sleep(period_s)
            if self._look() == self._seen:
                continue
            try:
                self.reload()
            except CertificateError as error:
                _log.warning("the certificate stays as it was: %s", error)
            else:
                _log.info("the certificate was renewed")

    def _choose(self, connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        # OpenSSL asks this of every handshake, with or without a name in it.
        connection.context = self._current

    def _look(self) -> _Seen:
        """What tells that a file was changed or replaced; nothing for one that is gone, as in mid-renewal."""
        seen = []
        for path in (self._certificate, self._key):
            try:
                told = path.stat()
            except OSError:
                continue
            seen.append((told.st_ino, told.st_mtime_ns, told.st_size))
        return tuple(seen)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        # WebSockets are HTTP/1.1's (RFC 6455 §1.5).
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._certificate, self._key, password=self._refuse_password)
        except ssl.SSLError as error:
            raise CertificateError(self._sentence(error)) from None
        except OSError as error:
            path = error.filename or f"{self._certificate} or {self._key}"
            raise CertificateError(f"cannot read {path}: {error.strerror}") from None
        return context

    def _refuse_password(self) -> str:
        # Without this, OpenSSL would ask the terminal.
        raise CertificateError(f"the key in {self._key} is encrypted: give one that is not, readable by nobody else")

    def _sentence(self, error: ssl.SSLError) -> str:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"the key in {self._key} is not that of the certificate in {self._certificate}"
        reason = f" ({error.reason})" if error.reason else ""
        return f"{self._certificate} and {self._key} are not a PEM certificate and its PEM key{reason}"
