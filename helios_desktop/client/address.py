"""Where a gateway is, read from what a person types or a profile holds."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from helios_desktop.protocol.auth import SOCKET_PATH
from helios_desktop.words import _

Scheme = Literal["http", "https"]

_SCHEMES: Final[dict[str, Scheme]] = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_DEFAULT_PORTS: Final[dict[Scheme, int]] = {"http": 80, "https": 443}
_SOCKET_SCHEMES: Final[dict[Scheme, str]] = {"http": "ws", "https": "wss"}
_EXPLICIT_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET_KEY: Final = re.compile(r"(?:^|[?&;#])(?:access_)?(?:token|password|passwd|secret|jwt)=", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[\s,]+")
_HOST_NAME: Final = re.compile(r"[^\s/?#@\\:%\[\]<>\"'`^{|}\x00-\x20]+")


class AddressError(ValueError):
    """The text is no address; the message is a sentence for the user and repeats no secret."""


@dataclass(frozen=True)
class Address:
    """One gateway.

    host: a name or an IP address, IPv6 without brackets
    path: what a reverse proxy put before the gateway's own paths: "" or "/something" without a slash at its end
    """

    scheme: Scheme
    host: str
    port: int
    path: str = ""

    @property
    def host_and_port(self) -> str:
        """As people write it: `localhost:8080`, `[::1]:8080`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def name(self) -> str:
        """What tells it from the other gateways of a cluster: `host:port`, and the prefix where there is one."""
        return self.host_and_port + self.path

    @property
    def is_loopback(self) -> bool:
        """True where what is sent never leaves this machine."""
        name = self.host.lower().removesuffix(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback

    @property
    def is_encrypted(self) -> bool:
        """True where the way there is TLS."""
        return self.scheme == "https"

    def http_url(self, path: str) -> str:
        """Full URL of one of the gateway's paths, which begins with a slash."""
        return f"{self.scheme}://{self.host_and_port}{self.path}{path}"

    def socket_url(self, node: str | None, since: str = "") -> str:
        """Full URL of the WebSocket, of `node` and going on from `since` where they are given; never with a token."""
        asked = {"node": node or "", "since": since}
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in asked.items() if value)
        url = f"{_SOCKET_SCHEMES[self.scheme]}://{self.host_and_port}{self.path}{SOCKET_PATH}"
        return f"{url}?{query}" if query else url

    def __str__(self) -> str:
        return self.http_url("")


def parse_address(text: str) -> Address:
    """Read `http://host`, `wss://host:8443/prefix`, `host:8080`, `[::1]:8080`, `::1`.

    Without a scheme: http for this machine itself, https for any other. The path of the socket may be there and is
    dropped. Raises `AddressError` for anything else, and for an address that holds a user name or a token.
    """
    text = text.strip()
    if not text:
        raise AddressError(_("The address is empty: type the gateway's, like localhost:8080."))
    explicit = _EXPLICIT_SCHEME.match(text)
    if explicit is not None and explicit[1].lower() not in _SCHEMES:
        raise AddressError(
            _("“{scheme}” is no scheme of a gateway: use http, https, ws or wss.").format(scheme=explicit[1])
        )
    if _SECRET_KEY.search(text) is not None:
        raise AddressError(_("An address must not hold a token or a password: leave it out and sign in instead."))
    try:
        parts = urlsplit(text if explicit is not None else f"//{_bracketed(text)}")
        has_user = "@" in parts.netloc
        port = None if has_user else parts.port
    except ValueError:
        raise AddressError(_not_an_address()) from None
    if has_user:
        raise AddressError(_("An address must not hold a user name or a password: leave out all up to the “@”."))
    if parts.query or parts.fragment:
        raise AddressError(_("The address has a query: leave out all from “?” or “#” on."))
    host = parts.hostname or ""
    if not _is_host(host) or port == 0 or any(character.isspace() for character in parts.path):
        raise AddressError(_not_an_address())
    scheme = _SCHEMES[explicit[1].lower()] if explicit is not None else _scheme_for(host)
    return Address(scheme, host, port or _DEFAULT_PORTS[scheme], _prefix(parts.path))


def split_addresses(text: str) -> tuple[str, ...]:
    """Give what stands between commas, spaces and line ends, as it is written; nothing for an empty text."""
    return tuple(part for part in _SEPARATORS.split(text) if part)


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Read the gateways of one cluster, as `split_addresses` and `parse_address` do; one at least.

    Raises `AddressError` for the first that is none, or that names the same gateway as one before it. Where there are
    several, the sentence says by number which one.
    """
    parts = split_addresses(text)
    if len(parts) < 2:
        return (parse_address("".join(parts)),)
    found: dict[str, Address] = {}
    for number, part in enumerate(parts, 1):
        try:
            address = parse_address(part)
        except AddressError as error:
            raise AddressError(_("Address {number}: {sentence}").format(number=number, sentence=error)) from None
        if address.name in found:
            first = list(found).index(address.name) + 1
            sentence = _("Address {number} names the same gateway as address {first}: leave one of them out.")
            raise AddressError(sentence.format(number=number, first=first))
        found[address.name] = address
    return tuple(found.values())


def short_name(addresses: Sequence[Address]) -> str:
    """All gateways of a cluster in a few letters: `host:port`, or `host:port + 2` where two more stand behind it."""
    first, others = addresses[0].name, len(addresses) - 1
    return _("{gateway} + {others}").format(gateway=first, others=others) if others else first


def _bracketed(text: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(text)}]"
    except ValueError:
        return text


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST_NAME.fullmatch(host) is not None
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _scheme_for(host: str) -> Scheme:
    return "http" if Address("http", host, 80).is_loopback else "https"


def _prefix(path: str) -> str:
    return path.rstrip("/").removesuffix(SOCKET_PATH).rstrip("/")


def _not_an_address() -> str:
    return _("This is no address of a gateway: write host:port or https://host:port, like localhost:8080.")
