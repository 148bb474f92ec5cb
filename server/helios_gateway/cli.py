"""`helios-gateway`: a simulated Helios cluster for any client, on this machine."""

import argparse
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from helios_gateway.address import HIGHEST_PORT, is_loopback

OK: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
_MOST_NODES: Final = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns 0, 1 for a failure, 2 for a wrong command line; says each in a line."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        # Loading takes a while, in which Ctrl-C is no reason for a traceback either.
        from helios_gateway.port import PortError  # noqa: PLC0415 - see above
        from helios_gateway.serve import serve  # noqa: PLC0415 - see above

        try:
            is_well = serve(options)
        except PortError as error:
            _say_wrong(str(error))
            return FAILURE
    except KeyboardInterrupt:
        return OK
    return OK if is_well else FAILURE


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="helios-gateway", description="Serve a simulated Raft cluster as a Helios gateway, on this machine only."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--nodes", type=int, default=3, help=f"1 to {_MOST_NODES} (default: %(default)s)")
    parser.add_argument(
        "--node",
        default="node1",
        metavar="ID|all",
        help="the node that it speaks for; all: one port a node, counting up from the first (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, help="the same seed gives the same cluster (default: a random one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="simulated seconds a second, 1 to 50 (default: 1)"
    )
    parser.add_argument("--calm", action="store_true", help="no events of the cluster's own")
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this origin in, beside those from loopback; may be given again",
    )
    options = parser.parse_args(arguments)
    if not is_loopback(options.host):
        parser.error(
            f"refusing to serve on {options.host}: the demo's passwords are known to everyone, "
            "so only a loopback address will do, as in --host 127.0.0.1"
        )
    if not 0 <= options.port <= HIGHEST_PORT:
        parser.error(f"no port has the number {options.port}: choose one from 0 to {HIGHEST_PORT}")
    if not 1 <= options.nodes <= _MOST_NODES:
        parser.error(f"a cluster of {options.nodes} nodes cannot be simulated: choose 1 to {_MOST_NODES}")
    if options.node == "all" and options.port + options.nodes - 1 > HIGHEST_PORT:
        parser.error(
            f"there are not {options.nodes} ports from {options.port} on: "
            f"choose a --port up to {HIGHEST_PORT + 1 - options.nodes}"
        )
    names = [f"node{number}" for number in range(1, options.nodes + 1)]
    if options.node not in {"all", *names}:
        parser.error(f"there is no {options.node!r}: --node takes one of {', '.join(names)}, or all")
    if not 1.0 <= options.speed <= 50.0:
        parser.error(f"a speed of {options.speed:g} is not possible: choose 1 to 50")
    return options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        _say_wrong(message)
        raise SystemExit(USAGE)


def _say_wrong(sentence: str) -> None:
    print(f"helios-gateway: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
