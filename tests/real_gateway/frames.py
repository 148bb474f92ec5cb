"""WebSocket frames as gorilla/websocket writes and reads them, with the real gateway's buffers (wire.md §2)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

BUFFER_BYTES: Final = 1024
UNBUFFERED_BYTES: Final = 2 * (BUFFER_BYTES + 14)
"""A longer write goes around the buffer; 14 bytes are gorilla's longest frame header."""
_LONGEST_CONTROL: Final = 125


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class ProtocolError(Exception):
    """The client broke the rules of the frames; the text is the reason of Close 1002."""


@dataclass(frozen=True)
class Received:
    """A whole message, or a control frame."""

    opcode: Opcode
    payload: bytes


def frame(opcode: Opcode, payload: bytes = b"", *, is_final: bool = True) -> bytes:
    """One frame from a server: not masked."""
    first, length = opcode | (0x80 if is_final else 0), len(payload)
    if length <= _LONGEST_CONTROL:
        return struct.pack("!BB", first, length) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


def text_message(text: str) -> bytes:
    """A text message in the fragments that the real gateway sends it in."""
    payload = text.encode()
    if len(payload) > UNBUFFERED_BYTES:
        return frame(Opcode.TEXT, payload, is_final=False) + frame(Opcode.CONTINUATION)
    parts = [payload[start : start + BUFFER_BYTES] for start in range(0, len(payload), BUFFER_BYTES)] or [b""]
    return b"".join(
        frame(Opcode.CONTINUATION if number else Opcode.TEXT, part, is_final=number == len(parts) - 1)
        for number, part in enumerate(parts)
    )


class FrameReader:
    """Reads what a client sends, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._message: bytearray | None = None
        self._opcode = Opcode.TEXT

    def feed(self, data: bytes) -> Iterator[Received]:
        """Give what `data` completes. Raises `ProtocolError`, after which nothing more may be fed."""
        self._buffer += data
        while (found := self._next_frame()) is not None:
            opcode, is_final, payload = found
            if opcode >= Opcode.CLOSE:
                yield Received(opcode, payload)
                continue
            if self._message is None:
                self._opcode, self._message = opcode, bytearray()
            self._message += payload
            if is_final:
                message, self._message = bytes(self._message), None
                yield Received(self._opcode, message)

    def _next_frame(self) -> tuple[Opcode, bool, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        self._check(buffer[0], buffer[1])
        length, start = buffer[1] & 0x7F, 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length, start = int.from_bytes(buffer[2 : 2 + width], "big"), 2 + width
        end = start + 4 + length
        if len(buffer) < end:
            return None
        mask = buffer[start : start + 4] * (length // 4 + 1)
        body = buffer[start + 4 : end]
        payload = (int.from_bytes(body, "big") ^ int.from_bytes(mask[:length], "big")).to_bytes(length, "big")
        opcode, is_final = Opcode(buffer[0] & 0x0F), bool(buffer[0] & 0x80)
        del buffer[:end]
        return opcode, is_final, payload

    def _check(self, first: int, second: int) -> None:
        opcode, is_final = first & 0x0F, bool(first & 0x80)
        wrong = [f"RSV{number} set" for number, bit in ((1, 0x40), (2, 0x20), (3, 0x10)) if first & bit]
        match opcode:
            case Opcode.CLOSE | Opcode.PING | Opcode.PONG:
                if second & 0x7F > _LONGEST_CONTROL:
                    wrong.append("len > 125 for control")
                if not is_final:
                    wrong.append("FIN not set on control")
            case Opcode.TEXT | Opcode.BINARY:
                if self._message is not None:
                    wrong.append("data before FIN")
            case Opcode.CONTINUATION:
                if self._message is None:
                    wrong.append("continuation after FIN")
            case _:
                wrong.append(f"bad opcode {opcode}")
        if not second & 0x80:
            wrong.append("bad MASK")
        if wrong:
            raise ProtocolError(", ".join(wrong))
