"""What a command ends with (documented in README and `--help`)."""

from enum import IntEnum

from helios_desktop.observation import Cause


class ExitCode(IntEnum):
    """The codes of all commands."""

    WELL = 0
    FAILURE = 1  # a file, or anything else that is not below
    USAGE = 2
    CANNOT_CONNECT = 3
    CREDENTIALS_REFUSED = 4
    NOT_ADMIN = 5
    NO_STATUS = 6  # connected, but no valid status came
    INTERRUPTED = 130  # Ctrl-C
    TERMINATED = 143


class CommandError(Exception):
    """The command cannot go on: `str()` is the sentence for the user, without any secret."""

    def __init__(self, code: ExitCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


_CODES = {
    Cause.PLAIN_TEXT: ExitCode.USAGE,
    Cause.BAD_CREDENTIALS: ExitCode.CREDENTIALS_REFUSED,
    Cause.NOT_ADMIN: ExitCode.NOT_ADMIN,
    Cause.LOGIN_EXPIRED: ExitCode.CREDENTIALS_REFUSED,
    Cause.REVOKED: ExitCode.CREDENTIALS_REFUSED,
    Cause.HUB_NOT_RUNNING: ExitCode.NO_STATUS,
    Cause.RAFT_NOT_ENABLED: ExitCode.NO_STATUS,
    Cause.NO_STATUS: ExitCode.NO_STATUS,
    Cause.STATUS_BY_REST: ExitCode.NO_STATUS,
}


def code_of(cause: Cause) -> ExitCode:
    """That of a first connection that failed for this cause; a socket that was open before is the caller's to know."""
    return _CODES.get(cause, ExitCode.CANNOT_CONNECT)
