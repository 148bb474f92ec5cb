"""`helios-desktop` and `python -m helios_desktop`."""

import os
import sys
from pathlib import Path

INTERRUPTED = 130


def main() -> int:
    """Run the program and give its exit code. Ctrl-C ends it in silence, also while its parts are still loading."""
    # A shell may start it with these closed (`>&-`); what is said there then goes nowhere.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
    try:
        from helios_desktop.app.main import main as run  # noqa: PLC0415 - it takes a while to load

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
