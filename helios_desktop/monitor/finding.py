"""What one step of a check found, without the step itself."""

from enum import StrEnum

from msgspec import Struct

from helios_desktop.client.causes import explain
from helios_desktop.client.failure import Failure
from helios_desktop.observation import Cause


class Outcome(StrEnum):
    """How a step went."""

    OK = "ok"
    FAILED = "failed"  # and nothing that needs it can work
    SKIPPED = "skipped"  # not tried; the text says why
    NOTE = "note"  # nothing that needs it is stopped by it, but it is worth knowing


class Finding(Struct, frozen=True):
    """text: a whole sentence, what was found; advice: the next step, "" where there is none; neither holds a secret."""

    outcome: Outcome
    text: str
    advice: str = ""
    cause: Cause = Cause.NONE


def ok(text: str) -> Finding:
    """All is as it should be."""
    return Finding(Outcome.OK, text)


def skipped(text: str) -> Finding:
    """It was not tried."""
    return Finding(Outcome.SKIPPED, text)


def note(text: str, advice: str = "", cause: Cause = Cause.NONE) -> Finding:
    """It is not as usual, or not known."""
    return Finding(Outcome.NOTE, text, advice, cause)


def failed(failure: Failure, advice: str = "") -> Finding:
    """It failed; `advice` stands in for the usual one of that cause."""
    explanation = explain(failure.cause, failure.detail)
    return Finding(Outcome.FAILED, explanation.sentence, advice or explanation.next_step, failure.cause)
