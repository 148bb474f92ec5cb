"""The AsyncAPI 3.0 document of the socket, made from the types of its messages."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from helios_desktop.protocol.auth import SOCKET_PATH
from helios_desktop.protocol.frames import (
    ErrorMessage,
    GuideMessage,
    LatencyMessage,
    PeerChangeMessage,
    SnapshotMessage,
    StatusMessage,
    StatusUpdateMessage,
    UptimeMessage,
)
from helios_desktop.protocol.subscription import Topic
from helios_gateway.described.schemas import Schema, components_of, reference
from helios_gateway.sockets.frames import (
    GOING_AWAY,
    NO_PONG,
    NODE_REMOVED,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    TOO_MANY,
    TOO_SLOW,
)

CLOSE_CODES: Final[Mapping[int, str]] = {
    GOING_AWAY: "the gateway, or the node of this port, is stopping: connect again later",
    1002: "the client broke RFC 6455: mend it",
    1007: "a text was not UTF-8: mend the client",
    1009: "a message was too big: send smaller ones",
    TOKEN_EXPIRED: "the token expired: refresh or log in, and connect again",
    TOKEN_REVOKED: "the login was ended by a logout or an administrator, or its account was changed: log in again",
    NODE_REMOVED: "the node was removed from the cluster: choose another",
    TOO_SLOW: "the client read too slowly for too long: connect again, and subscribe to less",
    NO_PONG: "a ping was not answered in time: connect again",
    TOO_MANY: "the client sent too many messages a second: send fewer",
}
"""With what a client does about each. 1002, 1007 and 1009 are RFC 6455's own, sent by aiohttp."""

_ENVELOPE: Final = ("timestamp", "boot", "seq", "prev")
_STATUS: Final[Schema] = {
    "required": ["node_id", "state", "term", "commit_index", "last_applied", "leader", "peers"],
    "properties": {
        "leader": {"type": "string", "description": 'Its id, "" where this node knows none.'},
        "peers": {"type": "array", "items": {"type": "string"}},
    },
}
_SENT: Final[Mapping[str, Schema]] = {
    StatusMessage.__name__: _STATUS,
    StatusUpdateMessage.__name__: _STATUS,
    PeerChangeMessage.__name__: {"required": ["event_type", "peer_id", "peer_address"]},
    LatencyMessage.__name__: {"required": ["aggregated", "peers"]},
    UptimeMessage.__name__: {"required": ["current_uptime", "total_sessions", "total_uptime"]},
    SnapshotMessage.__name__: {
        "required": ["index", "term", "size_bytes", "duration_ms"],
        "properties": {"index": {"type": "integer"}},
    },
    ErrorMessage.__name__: {"required": ["error"]},
}
"""What this gateway always sends of a body: the types read every dialect, and so leave more open."""

_ASKED: Final[Mapping[str, Schema]] = {
    "ping": {"description": "Ask for a pong, whatever the subscription."},
    "subscribe": {
        "description": "Replace the subscription: the whole new set, in which a topic that is not named is off.",
        "required": ["data"],
        "properties": {
            "data": {
                "type": "object",
                "properties": {topic.value: {"type": "boolean", "default": False} for topic in Topic},
            }
        },
    },
    "unsubscribe": {"description": "Nothing but pong and error any more."},
}
_ABOUT: Final = """\
Each message is a JSON object in a text frame. The first is the node's status, or, with `since`, what was missed before
it. A client that never subscribed gets every topic. `seq` numbers the messages of one run of the gateway, which `boot`
names; `prev` is the `seq` of the message that this client got before, 0 for the first: where it is another one, some
were lost. Native pings (RFC 6455) must be answered; every WebSocket library does that."""


