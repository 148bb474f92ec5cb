"""What holds between the keys of a configuration; each refusal is a sentence that names the key as the user did."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from helios_gateway.admission.address import HIGHEST_PORT, is_loopback
from helios_gateway.configuration.config import MOST_NODES, Config, KeyPath
from helios_gateway.configuration.config_keys import sections, value_of
from helios_gateway.configuration.config_reading import Origins, Read

_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - to tell what it would mean
_Problem = tuple[KeyPath, str]


def check(read: Read) -> None:
    """Raise `ConfigError` for the first thing that cannot be served, whoever may log in."""
    for path, sentence in _problems(read.config, read.origins):
        raise read.origins.error(path, sentence)


def check_exposure(read: Read, *, has_accounts: bool) -> None:
    """Raise `ConfigError` where others than this machine could come in by known passwords or listen in."""
    server = read.config.server
    is_local = is_loopback(server.host)
    if is_local and not server.behind_proxy:
        return
    path = ("server", "behind_proxy") if is_local else ("server", "host")
    what = "behind a proxy" if is_local else f"on {server.host or 'every address'}"
    if not has_accounts:
        raise read.origins.error(
            path,
            f"refusing to serve {what}: the demo's passwords are known to everyone, so only a loopback address will do,"
            " as in --host 127.0.0.1, until there is an account (`helios-gateway user add NAME`)",
        )
    if is_local or server.behind_proxy:
        return
    if not read.config.tls.certificate:
        raise read.origins.error(
            path,
            f"refusing to serve {what} in plain text: name a certificate and its key under [tls], "
            "or set behind_proxy = true under [server] where a proxy in front ends TLS",
        )
    if server.host in _EVERYWHERE and not server.allowed_hosts:
        raise read.origins.error(
            path,
            f"nobody could reach what is served {what}: name the hosts by which it is addressed in allowed_hosts "
            "under [server]",
        )


def _problems(config: Config, origins: Origins) -> Iterator[_Problem]:
    yield from _server_problems(config, origins)
    yield from _cluster_problems(config, origins)
    yield from _lives(config)
    yield from _tls_problems(config)
    file = config.accounts.file
    if file and not _may_be(Path(file).exists):
        how = f"make it with `helios-gateway user add NAME --accounts {file}`"
        yield ("accounts", "file"), f"accounts.file: there is no file {file}: {how}"


def _server_problems(config: Config, origins: Origins) -> Iterator[_Problem]:
    server = config.server
    if not 0 <= server.port <= HIGHEST_PORT:
        yield ("server", "port"), f"no port has the number {server.port}: choose one from 0 to {HIGHEST_PORT}"
    if not 0 < server.drain_s <= 3600:
        yield ("server", "drain_s"), f"{server.drain_s:g} s to drain is not possible: choose above 0 and up to 3600"
    for name, told in (("allowed_origins", server.allowed_origins), ("allowed_hosts", server.allowed_hosts)):
        if "*" in told:
            yield ("server", name), f"{origins.name(('server', name))} takes no “*”: name each that may"
    nodes = config.cluster.nodes
    if server.node == "all" and server.port + nodes - 1 > HIGHEST_PORT:
        said = origins.name(("server", "port"), "--port")
        sentence = (
            f"there are not {nodes} ports from {server.port} on: choose a {said} up to {HIGHEST_PORT + 1 - nodes}"
        )
        yield ("server", "port"), sentence


def _cluster_problems(config: Config, origins: Origins) -> Iterator[_Problem]:
    nodes, speed, node = config.cluster.nodes, config.cluster.speed, config.server.node
    if not 1 <= nodes <= MOST_NODES:
        yield ("cluster", "nodes"), f"a cluster of {nodes} nodes cannot be simulated: choose 1 to {MOST_NODES}"
    names = [f"node{number}" for number in range(1, nodes + 1)]
    if node not in {"all", *names}:
        said = origins.name(("server", "node"), "--node")
        yield ("server", "node"), f"there is no {node!r}: {said} takes one of {', '.join(names)}, or all"
    if not 1.0 <= speed <= 50.0:
        yield ("cluster", "speed"), f"a speed of {speed:g} is not possible: choose 1 to 50"


def _lives(config: Config) -> Iterator[_Problem]:
    for section in ("tokens", "limits"):
        for key in sections()[section].values():
            value = value_of(config, key.path)
            if isinstance(value, int | float) and not 0 < value < float("inf"):
                yield key.path, f"{section}.{key.name} is {value:g}: it must be above 0 and finite"
    tokens = config.tokens
    if tokens.refresh_life_s < tokens.life_s:
        sentence = f"it must be longer than tokens.life_s ({tokens.life_s} s), or nobody could refresh in time"
        yield ("tokens", "refresh_life_s"), f"tokens.refresh_life_s is {tokens.refresh_life_s}: {sentence}"


def _tls_problems(config: Config) -> Iterator[_Problem]:
    tls = config.tls
    if bool(tls.certificate) != bool(tls.key):
        given, other = ("certificate", "key") if tls.certificate else ("key", "certificate")
        yield ("tls", given), f"tls.{given} is of no use alone: name the {other} under [tls] too"
    for name, told in (("certificate", tls.certificate), ("key", tls.key)):
        if told and not _may_be(Path(told).is_file):
            yield ("tls", name), f"tls.{name}: there is no file {told}"


def _may_be(look: Callable[[], bool]) -> bool:
    """What cannot be seen may be there: whoever reads it says why it cannot."""
    try:
        return look()
    except OSError:
        return True
