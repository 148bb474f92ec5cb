"""The envelope of each message: numbered and encoded once, only `prev` is left open."""

from collections.abc import Callable
from typing import Any, NamedTuple

from helios_desktop.protocol.codec import encode
from helios_desktop.protocol.subscription import Topic, topic_of
from helios_desktop.protocol.timestamps import format_timestamp


class Wrapped(NamedTuple):
    """A message that lacks only its `prev`. Topic None passes every subscription."""

    topic: Topic | None
    seq: int
    head: bytes

    def text(self, prev: int) -> bytes:
        """The whole message for those to whom message `prev` was due before it (0: none yet)."""
        return b"%b%d}" % (self.head, prev)


class Envelopes:
    """Numbers and wraps the messages of one run of the gateway; `boot` names the run, `last` is the newest number."""

    def __init__(self, boot: str, now_ns: Callable[[], int]) -> None:
        self.boot = boot
        self.last = 0
        self._now_ns = now_ns
        self._boot = encode(boot)

    def wrap(self, message_type: str, body: Any) -> Wrapped:
        """Encode a message up to its `prev`. `body` None leaves `data` out, as `pong` wants it."""
        self.last += 1
        data = b"" if body is None else b',"data":' + encode(body)
        head = b'{"type":"%b","timestamp":"%b"%b,"boot":%b,"seq":%d,"prev":' % (
            message_type.encode(),
            format_timestamp(self._now_ns(), 6).encode(),
            data,
            self._boot,
            self.last,
        )
        return Wrapped(topic_of(message_type), self.last, head)
