"""How the connection stands, in words: pure functions of the picture and the present time."""

from typing import Final

from msgspec import Struct

from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.times import NS, span_text
from helios_desktop.store.silence import is_told_down, silence
from helios_desktop.store.state import STALE_AFTER_S, ClusterState, ObserverState
from helios_desktop.store.verdict import Level
from helios_desktop.words import _

STALE_AFTER_NS: Final = round(STALE_AFTER_S * NS)
_NEED_SIGN_IN: Final = frozenset({Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN, Cause.LOGIN_EXPIRED, Cause.REVOKED})


class Standing(Struct, frozen=True, gc=False):
    """One line for the top bar and the connection line: `text` is the phase of the worst observer."""

    level: Level
    text: str
    worst: ObserverState | None = None
    live: int = 0
    total: int = 0

    @property
    def live_text(self) -> str:
        """How many are live, as in `2 of 3 live`; empty where there is one observer, or all are."""
        if self.total < 2 or self.live == self.total:
            return ""
        return _("{n} of {total} live").format(n=self.live, total=self.total)


def standing(state: ClusterState, now_ns: int) -> Standing:
    """Judge all observers by the one that stands worst."""
    observers = watched(state)
    if not observers:
        return Standing(Level.UNKNOWN, _("Offline"))
    worst = max(observers, key=lambda observer: badness(observer, now_ns))
    live = sum(badness(observer, now_ns) == 0 for observer in observers)
    level, text = phase_words(worst, now_ns)
    return Standing(level, text, worst, live, len(observers))


def watched(state: ClusterState) -> tuple[ObserverState, ...]:
    """Give the observers that still matter: of a member that was removed the monitor let go on purpose."""
    return tuple(
        observer
        for observer in state.observers.values()
        if observer.phase is not Phase.CLOSED or observer.node is None or observer.node in state.members
    )


def phase_words(observer: ObserverState, now_ns: int) -> tuple[Level, str]:
    """One observer's phase: how grave, and in words."""
    match observer.phase:
        case Phase.IDLE | Phase.CLOSED:
            return Level.UNKNOWN, _("Offline")
        case Phase.AUTHENTICATING:
            return Level.WARNING, _("Authenticating")
        case Phase.CONNECTING:
            return Level.WARNING, _("Connecting")
        case Phase.SYNCING:
            return Level.WARNING, _("Connected, waiting for a message")
        case Phase.POLLING:
            return Level.WARNING, _polling_words(observer, now_ns)
        case Phase.BACKOFF:
            return Level.WARNING, _backoff_words(observer, now_ns)
        case Phase.REJECTED:
            return Level.PROBLEM, _rejected_words(observer.cause)
        case Phase.LIVE:
            return _live_words(observer, now_ns)


def cause_of(observer: ObserverState, now_ns: int) -> Cause:
    """Why it does not stand as it should, for `explain`; NONE where it does, or is on its way."""
    match observer.phase:
        case Phase.BACKOFF | Phase.REJECTED:
            return observer.cause
        case Phase.POLLING:
            return Cause.SOCKET_BLOCKED
        case Phase.LIVE:
            # That it answers pings is said only where something comes at all.
            return Cause.NONE if _is_mute(observer, now_ns) else silence(observer, now_ns)
        case _:
            return Cause.NONE


def needs_sign_in(observer: ObserverState) -> bool:
    """True where only other credentials can help."""
    return observer.phase is Phase.REJECTED and observer.cause in _NEED_SIGN_IN


def is_stale(observer: ObserverState, now_ns: int) -> bool:
    """True where it works but what it should tell does not come any more.

    Without the status topic no beat is due, so that any frame counts; a stopped node's gateway says so by errors,
    and that is being heard, too.
    """
    heard_ns = observer.opened_ns if observer.beat_ns is None else observer.beat_ns
    has_no_beat = is_told_down(observer) or not observer.topics[Topic.STATUS].requested
    if has_no_beat and observer.last_ns is not None and observer.phase is Phase.LIVE:
        heard_ns = observer.last_ns
    return observer.is_silent or (heard_ns is not None and now_ns - heard_ns > STALE_AFTER_NS)


