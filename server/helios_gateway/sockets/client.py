"""One open socket as the hub sees it: whom it belongs to, what it asked for, and the transport to write to."""

import asyncio
from dataclasses import dataclass, field

from helios_desktop.protocol.subscription import ALL_TOPICS, Topic
from helios_gateway.sockets.frames import close_frame


@dataclass(slots=True, eq=False)
class Client:
    """A socket of login `sid` that listens to `node`, connected to the port of `port_of`.

    pinged_at, ponged_at: of the loop's clock, in seconds
    is_deflated: longer messages go to it compressed, as was agreed
    is_ended: a close frame was sent or its answer is on the way; nothing else may be written
    """

    transport: asyncio.Transport
    node: str
    port_of: str
    sid: str
    pinged_at: float
    ponged_at: float
    is_deflated: bool = False
    topics: frozenset[Topic] = ALL_TOPICS
    is_ended: bool = False
    _cut: asyncio.TimerHandle | None = field(default=None, repr=False)

    def end(self, code: int, reason: str, grace_s: float) -> None:
        """Send a close frame behind what waits already, and cut the connection where it is not gone in time."""
        if self.is_ended:
            return
        self.is_ended = True
        self.transport.write(close_frame(code, reason))
        self._cut = asyncio.get_running_loop().call_later(grace_s, self.transport.abort)

    def answer_close(self, code: int, grace_s: float) -> None:
        """Answer the other side's close frame, then close as soon as everything is written."""
        self.end(code, "", grace_s)
        self.transport.close()

    def leave(self) -> None:
        """The socket's reader ended: what is still to be written may take its grace, no more."""
        if self._cut is not None and not self.transport.get_write_buffer_size():
            self._cut.cancel()
