"""What may be configured, with its defaults; `config_reading` makes it from a file, the environment and arguments."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from helios_gateway.admission.limits import Limits

MOST_NODES: Final = 9
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
KeyPath = tuple[str, str]
"""A section and a key of it."""


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the gateway is served, and to whom."""

    host: Annotated[str, Meta(description="address to listen on; one that is not loopback needs accounts and TLS")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(description="the first port, 0 to 65535; 0 takes a free one")] = 8080
    node: Annotated[
        str, Meta(description="the node that is spoken for; all: one port a node, counting up from the first")
    ] = "node1"
    behind_proxy: Annotated[
        bool,
        Meta(description="a proxy in front ends TLS, and its X-Forwarded-For tells who asks; needs accounts"),
    ] = False
    allowed_origins: Annotated[
        tuple[str, ...], Meta(description="origins whose pages may call, beside those from loopback")
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="names by which the gateway may be addressed, beside loopback's")
    ] = ()
    drain_s: Annotated[float, Meta(description="how long clients may take to leave when the gateway stops")] = 5.0


class SimulatedNodes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The simulated cluster."""

    nodes: Annotated[int, Meta(description=f"how many, 1 to {MOST_NODES}")] = 3
    seed: Annotated[int | None, Meta(description="the same seed gives the same cluster; without it, a random one")] = (
        None
    )
    speed: Annotated[float, Meta(description="simulated seconds a second, 1 to 50")] = 1.0
    calm: Annotated[bool, Meta(description="no events of the cluster's own")] = False


class AccountsTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may log in."""

    file: Annotated[
        str, Meta(description="the file that `helios-gateway user` writes; empty: the one in the user's data directory")
    ] = ""


class Access(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a role may do."""

    readonly_may_watch: Annotated[
        bool, Meta(description="the roles user and readonly may open the socket and read /admin too")
    ] = False


class Tokens(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a login holds, in seconds."""

    life_s: Annotated[int, Meta(description="of an access token")] = 900
    refresh_life_s: Annotated[int, Meta(description="of a refresh token, which is good for one use")] = 12 * 3600
    key_life_s: Annotated[
        int, Meta(description="after which a new key signs; the old one stays good for its tokens")
    ] = 24 * 3600


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The certificate, read again when its files change; both empty: plain HTTP."""

    certificate: Annotated[str, Meta(description="a PEM file: the certificate, then those that lead to its root")] = ""
    key: Annotated[str, Meta(description="a PEM file: its private key, not encrypted")] = ""


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written to standard error."""

    level: Annotated[LogLevel, Meta(description="debug, info (a line a request), warning or error")] = "warning"
    format: Annotated[LogFormat, Meta(description="text, or json: an object a line")] = "text"


class WebSocket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How messages travel."""

    deflate: Annotated[bool, Meta(description="permessage-deflate (RFC 7692) for clients that offer it")] = False


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. Its defaults are the demo on loopback."""

    server: Server = Server()
    cluster: SimulatedNodes = SimulatedNodes()
    accounts: AccountsTable = AccountsTable()
    access: Access = Access()
    tokens: Tokens = Tokens()
    limits: Limits = msgspec.field(default_factory=Limits)
    tls: Tls = Tls()
    log: Log = Log()
    websocket: WebSocket = WebSocket()


PATHS: Final[frozenset[KeyPath]] = frozenset({("accounts", "file"), ("tls", "certificate"), ("tls", "key")})
"""Sections and keys that name files; in a configuration file they count from its directory."""

CHANGEABLE: Final[frozenset[KeyPath]] = frozenset(
    {
        ("server", "allowed_origins"),
        ("server", "allowed_hosts"),
        ("server", "drain_s"),
        ("access", "readonly_may_watch"),
        ("tls", "certificate"),
        ("tls", "key"),
        ("log", "level"),
        ("log", "format"),
    }
)
"""What takes effect on SIGHUP; the rest needs a restart."""
