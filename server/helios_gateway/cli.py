"""`helios-gateway`: a simulated Helios cluster for any client."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helios_gateway.command_line import FAILURE, OK, USAGE, Parser, say_wrong

if TYPE_CHECKING:
    from helios_gateway.configuration.config import Config, KeyPath

_KEYS: "Final[dict[str, KeyPath]]" = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "node": ("server", "node"),
    "allow_origin": ("server", "allowed_origins"),
    "nodes": ("cluster", "nodes"),
    "seed": ("cluster", "seed"),
    "speed": ("cluster", "speed"),
    "calm": ("cluster", "calm"),
}
"""Which key each argument overrides."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns 0, 1 for a failure, 2 for a wrong command line; says each in a line."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["user"]:
        from helios_gateway.accounts.user_commands import main as user  # noqa: PLC0415 - what serves need not load it

        return user(given[1:])
    options = _parse(given)
    try:
        # Loading takes a while, in which Ctrl-C is no reason for a traceback either.
        from helios_gateway.admission.limits import raise_open_files  # noqa: PLC0415 - see above

        # Before the limits are read, whose defaults are made from it.
        raise_open_files()
        return _print_config() if options.print_config else _serve(options)
    except KeyboardInterrupt:
        return OK


def _print_config() -> int:
    from helios_gateway.configuration.config_example import example  # noqa: PLC0415 - what serves need not load it

    print(example(), end="")
    return OK


def _serve(options: argparse.Namespace) -> int:
    from helios_gateway.accounts.account_database import AccountFileError  # noqa: PLC0415 - see `main`
    from helios_gateway.configuration.config_reading import ConfigError  # noqa: PLC0415 - see `main`
    from helios_gateway.service.certificates import CertificateError  # noqa: PLC0415 - see `main`
    from helios_gateway.service.port import PortError  # noqa: PLC0415 - see `main`
    from helios_gateway.service.serve import serve  # noqa: PLC0415 - see `main`

    reread = _reader(options)
    try:
        config = reread()
        if not options.check_config:
            return OK if serve(config, reread) else FAILURE
        print(f"helios-gateway: {options.config or 'the configuration'} is well")
    except ConfigError as error:
        say_wrong(str(error))
        raise SystemExit(USAGE) from None
    except (PortError, AccountFileError, CertificateError) as error:
        say_wrong(str(error))
        return FAILURE
    return OK


def _reader(options: argparse.Namespace) -> "Callable[[], Config]":
    """Give what reads the configuration, and checks it, each time anew."""
    from helios_gateway.configuration.config_reading import Argument, read  # noqa: PLC0415 - see `main`
    from helios_gateway.service.serve import checked  # noqa: PLC0415 - see `main`

    given = vars(options)
    arguments = {
        path: Argument(f"--{name.replace('_', '-')}", _value(given[name]))
        for name, path in _KEYS.items()
        if name in given
    }
    environment = dict(os.environ)
    return lambda: checked(read(options.config, environment, arguments))


def _value(told: Any) -> Any:
    return tuple(told) if isinstance(told, list) else told


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="helios-gateway",
        description="Serve a simulated Raft cluster as a Helios gateway; `helios-gateway user` keeps its accounts.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", default=None, help="read the configuration from there")
    parser.add_argument(
        "--check-config", action="store_true", default=False, help="say what is wrong with the configuration, and end"
    )
    parser.add_argument(
        "--print-config", action="store_true", default=False, help="print a configuration of all defaults, and end"
    )
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="0 takes a free one (default: 8080)")
    parser.add_argument("--nodes", type=int, help="how many the cluster has (default: 3)")
    parser.add_argument(
        "--node",
        metavar="ID|all",
        help="the node that it speaks for; all: one port a node, counting up from the first (default: node1)",
    )
    parser.add_argument("--seed", type=int, help="the same seed gives the same cluster (default: a random one)")
    parser.add_argument("--speed", type=float, metavar="X", help="simulated seconds a second, 1 to 50 (default: 1)")
    parser.add_argument("--calm", action="store_true", help="no events of the cluster's own")
    parser.add_argument(
        "--allow-origin",
        action="append",
        metavar="ORIGIN",
        help="let pages of this origin in, beside those from loopback; may be given again",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
