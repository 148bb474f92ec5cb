"""Why a call to the gateway failed, as a fact."""

from dataclasses import dataclass
from typing import Final

from helios_desktop.observation import Cause

DETAIL_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """A cause, and what the system or the server said: printable, on one line, short, and no secret."""

    cause: Cause
    detail: str = ""


class CallError(Exception):
    """A call to the gateway failed; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.cause.value}: {failure.detail}")
        self.failure = failure


def detail_of(text: str) -> str:
    """Make one short printable line of any text."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= DETAIL_CHARACTERS else line[: DETAIL_CHARACTERS - 1] + "…"
