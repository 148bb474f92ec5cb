"""What single arguments are read as: for argparse, which says their errors."""

import argparse
import math
import re
from collections.abc import Callable
from typing import Final

from helios_desktop.headless.instants import Instant, InstantError, parse_instant, parse_span
from helios_desktop.words import _

MAX_SIDE: Final = 16_384
_SIZE: Final = re.compile(r"(\d{2,5})[x×](\d{2,5})", re.ASCII)


def seconds(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(_("“{text}” is no number of seconds above 0.").format(text=text))
    return number


def number(kind: Callable[[str], int | float], least: float, most: float) -> Callable[[str], int | float]:
    """What reads a number within bounds."""

    def read(text: str) -> int | float:
        try:
            found = kind(text)
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(
                _("“{text}” is no number from {least} to {most}.").format(text=text, least=least, most=most)
            )
        return found

    return read


def size(text: str) -> tuple[int, int]:
    """Width and height of a window."""
    match = _SIZE.fullmatch(text)
    sides = (0, 0) if match is None else (int(match[1]), int(match[2]))
    if not all(0 < side <= MAX_SIDE for side in sides):
        raise argparse.ArgumentTypeError(_("“{text}” is no size like 1280x800.").format(text=text))
    return sides


def types(text: str) -> frozenset[str]:
    """Names of event types, one at least."""
    names = frozenset(name.strip() for name in text.split(",")) - {""}
    if not names:
        raise argparse.ArgumentTypeError(_("TYPES is empty: name one at least, like state_change."))
    return names


def instant(text: str) -> Instant:
    """A time of a recording."""
    try:
        return parse_instant(text)
    except InstantError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def span_ns(text: str) -> int:
    """A length of time."""
    try:
        return parse_span(text)
    except InstantError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
