"""What the failure of a call means for the connection. Pure."""

from typing import Final

from helios_desktop.client.failure import Failure
from helios_desktop.observation import Cause

LIMITED: Final = 429

_NEEDS_THE_USER: Final = frozenset(
    {
        Cause.BAD_CREDENTIALS,
        Cause.NOT_ADMIN,
        Cause.NOT_FOUND,
        Cause.PLAIN_TEXT,
        Cause.LOGIN_EXPIRED,
        Cause.REVOKED,
    }
)
TOKEN_REFUSED: Final = frozenset({Cause.BAD_CREDENTIALS, Cause.LOGIN_EXPIRED})
"""What another login may mend, where there is one."""
_NEEDS_THE_USER_AT_FIRST: Final = frozenset({Cause.NOT_HELIOS, Cause.TLS})
"""A wrong address, as long as it never worked; later it is the network or the gateway that changed, and may again."""
_MAY_BE_BLOCKED: Final = frozenset(
    {Cause.NOT_HELIOS, Cause.SERVER_ERROR, Cause.NOT_FOUND, Cause.TIMEOUT, Cause.UNREACHABLE}
)
_WORD_OF_THE_GATEWAY: Final = frozenset({Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN, Cause.RAFT_NOT_ENABLED})


def needs_the_user(cause: Cause, *, has_worked: bool) -> bool:
    """True where trying again is no use before the user has changed something."""
    return cause in _NEEDS_THE_USER or (cause in _NEEDS_THE_USER_AT_FIRST and not has_worked)


def is_answer(cause: Cause) -> bool:
    """True where the other side answered a call for a token, and gave none: to ask in another way may help."""
    return cause in {*_NEEDS_THE_USER, Cause.NOT_HELIOS, Cause.SERVER_ERROR}


def may_be_blocked(cause: Cause) -> bool:
    """True where a proxy that lets no WebSocket through could have made the opening of one fail so."""
    return cause in _MAY_BE_BLOCKED


def told_by_rest(socket_failure: Failure, status: int | None, rest_failure: Failure | None) -> Failure:
    """Why the socket did not open, now that REST was asked for the status as well.

    `SOCKET_BLOCKED` where only the socket fails; else what the gateway said to that, or how the socket failed.
    """
    if rest_failure is None:
        return Failure(Cause.SOCKET_BLOCKED, socket_failure.detail)
    # A limit is only met by whoever was let in.
    if rest_failure.cause in _WORD_OF_THE_GATEWAY or status == LIMITED:
        return rest_failure
    return socket_failure
