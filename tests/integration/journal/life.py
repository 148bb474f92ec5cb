"""What a monitor might see of a real cluster, and the files in which it is kept."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stored import Row
from helios_desktop.journal.writer import Writer
from helios_desktop.monitor.past import place_at
from helios_desktop.monitor.picture import blank_picture
from helios_desktop.monitor.recordings import Maker
from helios_desktop.monitor.refold import Refold
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.store.state import ClusterState

NS: Final = 1_000_000_000
BEGIN_NS: Final = 1_800_000_000 * NS
MAKER: Final = Maker("1.2.3", BEGIN_NS + 10_000 * NS)
ABOUT: Final = {
    "cluster": "Prod",
    "environment": "production",
    "sources": "https://gw1.prod.corp:8443\nhttps://10.20.30.40:80",
}
_CAPTURES: Final = sorted((Path(__file__).parents[2] / "fixtures/captures").glob("*.jsonl"))
_MEMBERS: Final = ("node-1", "node-2", "gw1.prod.corp:8443")


def frames() -> list[str]:
    """Of real gateways, with the addresses of a cluster of several machines."""
    rows = (json.loads(line) for capture in _CAPTURES for line in capture.read_text().splitlines())
    raw = [row["raw"] for row in rows if row.get("opcode") == "text" and row["dir"] == "recv"]
    for port, host in enumerate(("raft1.prod.corp", "10.20.30.41", "[fd00:20::41]")):
        raw = [text.replace(f"127.0.0.1:1700{port}", f"{host}:17000") for text in raw]
    return raw


def life(seed: int, count: int, begin_ns: int = BEGIN_NS) -> Iterator[Observation]:
    """So many observations: frames and answers of three observers, ticks, and connections that fail."""
    rng, at_ns, texts = random.Random(seed), begin_ns, frames()
    epochs = dict.fromkeys(_MEMBERS, 1)
    for member in _MEMBERS:
        yield connection_observation(member, 1, at_ns, ConnectionChange(Phase.LIVE))
    start = rng.randrange(len(texts))
    for number in range(count - len(_MEMBERS)):
        at_ns += rng.choice((0, NS // 100, NS // 3, NS))
        member, text = rng.choice(_MEMBERS), texts[(start + number) % len(texts)]
        match rng.randrange(12):
            case 0 | 1 | 2:
                yield tick(at_ns)
            case 3:
                epochs[member] += 1
                detail = "Cannot connect to host gw1.prod.corp:8443 [Connect call failed ('10.20.30.40', 8443)]"
                change = ConnectionChange(Phase.BACKOFF, Cause.REFUSED, detail, 1)
                yield connection_observation(member, epochs[member] - 1, at_ns, change)
                yield connection_observation(member, epochs[member], at_ns, ConnectionChange(Phase.LIVE))
            case 4:
                yield Observation(
                    member, epochs[member], at_ns, Kind.FRAME, '{"type": "error", "error": "raft1.prod.corp '
                )
            case 5 if '"type":"status"' in text:
                body = json.dumps(json.loads(text)["data"])
                yield Observation(member, epochs[member], at_ns, Kind.REST, body, "GET /admin/cluster/status", 200)
            case _:
                yield Observation(member, epochs[member], at_ns, Kind.FRAME, text)


def record(path: Path, *lives: Sequence[Observation], states_every: int = 40, about: Mapping[str, str] = ABOUT) -> None:
    """Keep each life as a run, as a monitor and its recorder do."""
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        for observations in lives:
            append(writer, observations, states_every)
        while writer.index():
            pass
        writer.describe(about)


def append(writer: Writer, observations: Sequence[Observation], states_every: int) -> None:
    """Keep one life."""
    began_ns = observations[0].received_ns - 1
    first_event = max(began_ns // 1_000, writer.last_event + 1)
    writer.begin_run(began_ns, first_event, "1.2.3", FOLD_VERSION)
    refold = Refold(writer, blank_picture(began_ns, first_event), lambda _count: None, states_every)
    refold.see(observations)
    refold.end()
    writer.end_run(observations[-1].received_ns)


@dataclass
class Kept:
    """All that a file holds. `events` are rows without the number of their observation, which a copy may change."""

    observations: list[Observation]
    events: dict[int, Row]

    def within(self, since_ns: int, until_ns: int) -> "Kept":
        """The part of it that a recording of this time should hold."""
        return Kept(
            [one for one in self.observations if since_ns <= one.received_ns < until_ns],
            {number: row for number, row in self.events.items() if since_ns <= row.at_ns < until_ns},
        )


def kept_in(path: Path) -> Kept:
    """Read it whole."""
    with Reader(path) as reader:
        numbers = sorted(reader.select(EventFilter(), 2**63 - 1, 10**7))
        rows = reader.rows(numbers)
        observations = [observation for _seq, observation in reader.observations()]
        return Kept(observations, {number: replace(rows[number], seq=0) for number in numbers})


def state_after(path: Path, seq: int) -> ClusterState:
    """The state there, as the nearest kept one and what came since make it."""
    with Reader(path) as reader:
        return without_completed(place_at(reader, seq).picture.state)


def without_completed(state: ClusterState) -> ClusterState:
    """What a kept state leaves out: what an event, which may be completed itself, completed."""
    recent = {key: replace(known, event=replace(known.event, completes=None)) for key, known in state.recent.items()}
    return replace(state, recent=recent)
