"""What all commands of `helios-gateway` have in common: their exit codes, and one line for what is wrong."""

import argparse
import sys
from typing import Final, NoReturn

OK: Final = 0
FAILURE: Final = 1
USAGE: Final = 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and ends with `USAGE`."""

    def error(self, message: str) -> NoReturn:
        """End with the sentence alone: what it may be given is in `--help`."""
        say_wrong(message)
        raise SystemExit(USAGE)


def say_wrong(sentence: str) -> None:
    """Tell the user, on standard error."""
    print(f"helios-gateway: {sentence}", file=sys.stderr, flush=True)
