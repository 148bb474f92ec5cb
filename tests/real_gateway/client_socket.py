"""One client of `/ws/cluster`, from the upgrade to its end (wire.md §2, "Keep-alive" and "Closing")."""

import asyncio
from collections.abc import Callable
from typing import Final

from tests.real_gateway.frames import FrameReader, Opcode, ProtocolError, Received, frame, text_message
from tests.real_gateway.inbound import TOPICS, DroppedError, read_message, wants

PROTOCOL_ERROR_CODE: Final = (1002).to_bytes(2, "big")


class ClientSocket(asyncio.Protocol):
    """Takes the connection over from aiohttp, so that every byte is as the real gateway sends it.

    topics:    what the client asked for; all at first
    has_told:  a message went out to it
    is_closed: set at the end
    A deaf one is that of a gateway whose hub does not run: it reads nothing and says nothing, not even at the end.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        answer: Callable[["ClientSocket", str], None],
        on_left: Callable[["ClientSocket"], None],
        ping_s: float,
        read_deadline_s: float,
        is_deaf: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._answer = answer
        self._on_left = on_left
        self._ping_s = ping_s
        self._read_deadline_s = read_deadline_s
        self._is_deaf = is_deaf
        self._reader = FrameReader()
        self._opened_s = self._loop.time()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.topics = TOPICS
        self.has_told = False
        self.is_closed = asyncio.Event()
        self._former = transport.get_protocol()
        transport.set_protocol(self)
        if not is_deaf:
            self._wait("ping", ping_s, self._ping)
            self._extend_deadline()

    @property
    def age_s(self) -> float:
        """Since the upgrade."""
        return self._loop.time() - self._opened_s

    def tell(self, kind: str, text: str) -> None:
        """Send a message where the client asked for its type."""
        if wants(self.topics, kind):
            self.send(text)

    def send(self, text: str) -> None:
        """Send a message whatever was asked for."""
        if not self._is_deaf and not self._transport.is_closing():
            self._transport.write(text_message(text))
            self.has_told = True

    def drop(self) -> None:
        """End the connection without a Close frame: the client sees 1006."""
        self._transport.close()

    def abort(self) -> None:
        """End it even where the client does not read what is still to be sent. Nothing where it has ended."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read what the client sent."""
        if self._is_deaf or self._transport.is_closing():
            return
        try:
            for received in self._reader.feed(data):
                self._take(received)
        except ProtocolError as error:
            self._transport.write(frame(Opcode.CLOSE, PROTOCOL_ERROR_CODE + str(error).encode()))
            self.drop()
        except DroppedError:
            self.drop()

    def eof_received(self) -> None:
        """The client is gone; asyncio closes the connection."""
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything, and let aiohttp do the same."""
        for timer in self._timers.values():
            timer.cancel()
        self._former.connection_lost(exc)
        if exc is not None:
            self._leave()
        self.is_closed.set()

    def _take(self, received: Received) -> None:
        match received.opcode:
            case Opcode.TEXT | Opcode.BINARY:
                message = read_message(received.payload)
                if message.topics is not None:
                    self.topics = message.topics
                self._answer(self, message.type)
            case Opcode.PING:
                self._transport.write(frame(Opcode.PONG, received.payload))
            case Opcode.PONG:
                self._extend_deadline()
            case Opcode.CLOSE:
                self._transport.write(frame(Opcode.CLOSE, received.payload[:2]))
                self.drop()
                self._leave()
            case Opcode.CONTINUATION:
                raise AssertionError("the reader puts messages together")

    def _leave(self) -> None:
        on_left, self._on_left = self._on_left, lambda _socket: None
        on_left(self)

    def _ping(self) -> None:
        self._transport.write(frame(Opcode.PING))
        self._wait("ping", self._ping_s, self._ping)

    def _extend_deadline(self) -> None:
        self._wait("deadline", self._read_deadline_s, self.drop)

    def _wait(self, name: str, delay_s: float, then: Callable[[], None]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = self._loop.call_later(delay_s, then)
