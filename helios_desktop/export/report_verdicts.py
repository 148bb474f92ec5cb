"""The verdict over a range: how it stood at the end, and the worst it was meanwhile."""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Dispute
from helios_desktop.store.state import STATUS_PERIOD_S, ClusterState
from helios_desktop.store.verdict import Count, Level, Verdict, count_members, verdict
from helios_desktop.words import _, ngettext

_LEVELS: Final = (Level.WELL, Level.UNKNOWN, Level.WARNING, Level.PROBLEM)
_NO_QUORUM: Final = len(_LEVELS)
_TWO_LEADERS: Final = _NO_QUORUM + 1
_SECOND_NS: Final = 1_000_000_000
_FIRST_PICTURE_NS: Final = int(STATUS_PERIOD_S * _SECOND_NS)


@dataclass(frozen=True)
class Stretch:
    """A stretch of one rank; `verdict` is the last one in it, whose ages are the longest."""

    rank: int
    since_ns: int
    until_ns: int
    verdict: Verdict

    @property
    def length_ns(self) -> int:
        """How long it lasted."""
        return self.until_ns - self.since_ns


class Verdicts:
    """Judges a picture again and again: call `see` each second, and whenever something worth a word happened."""

    def __init__(self) -> None:
        self.last: Verdict | None = None
        self.quorum = ""
        self.worst: Stretch | None = None
        self.times: dict[int, int] = {}
        """How many stretches of each rank there were."""
        self._now: Stretch | None = None
        self._state = ClusterState()
        self._begun_ns = 0

    def begin(self, at_ns: int) -> None:
        """The picture begins anew: for as long as it takes to get one, that nothing is known is no finding."""
        self.leave(at_ns)
        self._begun_ns = at_ns

    def see(self, state: ClusterState, at_ns: int) -> None:
        """Judge what is known at `at_ns`."""
        judged = self.last = verdict(state)
        count = count_members(state)
        self.quorum = quorum_text(count)
        rank = _rank(state, judged, count)
        if judged.level is Level.UNKNOWN and at_ns - self._begun_ns < _FIRST_PICTURE_NS:
            return
        now = self._now
        if now is not None and now.rank == rank:
            self._now, self._state = Stretch(rank, now.since_ns, at_ns, judged), state
            return
        self.leave(at_ns)
        self._state = state
        self._now = Stretch(rank, at_ns, at_ns, judged)
        self.times[rank] = self.times.get(rank, 0) + 1

    def leave(self, at_ns: int) -> None:
        """Until `at_ns` it stood so."""
        now, self._now = self._now, None
        if now is None:
            return
        over = Stretch(now.rank, now.since_ns, max(at_ns, now.since_ns), self._as_of(at_ns, now))
        worst = self.worst
        if worst is None or (over.rank, over.length_ns) > (worst.rank, worst.length_ns):
            self.worst = over

    def _as_of(self, at_ns: int, now: Stretch) -> Verdict:
        """The last verdict of a stretch, with the ages that it had at its end."""
        state = self._state
        if now.rank == _LEVELS.index(Level.PROBLEM) and state.leader is None and at_ns - now.since_ns < _SECOND_NS:
            return replace(now.verdict, text=_("No leader"))  # an age in whole seconds would be none
        return verdict(replace(state, now_ns=max(at_ns, state.now_ns)))


def quorum_text(count: Count) -> str:
    """Whether a majority is in reach, in words."""
    if not count.members:
        return _("Of the members nothing is known.")
    members = ngettext("{n} member", "{n} members", count.members).format(n=count.members)
    parts = [_("{n} in reach").format(n=count.well)]
    if count.lost:
        parts.append(_("{n} out of reach").format(n=count.lost))
    if count.untold:
        parts.append(_("{n} not told").format(n=count.untold))
    rests_on = _("{members}, of whom {quorum} are a majority: {parts}.").format(
        members=members, quorum=count.quorum, parts=", ".join(parts)
    )
    return f"{_outlook(count)} {rests_on}"


def _outlook(count: Count) -> str:
    if count.well >= count.quorum:
        spare = count.well - count.quorum
        if not spare:
            return _("There is a quorum, but no member more may be lost.")
        return ngettext(
            "There is a quorum, and {n} member more may be lost.",
            "There is a quorum, and {n} members more may be lost.",
            spare,
        ).format(n=spare)
    if count.well + count.untold >= count.quorum:
        return _("Whether there is a quorum is not known.")
    return _("There is no quorum: nothing can be committed.")


def _rank(state: ClusterState, judged: Verdict, count: Count) -> int:
    if judged.level is not Level.PROBLEM:
        return _LEVELS.index(judged.level)
    if any(one.kind is Dispute.TWO_LEADERS for one in state.disagreements):
        return _TWO_LEADERS
    return _NO_QUORUM if count.well + count.untold < count.quorum else _LEVELS.index(Level.PROBLEM)
