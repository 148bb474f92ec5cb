"""How the connection stands, in words: pure functions of the picture and the present time."""

from typing import Final

from msgspec import Struct

from helios_desktop.client.causes import explain
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.times import NS
from helios_desktop.store.state import STALE_AFTER_S, ClusterState, ObserverState, Role
from helios_desktop.store.verdict import Level
from helios_desktop.words import _

STALE_AFTER_NS: Final = round(STALE_AFTER_S * NS)


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
    worst = max(observers, key=lambda observer: _badness(observer, now_ns))
    live = sum(_badness(observer, now_ns) == 0 for observer in observers)
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
        case Phase.CONNECTING | Phase.SYNCING:
            return Level.WARNING, _("Connecting")
        case Phase.BACKOFF:
            return Level.WARNING, _backoff_words(observer, now_ns)
        case Phase.REJECTED:
            return Level.PROBLEM, _rejected_words(observer.cause)
        case Phase.LIVE if is_stale(observer, now_ns):
            return Level.WARNING, _("Stale")
        case Phase.LIVE:
            return Level.WELL, _("Live")


def trouble(observer: ObserverState) -> tuple[str, str]:
    """Of an observer in backoff or rejected: what happened, and the next step ("" where there is none)."""
    explanation = explain(observer.cause, observer.detail)
    return explanation.sentence, explanation.next_step


def needs_sign_in(observer: ObserverState) -> bool:
    """True where only other credentials can help."""
    return observer.phase is Phase.REJECTED and observer.cause in {Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN}


def is_stale(observer: ObserverState, now_ns: int) -> bool:
    """True where it is live but what it should tell does not come any more.

    Without the status topic no beat is due, so that any frame counts; a stopped node's gateway says so by errors,
    and that is being heard, too.
    """
    heard_ns = observer.opened_ns if observer.beat_ns is None else observer.beat_ns
    if (is_told_down(observer) or not observer.topics[Topic.STATUS].requested) and observer.last_ns is not None:
        heard_ns = observer.last_ns
    return observer.is_silent or (heard_ns is not None and now_ns - heard_ns > STALE_AFTER_NS)


def is_told_down(observer: ObserverState) -> bool:
    """True where its gateway says that the node is stopped: then no status is due."""
    return observer.role is not None and observer.role.value is Role.UNREACHABLE


def _badness(observer: ObserverState, now_ns: int) -> int:
    match observer.phase:
        case Phase.REJECTED:
            return 5
        case Phase.BACKOFF:
            return 4
        case Phase.IDLE | Phase.CLOSED:
            return 3
        case Phase.AUTHENTICATING | Phase.CONNECTING | Phase.SYNCING:
            return 2
        case Phase.LIVE:
            return int(is_stale(observer, now_ns))


def _backoff_words(observer: ObserverState, now_ns: int) -> str:
    if observer.retry_at_ns is None:
        return _("Reconnecting (try {n})").format(n=observer.attempt)
    # Rounded up: at "0 s" one would wait for what should have happened.
    wait_s = max(0, -(-(observer.retry_at_ns - now_ns) // NS))
    return _("Reconnecting in {s} s (try {n})").format(s=wait_s, n=observer.attempt)


def _rejected_words(cause: Cause) -> str:
    match cause:
        case Cause.BAD_CREDENTIALS:
            return _("Sign in again")
        case Cause.NOT_ADMIN:
            return _("Refused (not an admin)")
        case Cause.PLAIN_TEXT:
            return _("Not connected (would be unencrypted)")
        case Cause.TLS:
            return _("Not connected (TLS)")
        case _:
            return _("Not connected")
