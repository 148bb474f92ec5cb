"""What one may do to a simulation, by call: JSON objects such as `{"fault": "stop", "node": "node3"}`."""

import math
import re
from typing import Final

from msgspec import Struct

LONGEST_DELAY_MS: Final = 10_000.0
LONGEST_STEP_S: Final = 3_600.0
_NAME: Final = re.compile(r"node[1-9][0-9]{0,2}")


class FaultError(ValueError):
    """It cannot be done: `field` of the fault is to blame, for `reason`, a sentence without its full stop."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Stop(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="stop"):
    """End the node's process; its disk stays."""

    node: str


class Start(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="start"):
    """Run it again."""

    node: str


class Add(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="add"):
    """Start a node and bring it into the cluster: the next free name, where none is given."""

    node: str | None = None


class Remove(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="remove"):
    """Take it out of the cluster, then end it."""

    node: str


class Transfer(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="transfer"):
    """Hand leadership to the node, or to the one that is furthest."""

    node: str | None = None


class TakeSnapshot(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="snapshot"):
    """Let it write a snapshot now."""

    node: str


class Partition(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="partition"):
    """Cut the nodes off from all others. One way: what they send is lost, but they still hear."""

    nodes: tuple[str, ...]
    one_way: bool = False


class Heal(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="heal"):
    """End partitions, extra delay and loss: of these nodes' links, or everywhere."""

    nodes: tuple[str, ...] | None = None


class Slow(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="slow"):
    """Add a delay to each message from or to the node, or to all messages; 0 ends it."""

    delay_ms: float
    node: str | None = None


class Lose(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="lose"):
    """Lose a share, 0 to 1, of the messages from or to the node, or of all; 0 ends it."""

    loss: float
    node: str | None = None


class Speed(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="speed"):
    """How many simulated seconds a second of the wall clock is, 1 to 50."""

    factor: float


class Pause(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="pause"):
    """Stand still."""


class Resume(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="resume"):
    """Go on."""


class Step(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", tag="step"):
    """Let so many simulated seconds pass at once."""

    seconds: float


ClusterFault = Stop | Start | Add | Remove | Transfer | TakeSnapshot | Partition | Heal | Slow | Lose
TimeFault = Speed | Pause | Resume | Step
Fault = ClusterFault | TimeFault


def check(fault: Fault) -> None:
    """Raise `FaultError` for a value out of range, whatever the cluster is like now."""
    match fault:
        case Speed(factor):
            _check_range("factor", factor, 1.0, 50.0)
        case Step(seconds):
            _check_range("seconds", seconds, 0.001, LONGEST_STEP_S)
        case Slow(delay_ms):
            _check_range("delay_ms", delay_ms, 0.0, LONGEST_DELAY_MS)
        case Lose(loss):
            _check_range("loss", loss, 0.0, 1.0)
        case Partition(nodes):
            _check_names(nodes)
        case Heal(nodes) if nodes is not None:
            _check_names(nodes)
        case Add(node) if node is not None and not _NAME.fullmatch(node):
            raise FaultError("node", f"a new node is called node1 to node999, not {quoted(node)}")
        case _:
            pass


def _check_range(field: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise FaultError(field, f"must be from {least:g} to {most:g}, not {value:g}")


def _check_names(nodes: tuple[str, ...]) -> None:
    if not nodes:
        raise FaultError("nodes", "must name at least one node")
    if len(set(nodes)) < len(nodes):
        raise FaultError("nodes", "names a node twice")


def quoted(name: str) -> str:
    """A name as an answer may tell it: what was sent may be empty, or long."""
    return repr(name if len(name) <= 40 else name[:39] + "…")
