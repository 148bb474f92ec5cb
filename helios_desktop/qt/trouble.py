"""Whom the strip below the top bar speaks of, and why: one at a time, and the same one for as long as it may be."""

from collections.abc import Iterable

from msgspec import Struct

from helios_desktop.client.causes import explain
from helios_desktop.observation import Cause, Phase
from helios_desktop.qt.naming import observer_title
from helios_desktop.qt.standing import badness, cause_of, is_on_its_way
from helios_desktop.store.state import ObserverState
from helios_desktop.store.verdict import Level


class Trouble(Struct, frozen=True, gc=False):
    """`observer` does not stand as it should, because of `cause`; `is_shared` where all stand so."""

    observer: ObserverState
    cause: Cause
    detail: str
    is_shared: bool = False

    @property
    def level(self) -> Level:
        """How grave: only what has stopped for good is a problem."""
        return Level.PROBLEM if self.observer.phase is Phase.REJECTED else Level.WARNING

    @property
    def sentence(self) -> str:
        """What happened, and to which gateway where others stand otherwise."""
        sentence = explain(self.cause, self.detail).sentence
        return sentence if self.is_shared else f"{observer_title(self.observer)}: {sentence}"

    @property
    def next_step(self) -> str:
        """What to do about it; "" where there is nothing."""
        return explain(self.cause, self.detail).next_step


class TroubleWatch:
    """Remembers why each observer failed last, so that the next attempt does not hide it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Cause, str]] = {}
        self._shown = ""

    def look(self, observers: Iterable[ObserverState], now_ns: int) -> Trouble | None:
        """The gravest trouble now; of equals the one that was given before."""
        named = {observer.name: observer for observer in observers}
        self._known = {
            name: why for name, observer in named.items() if (why := self._why(observer, now_ns))[0] is not Cause.NONE
        }
        if not self._known:
            self._shown = ""
            return None
        first = max(self._known, key=lambda name: (badness(named[name], now_ns), name == self._shown))
        self._shown = first
        cause, detail = self._known[first]
        is_shared = len(self._known) == len(named) and len({why[0] for why in self._known.values()}) == 1
        return Trouble(named[first], cause, detail, is_shared)

    def _why(self, observer: ObserverState, now_ns: int) -> tuple[Cause, str]:
        cause = cause_of(observer, now_ns)
        if cause is Cause.NONE and is_on_its_way(observer) and observer.attempt:
            return self._known.get(observer.name, (Cause.NONE, ""))
        # Of what works somehow, the detail would only make a long line longer; "Copy details" has it.
        return cause, "" if observer.phase in {Phase.LIVE, Phase.POLLING} else observer.detail
