"""WebSocket frames as a client sends them, read as strictly as RFC 6455 wants it of a server (§5 to §8).

aiohttp's own reader takes unmasked frames, a second message within a fragmented one, and close codes that may never be
sent. This one hands on each message in the turn of the loop in which it came, so nothing queues.
"""

import asyncio
import zlib
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

WRONG: Final = 1002
NO_TEXT: Final = 1007
TOO_BIG: Final = 1009
_MOST_FRAGMENTS: Final = 1024
"""Of one message: empty ones would never reach its bound of bytes."""
_FLUSHED: Final = b"\x00\x00\xff\xff"
"""What a compressed message leaves out at its end (RFC 7692 §7.2.2)."""


class Opcode(IntEnum):
    """What a frame is (§5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class _Head(NamedTuple):
    opcode: Opcode
    is_final: bool
    is_compressed: bool


class ProtocolError(Exception):
    """Why a connection has to be failed: a close code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Reads the frames of one client; aiohttp's `set_parser` takes it.

    hear:  called with each whole message and control frame; a close frame's payload is checked, and it is the last;
           with CONTINUATION for each part of a message before its last, for all frames cost time. May raise
           `ProtocolError`, after which nothing is read
    fail:  called once, with a close code and a reason, where the client broke the protocol; the rest is thrown away
    lose:  called when the connection is gone: uvloop raises where its transport is written to from then on
    ended: done when nothing more can come
    """

    def __init__(
        self,
        most_bytes: int,
        hear: Callable[[Opcode, bytes], None],
        fail: Callable[[int, str], None],
        lose: Callable[[], None],
        *,
        is_deflating: bool = False,
    ) -> None:
        self._most_bytes = most_bytes
        self._hear = hear
        self._fail = fail
        self._lose = lose
        self._is_deflating = is_deflating
        self._is_over = False
        self._unread = bytearray()
        self._first: _Head | None = None
        self._message = bytearray()
        self._fragments = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def feed_data(self, data: bytes | bytearray | memoryview) -> tuple[bool, bytes]:
        """Read what came. Gives what aiohttp expects: that it may go on, and that nothing is left."""
        if self._is_over:
            return False, b""
        self._unread += data
        try:
            while self._take_frame():
                pass
        except ProtocolError as error:
            self._stop()
            self._fail(error.code, error.reason)
        return False, b""

    def feed_eof(self) -> None:
        """Note the end of the connection."""
        self._stop()
        self._lose()
        if not self.ended.done():
            self.ended.set_result(None)

    def _stop(self) -> None:
        self._is_over = True
        self._unread.clear()
        self._message.clear()

    def _take_frame(self) -> bool:
        """Take one frame from what is unread; False where it is not whole yet."""
        unread = self._unread
        if len(unread) < 2:
            return False
        head = self._read_head(unread[0], unread[1])
        start, length = 2, unread[1] & 0x7F
        if length > 125:
            size, least = (2, 126) if length == 126 else (8, 1 << 16)
            start += size
            if len(unread) < start:
                return False
            length = int.from_bytes(unread[2:start], "big")
            if not least <= length < 1 << 63:
                raise ProtocolError(WRONG, "bad length")
        if head.opcode < Opcode.CLOSE and len(self._message) + length > self._most_bytes:
            raise ProtocolError(TOO_BIG, f"a message may have at most {self._most_bytes} bytes")
        end = start + 4 + length
        if len(unread) < end:
            return False
        payload = _unmasked(unread[start + 4 : end], bytes(unread[start : start + 4]))
        del unread[:end]
        self._take(head, payload)
        return True

    def _read_head(self, first: int, second: int) -> _Head:
        """Check what the first two bytes say (§5.1 to §5.5)."""
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise ProtocolError(WRONG, f"bad opcode {first & 0x0F}") from None
        head = _Head(opcode, bool(first & 0x80), bool(first & 0x40))
        may_compress = self._is_deflating and opcode in {Opcode.TEXT, Opcode.BINARY}
        if first & 0x30 or (head.is_compressed and not may_compress):
            raise ProtocolError(WRONG, "bad reserved bits")
        if not second & 0x80:
            raise ProtocolError(WRONG, "bad MASK")
        if opcode >= Opcode.CLOSE:
            if not head.is_final or second & 0x7F > 125:
                raise ProtocolError(WRONG, "bad control frame: fragmented, or over 125 bytes")
        elif (opcode is Opcode.CONTINUATION) == (self._first is None):
            raise ProtocolError(WRONG, "bad continuation")
        return head

    def _take(self, head: _Head, payload: bytes) -> None:
        if head.opcode >= Opcode.CLOSE:
            if head.opcode is Opcode.CLOSE:
                _check_close(payload)
                self._stop()
            self._hear(head.opcode, payload)
            return
        if self._first is None:
            self._first = head
        self._message += payload
        self._fragments += 1
        if self._fragments > _MOST_FRAGMENTS:
            raise ProtocolError(TOO_BIG, f"a message may have at most {_MOST_FRAGMENTS} fragments")
        if not head.is_final:
            self._hear(Opcode.CONTINUATION, b"")
        else:
            first, message = self._first, bytes(self._message)
            self._first, self._fragments = None, 0
            self._message.clear()
            if first.is_compressed:
                message = _inflated(message, self._most_bytes)
            if first.opcode is Opcode.TEXT:
                _check_text(message)
            self._hear(first.opcode, message)


def close_code_of(payload: bytes) -> int:
    """Of a close frame; 0 where it has none."""
    return int.from_bytes(payload[:2], "big")


def _unmasked(payload: bytes | bytearray, key: bytes) -> bytes:
    # As one number: the bytes of a message would take a thousand times as many steps.
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def _check_close(payload: bytes) -> None:
    """A code that may be sent (§7.4), or none, and a reason that is text."""
    code = close_code_of(payload)
    may_be_sent = 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
    if len(payload) == 1 or (payload and not may_be_sent):
        raise ProtocolError(WRONG, "bad close code")
    _check_text(payload[2:])


def _check_text(message: bytes) -> None:
    try:
        message.decode()
    except UnicodeDecodeError:
        raise ProtocolError(NO_TEXT, "bad UTF-8") from None


def _inflated(message: bytes, most_bytes: int) -> bytes:
    """A compressed message, of which no more is made than may be: each stands for itself (no context takeover)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(message + _FLUSHED, most_bytes + 1)
    except zlib.error:
        raise ProtocolError(NO_TEXT, "bad compressed data") from None
    if len(inflated) > most_bytes:
        raise ProtocolError(TOO_BIG, f"a message may have at most {most_bytes} bytes")
    return inflated