def is_unheard(state: ClusterState, now_ns: int) -> bool:
    """True where no observer tells anything at present."""
    # The fold knows who is not live at all; only the clock tells who became old since the fold saw a tick.
    return all(observer.is_stale or is_stale(observer, now_ns) for observer in watched(state))


def is_awaited(observer: ObserverState) -> bool:
    """True where it is open and the first status is still to come, which tells the members."""
    is_due = observer.topics[Topic.STATUS].requested and not is_told_down(observer)
    return observer.phase is Phase.LIVE and observer.status is None and is_due


def is_on_its_way(observer: ObserverState) -> bool:
    """True while an attempt is under way."""
    return observer.phase in {Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING}


def badness(observer: ObserverState, now_ns: int) -> int:
    """How far from live, for comparing: 0 is live."""
    match observer.phase:
        case Phase.REJECTED:
            return 6
        case Phase.BACKOFF:
            return 5
        case Phase.IDLE | Phase.CLOSED:
            return 4
        case Phase.AUTHENTICATING | Phase.CONNECTING | Phase.SYNCING:
            # A further attempt is no better than the wait before it, until it succeeds.
            return 5 if observer.attempt else 2
        case Phase.POLLING:
            return 1
        case Phase.LIVE:
            return _badness_open(observer, now_ns)


def _badness_open(observer: ObserverState, now_ns: int) -> int:
    cause = cause_of(observer, now_ns)
    if cause in {Cause.RAFT_NOT_ENABLED, Cause.NO_STATUS}:
        return 3
    if cause is not Cause.NONE or is_stale(observer, now_ns):
        return 1
    return 2 if is_awaited(observer) else 0


def _is_mute(observer: ObserverState, now_ns: int) -> bool:
    """True where nothing at all comes, not even the answer to a ping."""
    heard_ns = observer.opened_ns if observer.last_ns is None else observer.last_ns
    return heard_ns is not None and now_ns - heard_ns > STALE_AFTER_NS


def _live_words(observer: ObserverState, now_ns: int) -> tuple[Level, str]:
    match cause_of(observer, now_ns):
        case Cause.RAFT_NOT_ENABLED:
            return Level.WARNING, _("Connected, Raft not enabled")
        case Cause.NO_STATUS:
            return Level.WARNING, _("Connected, no status")
        case Cause.STATUS_BY_REST:
            return Level.WARNING, _("Live, status by REST")
        case _ if is_stale(observer, now_ns):
            return Level.WARNING, _("Stale")
        case _ if is_awaited(observer):
            return Level.WARNING, _("Connected, waiting for a status")
        case _:
            return Level.WELL, _("Live")


def _polling_words(observer: ObserverState, now_ns: int) -> str:
    if observer.beat_ns is None:
        return _("Polling by REST, no answer yet")
    age = span_text(max(0, now_ns - observer.beat_ns))
    words = _("Polling by REST, stale: {age} ago") if is_stale(observer, now_ns) else _("Polling by REST, {age} ago")
    return words.format(age=age)


def _backoff_words(observer: ObserverState, now_ns: int) -> str:
    if observer.retry_at_ns is None:
        return _("Reconnecting (try {n})").format(n=observer.attempt)
    # Rounded up: at "0 s" one would wait for what should have happened.
    wait_s = max(0, -(-(observer.retry_at_ns - now_ns) // NS))
    return _("Reconnecting in {s} s (try {n})").format(s=wait_s, n=observer.attempt)


def _rejected_words(cause: Cause) -> str:
    match cause:
        case Cause.BAD_CREDENTIALS | Cause.LOGIN_EXPIRED | Cause.REVOKED:
            return _("Sign in again")
        case Cause.NOT_ADMIN:
            return _("Refused (not an admin)")
        case Cause.PLAIN_TEXT:
            return _("Not connected (would be unencrypted)")
        case Cause.TLS:
            return _("Not connected (TLS)")
        case _:
            return _("Not connected")