def asyncapi_document(version: str) -> dict[str, Any]:
    """The whole document but `servers`, which only a request tells."""
    told = {message.__struct_config__.tag: message.__name__ for message in get_args(GuideMessage)}
    asked = {kind: f"{kind.capitalize()}Request" for kind in _ASKED}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Helios gateway: the socket",
            "version": version,
            "description": "Live updates of a Helios cluster. The calls over HTTP are described in /openapi.json.",
        },
        "defaultContentType": "application/json",
        "channels": {"cluster": _channel([*told, *asked])},
        "operations": _operations(list(told), list(asked)),
        "components": {
            "messages": {kind: _message(kind, name) for kind, name in {**told, **asked}.items()},
            "schemas": _schemas(asked),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "query": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "token",
                    "description": "For browsers, which cannot set the header. It wins over the header.",
                },
            },
        },
    }


def server(host: str, is_secure: bool) -> dict[str, Any]:
    """The server of the document, as the one who asks for it named the gateway."""
    return {
        "gateway": {
            "host": host,
            "protocol": "wss" if is_secure else "ws",
            "security": [{"$ref": f"#/components/securitySchemes/{scheme}"} for scheme in ("bearer", "query")],
        }
    }


def _channel(kinds: list[str]) -> dict[str, Any]:
    codes = "\n".join(f"- {code}: {sentence}" for code, sentence in CLOSE_CODES.items())
    return {
        "address": SOCKET_PATH,
        "title": "The cluster, as one node sees it",
        "description": f"{_ABOUT}\n\nThe gateway closes with:\n\n{codes}",
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {
                        "token": {"type": "string", "description": "The access token, without `Bearer `."},
                        "node": {"type": "string", "description": "Whose view; without it the one of this port."},
                        "since": {
                            "type": "string",
                            "pattern": "^[0-9A-Za-z_-]{1,64}:[0-9]{1,18}$",
                            "description": "BOOT:SEQ of the last message that came, to get what was missed first.",
                        },
                    },
                },
                "headers": {
                    "type": "object",
                    "properties": {"Authorization": {"type": "string", "description": "Bearer, and the token."}},
                },
                "bindingVersion": "0.1.0",
            }
        },
        "x-close-codes": {str(code): sentence for code, sentence in CLOSE_CODES.items()},
    }


def _operations(told: list[str], asked: list[str]) -> dict[str, Any]:
    channel = {"$ref": "#/channels/cluster"}
    return {
        "tell": {"action": "send", "channel": channel, "messages": [_of_channel(kind) for kind in told]},
        "ask": {
            "action": "receive",
            "channel": channel,
            "messages": [_of_channel(kind) for kind in asked if kind != "ping"],
        },
        "ping": {
            "action": "receive",
            "channel": channel,
            "messages": [_of_channel("ping")],
            "reply": {"channel": channel, "messages": [_of_channel("pong")]},
        },
    }


def _of_channel(kind: str) -> dict[str, str]:
    return {"$ref": f"#/channels/cluster/messages/{kind}"}


def _message(kind: str, schema: str) -> dict[str, Any]:
    return {"name": kind, "payload": reference(schema)}


def _schemas(asked: Mapping[str, str]) -> dict[str, Schema]:
    components = components_of([GuideMessage])
    for message in get_args(GuideMessage):
        components[message.__name__] = _whole(components[message.__name__], _SENT.get(message.__name__))
    return {**components, **{asked[kind]: _request(kind, schema) for kind, schema in _ASKED.items()}}


def _whole(schema: Schema, sent: Schema | None) -> Schema:
    """A message with all of the envelope, and with what is always sent of its body."""
    properties = schema["properties"]
    if sent is not None:
        properties = {**properties, "data": {"allOf": [properties["data"], sent]}}
    return {**schema, "properties": properties, "required": [*schema["required"], *_ENVELOPE]}


def _request(kind: str, schema: Schema) -> Schema:
    return {
        "type": "object",
        **schema,
        "required": ["type", *schema.get("required", ())],
        "properties": {"type": {"enum": [kind]}, **schema.get("properties", {})},
    }
