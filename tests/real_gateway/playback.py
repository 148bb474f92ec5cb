"""What one connection of a capture received, told again by a gateway."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.real_gateway.answers import message


class Teller(Protocol):
    """The gateway that tells; see `RealGateway`."""

    cadence_s: float | None

    def set_status(self, data: object, *, greeting: str = "") -> None:
        """Have this status from now on."""

    def tell(self, text: str) -> None:
        """Tell a message to all who want it."""

    async def stop(self) -> None:
        """End."""


@dataclass(frozen=True)
class Told:
    """A message, `at_s` after the capture began; `text` is None where the node was stopped."""

    at_s: float
    kind: str = ""
    text: str | None = None


class Playback:
    """A gateway that tells what a capture's frames tell, in their order and to the letter.

    The first status is what whoever connects is greeted with; the rest comes by `step` or `run`. While it plays, the
    gateway's own ticker rests. Pongs are left out, since the stub answers pings itself, and so are the ends of
    connections that the capture's client caused; but where the capture's node was stopped, the gateway stops. With
    `is_fresh`, every message is of the time when it is told.
    """

    def __init__(self, gateway: Teller, script: list[Told], *, is_fresh: bool) -> None:
        self._gateway = gateway
        self._rest = script
        self._is_fresh = is_fresh
        self._at_s = script[0].at_s if script else 0.0
        gateway.cadence_s = None
        if script and script[0].kind == "status":
            self._greet(script.pop(0))

    @property
    def is_over(self) -> bool:
        """True where nothing is left to tell."""
        return not self._rest

    async def step(self) -> bool:
        """Tell the next one; False where none is left."""
        if not self._rest:
            return False
        told = self._rest.pop(0)
        self._at_s = told.at_s
        if told.text is None:
            await self._gateway.stop()
        else:
            self._gateway.tell(self._dated(told.text))
        return True

    async def run(self, speed: float = 1.0) -> None:
        """Tell the rest, `speed` times as quickly as the capture came."""
        while self._rest:
            await asyncio.sleep(max(0.0, self._rest[0].at_s - self._at_s) / speed)
            await self.step()

    def _greet(self, told: Told) -> None:
        assert told.text is not None
        data = json.loads(told.text)["data"]
        self._gateway.set_status(data, greeting="" if self._is_fresh else told.text)

    def _dated(self, text: str) -> str:
        if not self._is_fresh:
            return text
        body = json.loads(text)
        return message(body["type"], body["data"])


def read_script(path: Path, tag: str | None) -> list[Told]:
    """What that connection of a capture received. Raises ValueError where it received nothing."""
    script = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry["dir"] == "recv" and entry.get("opcode") == "text" and entry.get("tag") == tag:
            kind = json.loads(entry["raw"])["type"]
            if kind != "pong":
                script.append(Told(entry["t"], kind, entry["raw"]))
        elif entry.get("ctl") == "/stop" and entry["params"].get("node") == tag:
            script.append(Told(entry["t"]))
    if not script:
        raise ValueError(f"{path.name} has no connection {tag!r}; it has {', '.join(map(repr, tags(path)))}")
    return script


def tags(path: Path) -> list[str | None]:
    """The names of the connections of a capture, in the order in which they were opened."""
    entries = map(json.loads, path.read_text().splitlines())
    return list(dict.fromkeys(entry.get("tag") for entry in entries if entry["dir"] == "recv"))
