"""Why a connection is not there, in the user's words: a sentence and what to do next."""

from dataclasses import dataclass
from typing import Final

from helios_desktop.observation import Cause
from helios_desktop.words import _

_WORDS: Final[dict[Cause, tuple[str, str]]] = {
    Cause.NONE: ("", ""),
    Cause.ASKED: (_("You asked for it."), ""),
    Cause.UNKNOWN_HOST: (_("No host of that name is known."), _("Check the address, and that this machine is online.")),
    Cause.REFUSED: (
        _("Nothing listens at that address and port."),
        _("Check the port, and that the gateway runs."),
    ),
    Cause.UNREACHABLE: (_("The gateway cannot be reached."), _("Check the network between here and there.")),
    Cause.TIMEOUT: (
        _("The gateway did not answer in time."),
        _("Check the address; a firewall may swallow the connection."),
    ),
    Cause.TLS: (
        _("No trusted TLS connection could be made."),
        _(
            "If it speaks TLS, name its certificate's authority by a CA file, and the host as the certificate does; "
            "if it speaks none, use http://."
        ),
    ),
    Cause.PLAIN_TEXT: (
        _("The password or token would travel unencrypted, so nothing was sent."),
        _("Use https:// or wss://, or allow a plain-text connection to this host."),
    ),
    Cause.BAD_CREDENTIALS: (_("The gateway refused the user name, password or token."), _("Sign in again.")),
    Cause.NOT_ADMIN: (
        _("This user may not watch the cluster: the gateway lets only administrators in."),
        _("Sign in as an administrator."),
    ),
    Cause.NOT_FOUND: (
        _("The gateway is not at this address, or does not know the node."),
        _("Check host, port and path of the address."),
    ),
    Cause.NOT_HELIOS: (
        _("Something answers there, but not as a Helios gateway does."),
        _("Check the port, and whether it should be https:// instead of http://."),
    ),
    Cause.SERVER_ERROR: (
        _("The gateway reported a failure of its own."),
        _("If it goes on, look into the gateway's log."),
    ),
    Cause.SERVER_CLOSED: (_("The gateway closed the connection."), _("If it goes on, look into the gateway's log.")),
    Cause.LOGIN_EXPIRED: (_("The sign-in ran out, and the gateway closed the connection."), _("Sign in again.")),
    Cause.REVOKED: (
        _("The gateway ended this sign-in: it was signed out, or may not watch the cluster any more."),
        _("Sign in again; where that is refused, ask whoever keeps the gateway's accounts."),
    ),
    Cause.TOO_SLOW: (
        _("This program read so slowly that messages were lost, and the gateway closed the connection."),
        _("If it goes on, switch off topics that you do not need, or see what keeps this machine busy."),
    ),
    Cause.TOO_MANY: (
        _("This program sent more messages than the gateway allows, and the gateway closed the connection."),
        _("It waits for a while before it connects again. If it goes on, please report it: the fault is ours."),
    ),
    Cause.SILENT: (
        _("The gateway fell silent: nothing came any more, and no ping was answered."),
        _("Check the network between here and there, and that the gateway still runs."),
    ),
    Cause.HUB_NOT_RUNNING: (
        _("The gateway opened the connection and never said a word: its hub is not running."),
        _("Restart the gateway, and see that it starts its WebSocket hub (Gateway.Start)."),
    ),
    Cause.RAFT_NOT_ENABLED: (
        _("The gateway answers, but Raft is not enabled there, so it has nothing to tell."),
        _("Start the node with Raft enabled, or connect to a gateway that has it."),
    ),
    Cause.NO_STATUS: (
        _("The gateway answers pings but sends no status."),
        _("Look into the gateway's log for a status that failed; Raft may not be enabled there."),
    ),
    Cause.STATUS_BY_REST: (
        _("The gateway sends no status over the WebSocket, so it is asked for by REST."),
        _("What happens between two answers may go unseen. Look into the gateway's log."),
    ),
    Cause.SOCKET_BLOCKED: (
        _("No WebSocket is let through, so the status is asked for by REST every few seconds."),
        _("Let the proxy on the way pass on Upgrade for /ws/cluster, or connect past it."),
    ),
    Cause.SLEPT: (
        _("This machine slept, or the program stood still, and the connection did not outlive it."),
        _("Nothing is to be done: it is made anew, and what happened meanwhile shows as a gap."),
    ),
}


@dataclass(frozen=True)
class Explanation:
    """sentence: what happened, with the detail in brackets where there is one; next_step: "" where there is none."""

    sentence: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}".rstrip()


def explain(cause: Cause, detail: str) -> Explanation:
    """Put a cause into words. `detail` is shown as it is: what the system or the server said, in its language."""
    sentence, next_step = _WORDS[cause]
    if detail and sentence:
        sentence = _("{sentence} ({detail})").format(sentence=sentence.removesuffix("."), detail=detail) + "."
    return Explanation(sentence or detail, next_step)
