"""One line of `make bench`."""

from typing import NamedTuple


class Row(NamedTuple):
    """A measure of docs/performance.md. `is_met` None: there is nothing here to judge it by."""

    number: int
    measure: str
    figure: str
    target: str
    is_met: bool | None
