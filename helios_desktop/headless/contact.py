"""The first contact with a cluster: whether there is one, or why there will not be any."""

from collections.abc import Iterable
from typing import Final

from helios_desktop.client.causes import explain
from helios_desktop.event import ConnectionEvent, Event
from helios_desktop.headless.exit_codes import CommandError, ExitCode, code_of
from helios_desktop.observation import Phase
from helios_desktop.protocol.messages import Malformed, Pong, ServerError, Status, Unknown
from helios_desktop.words import _

STATUS_WITHIN_S: Final = 12.0
"""Two of a gateway's status periods, and two seconds for the network."""
_FAILED: Final = frozenset({Phase.BACKOFF, Phase.REJECTED})
_OPEN: Final = frozenset({Phase.SYNCING, Phase.LIVE})


class FirstContact:
    """Judges the events of a monitor from its start until the first valid status, or the first failure.

    is_open:   a socket was opened; from then on a status must come within `STATUS_WITHIN_S`
    is_made:   a valid status came; nothing that happens later is a failure of the first contact
    failure:   why there is no contact, None while it may come
    """

    def __init__(self, *, needs_status: bool) -> None:
        self._needs_status = needs_status
        self._said = ""
        self.is_open = False
        self.is_made = False
        self.failure: CommandError | None = None

    def take(self, events: Iterable[Event]) -> None:
        """Follow what happened."""
        for event in events:
            if self.is_made or self.failure is not None:
                return
            body = event.body
            match body:
                case ConnectionEvent():
                    self._follow(body, event.observer)
                case Status():
                    self.is_made = not event.is_derived
                case ServerError():
                    self._said = body.error
                case Malformed():
                    self._said = body.reason
                case Unknown() | Pong():
                    pass
                case _:
                    # Without the topic no status need come; any other message of a cluster is as good.
                    self.is_made = not self._needs_status and not event.is_derived

    def lack(self) -> CommandError:
        """What to say where the time is over and there is no contact."""
        if not self.is_open:
            return CommandError(
                ExitCode.CANNOT_CONNECT,
                _("There was no connection within this time. Give it longer by --for, or check the address."),
            )
        sentence = _("Connected, but no valid status came")
        if self._said:
            sentence += _(" (the gateway said: {text})").format(text=printable(self._said))
        step = _("Check that the gateway's node runs and that Raft is enabled there.")
        return CommandError(ExitCode.NO_STATUS, f"{sentence}. {step}")

    def _follow(self, change: ConnectionEvent, observer: str) -> None:
        if change.phase in _OPEN:
            self.is_open = True
            # A cluster may be silent where no status is asked for.
            self.is_made = change.phase is Phase.LIVE and not self._needs_status
        elif change.phase in _FAILED:
            self.failure = self._failure(change, observer)

    def _failure(self, change: ConnectionEvent, observer: str) -> CommandError:
        # The sentence begins with the observer: the same host and port once more would tell nothing.
        detail = printable(change.detail).removeprefix(f"{observer}: ")
        explanation = explain(change.cause, detail)
        code = code_of(change.cause)
        if self.is_open and code is ExitCode.CANNOT_CONNECT:
            sentence = _("Connected, but no valid status came.")
            return CommandError(ExitCode.NO_STATUS, f"{observer}: {sentence} {explanation}")
        return CommandError(code, f"{observer}: {explanation}")


def printable(text: str) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text).strip()
