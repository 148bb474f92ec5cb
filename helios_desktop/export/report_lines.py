"""What there is to tell of an incident: of many events the few things that happened."""

from dataclasses import dataclass, field

from helios_desktop.event import Disagreement, Event, LeaderChange, LeaderLost


@dataclass(slots=True)
class Election:
    """From the loss of a leader, or a candidacy, to a new one; `ended_ns` bounds what is known of one without end."""

    at_ns: int
    lost: LeaderLost | None
    ended_ns: int
    candidates: list[str] = field(default_factory=list)
    is_unreachable: bool = False
    won: LeaderChange | None = None


@dataclass(slots=True)
class Candidacy:
    """Nodes that stand for election while a leader leads, or in vain."""

    at_ns: int
    last_ns: int
    nodes: list[str]
    first_term: int | None = None
    last_term: int | None = None


@dataclass(slots=True)
class Contradiction:
    """Observers that disagree, `count` times; `over_ns` when they agreed at last."""

    at_ns: int
    last_ns: int
    body: Disagreement
    count: int = 1
    over_ns: int | None = None


@dataclass(slots=True)
class Told:
    """Any other event, with how often it came again, or whom the same happened to at that time.

    subjects: nodes; of a connection and its gaps, observers
    """

    at_ns: int
    last_ns: int
    event: Event
    subjects: list[str]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Break:
    """Nothing was recorded; `reason` is a clause, "" where the program did not run."""

    at_ns: int
    until_ns: int
    reason: str


Line = Election | Candidacy | Contradiction | Told | Break
