"""The recent messages of a node, for clients that come back: `GET /ws/cluster?since=BOOT:SEQ`."""

import re
from collections import deque
from typing import Final, NamedTuple

from helios_gateway.sockets.envelopes import Wrapped

NO_SINCE: Final = (
    "since must be BOOT:SEQ, the boot and seq of the last message that you got, "
    "as in since=0123456789abcdef:42: leave it out to begin anew"
)
_SINCE: Final = re.compile(r"([0-9A-Za-z_-]{1,64}):([0-9]{1,18})", re.ASCII)


class Since(NamedTuple):
    """Where a client was: the run of the gateway, and the last message that it got."""

    boot: str
    seq: int


def parse_since(text: str) -> Since | None:
    """Read `BOOT:SEQ`; None where it is none, which `NO_SINCE` tells."""
    found = _SINCE.fullmatch(text)
    return None if found is None else Since(found[1], int(found[2]))


class Ring:
    """What was published to a node's clients, up to so many messages and bytes of them; the oldest go first.

    begins_after: the number after which it is complete; at first the newest that there was
    """

    def __init__(self, most_bytes: int, most_messages: int, begins_after: int) -> None:
        self.begins_after = begins_after
        self._most_bytes = most_bytes
        self._most_messages = most_messages
        self._messages: deque[Wrapped] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def size_bytes(self) -> int:
        """What the messages that are kept are long."""
        return self._bytes

    def append(self, message: Wrapped) -> None:
        """Keep one, whose number must be above all before it."""
        self._messages.append(message)
        self._bytes += len(message.head)
        while self._bytes > self._most_bytes or len(self._messages) > self._most_messages:
            gone = self._messages.popleft()
            self._bytes -= len(gone.head)
            self.begins_after = gone.seq

    def after(self, seq: int) -> list[Wrapped] | None:
        """All that were published after message `seq`, in order; None where some of them may be gone."""
        if seq < self.begins_after:
            return None
        missed = []
        for message in reversed(self._messages):
            if message.seq <= seq:
                break
            missed.append(message)
        missed.reverse()
        return missed
