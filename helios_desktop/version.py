"""Which version of the program this is."""

from typing import Final

DISTRIBUTION: Final = "helios-desktop"


def program_version() -> str:
    """Of this program, as installed."""
    # Nothing else needs it, and it takes as long to load as a tenth of the window.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - see above

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
