"""The first contact with a cluster: whether there is one, or why there will not be any."""

from collections.abc import Iterable, Mapping
from typing import Final

from helios_desktop.client.causes import explain
from helios_desktop.event import Event
from helios_desktop.headless.exit_codes import CommandError, ExitCode, code_of
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.messages import Malformed, ServerError
from helios_desktop.store.silence import silence
from helios_desktop.store.state import ClusterState, ObserverState
from helios_desktop.words import _, ngettext

STATUS_WITHIN_S: Final = 13.0
"""Two of a gateway's status periods, and a second more than a session waits for the first answer of all."""
_FAILED: Final = frozenset({Phase.BACKOFF, Phase.REJECTED})
_OPEN: Final = frozenset({Phase.SYNCING, Phase.LIVE, Phase.POLLING})
_TALKING: Final = frozenset({Phase.LIVE, Phase.POLLING})
_GRAVEST_FIRST: Final = (
    ExitCode.CREDENTIALS_REFUSED,
    ExitCode.NOT_ADMIN,
    ExitCode.USAGE,
    ExitCode.NO_STATUS,
    ExitCode.CANNOT_CONNECT,
)
"""Where gateways fail each in its own way, the user can do something about the first of these."""


class FirstContact:
    """Judges what a monitor sees from its start until any gateway gives a valid status, or each has failed once.

    observers: how many gateways are asked
    is_made:   a valid status came; nothing that happens later is a failure of the first contact
    failure:   why there is no contact, None while it may come
    """

    def __init__(self, *, needs_status: bool, observers: int = 1) -> None:
        self._needs_status = needs_status
        self._observers = observers
        self._opened_ns: dict[str, int] = {}
        self._failures: dict[str, CommandError] = {}
        self._said: dict[str, str] = {}
        self._state = ClusterState()
        self.is_made = False
        self.failure: CommandError | None = None

    def take(self, state: ClusterState, events: Iterable[Event]) -> None:
        """Follow one observation by the state after it and its events. The ticks among them are what ends waiting."""
        if self.is_made or self.failure is not None:
            return
        self._state = state
        for event in events:
            match event.body:
                case ServerError(error=said) | Malformed(reason=said):
                    self._said[event.observer] = said
        for observer in state.observers.values():
            self._judge(observer)
        # Without the topic no status need come: a gateway that talks is as good.
        self.is_made = any(
            observer.status is not None or (not self._needs_status and observer.phase in _TALKING)
            for observer in state.observers.values()
        )
        if not self.is_made and len(self._failures) >= self._observers:
            # In the order in which they are asked, not in that in which they fail.
            self.failure = _joined({name: self._failures[name] for name in state.observers if name in self._failures})

    def lack(self) -> CommandError:
        """What to say where the time is over and there is no contact."""
        lacks = {name: self._failures.get(name) or self._lack_of(name) for name in self._state.observers}
        return _joined(lacks) if lacks else _no_connection()

    def _judge(self, observer: ObserverState) -> None:
        name = observer.name
        if name in self._failures:
            return
        if observer.phase in _FAILED:
            self._failures[name] = self._failure(observer)
        elif observer.phase in _OPEN:
            opened_ns = self._opened_ns.setdefault(name, self._state.now_ns)
            if self._state.now_ns - opened_ns >= STATUS_WITHIN_S * 1e9:
                self._failures[name] = self._lack_of(name)

    def _failure(self, observer: ObserverState) -> CommandError:
        # The sentence begins with the observer: the same host and port once more would tell nothing.
        detail = printable(observer.detail).removeprefix(f"{observer.name}: ")
        explanation = explain(observer.cause, detail)
        code = code_of(observer.cause)
        if observer.name in self._opened_ns and code is ExitCode.CANNOT_CONNECT:
            return CommandError(ExitCode.NO_STATUS, f"{_('Connected, but no valid status came.')} {explanation}")
        return CommandError(code, str(explanation))

    def _lack_of(self, name: str) -> CommandError:
        if name not in self._opened_ns:
            return _no_connection()
        cause = silence(self._state.observers[name], self._state.now_ns)
        if cause is not Cause.NONE:
            return CommandError(code_of(cause), str(explain(cause, printable(self._said.get(name, "")))))
        sentence = _("Connected, but no valid status came")
        if name in self._said:
            sentence += _(" (the gateway said: {text})").format(text=printable(self._said[name]))
        step = _("Check that the gateway's node runs and that Raft is enabled there.")
        return CommandError(ExitCode.NO_STATUS, f"{sentence}. {step}")


def printable(text: str) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _no_connection() -> CommandError:
    return CommandError(
        ExitCode.CANNOT_CONNECT,
        _("There was no connection within this time. Give it longer by --for, or check the address."),
    )


def _joined(failures: Mapping[str, CommandError]) -> CommandError:
    """One failure of all gateways, each on a line of its own where they are several."""
    code = min((failure.code for failure in failures.values()), key=_GRAVEST_FIRST.index)
    lines = [f"{name}: {failure}" for name, failure in failures.items()]
    if len(lines) == 1:
        return CommandError(code, lines[0])
    head = ngettext("{n} gateway gives no status:", "None of {n} gateways gives a status:", len(lines))
    return CommandError(code, "\n  ".join((head.format(n=len(lines)), *lines)))
