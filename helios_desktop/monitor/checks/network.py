"""The first two steps of a check: whether anything listens there, and whom TLS says that it is."""

import asyncio
import ssl
from collections.abc import Iterator
from typing import Final

from helios_desktop.client.address import Address
from helios_desktop.client.classify import failure_of_error
from helios_desktop.client.failure import detail_of
from helios_desktop.client.gateway import CONNECT_S
from helios_desktop.client.tokens import NS
from helios_desktop.monitor.finding import Finding, failed, note, ok, skipped
from helios_desktop.words import _, ngettext

HAPPY_EYEBALLS_S: Final = 0.25
"""Until the next of a name's addresses is tried beside the first, as aiohttp does it."""
DAY_S: Final = 86_400
FEW_DAYS: Final = 14
"""Of a certificate: so few left, and it is time to think of the next one."""


async def try_address(address: Address) -> Finding:
    """Resolve the name and open a connection."""
    try:
        peer = await _connect(address, None)
    except (OSError, UnicodeError) as error:
        return failed(failure_of_error(error, address))
    ip, port = peer.get_extra_info("peername")[:2]
    peer.abort()
    if ip == address.host:
        return ok(_("Port {port} of {ip} answers.").format(ip=ip, port=port))
    return ok(_("{host} is {ip}, and its port {port} answers.").format(host=address.host, ip=ip, port=port))


async def try_tls(address: Address, tls: ssl.SSLContext | None, now_ns: int) -> Finding:
    """Shake hands; `tls` is None for the system's own certificates, `now_ns` the wall clock."""
    if not address.is_encrypted:
        return skipped(_("The address is http, so nothing is encrypted and nobody's certificate is looked at."))
    try:
        peer = await _connect(address, tls or ssl.create_default_context())
    except (OSError, UnicodeError) as error:
        return failed(failure_of_error(error, address))
    spoken = peer.get_extra_info("ssl_object")
    version, certificate = spoken.version(), spoken.getpeercert()
    peer.abort()
    if not certificate:
        return ok(_("{version} is spoken, and no certificate was asked for.").format(version=version))
    text = _("{version} with a trusted certificate: {subject}, issued by {issuer}").format(
        version=version, subject=_name(certificate.get("subject")), issuer=_name(certificate.get("issuer"))
    )
    days = int(ssl.cert_time_to_seconds(certificate["notAfter"]) - now_ns / NS) // DAY_S
    text += ngettext(", good for {days} day.", ", good for {days} days.", days).format(days=days)
    return ok(text) if days >= FEW_DAYS else note(text, _("Renew the gateway's certificate before it runs out."))


async def _connect(address: Address, tls: ssl.SSLContext | None) -> asyncio.Transport:
    async with asyncio.timeout(CONNECT_S):
        transport, _protocol = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol,
            address.host,
            address.port,
            ssl=tls,
            server_hostname=address.host if tls else None,
            happy_eyeballs_delay=HAPPY_EYEBALLS_S,
        )
    return transport


def _name(relative_names: object) -> str:
    """The common name of a subject or issuer, else its organisation, else all that it says."""
    found = dict(_pairs(relative_names))
    name = found.get("commonName") or found.get("organizationName") or ", ".join(found.values())
    return detail_of(name) or _("without a name")


def _pairs(relative_names: object) -> Iterator[tuple[str, str]]:
    # ((("commonName", "example.org"),), ...), as `getpeercert` gives it.
    for names in relative_names if isinstance(relative_names, tuple) else ():
        yield from names
