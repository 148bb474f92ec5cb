"""The gateway's configuration: what is read, what overrides what, and the sentence for all that is wrong."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from helios_gateway.accounts.account_database import AccountFileError
from helios_gateway.configuration.config import CHANGEABLE, PATHS, Config
from helios_gateway.configuration.config_checks import check, check_exposure
from helios_gateway.configuration.config_example import example
from helios_gateway.configuration.config_keys import changed, sections
from helios_gateway.configuration.config_reading import Argument, ConfigError, Read, read, variable
from helios_gateway.service.certificates import CertificateError
from helios_gateway.service.serve import checked

KEYS = {key.path: key for keys in sections().values() for key in keys.values()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.toml"


def refusal(file: Path, text: str, environment: dict[str, str] | None = None) -> str:
    """The sentence for this text, without the place of the file."""
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        check(read(file, environment or {}, {}))
    return str(refused.value).replace(str(file), "FILE")


def test_without_anything_it_is_the_demo_on_loopback() -> None:
    config = read(None, {}, {}).config
    assert config == Config()
    assert (config.server.host, config.server.port, config.server.node) == ("127.0.0.1", 8080, "node1")
    assert not config.server.behind_proxy
    assert not config.tls.certificate


def test_the_example_is_the_defaults_and_is_accepted(file: Path) -> None:
    file.write_text(example())
    told = read(file, {}, {})
    check(told)
    assert told.config == Config()


def test_the_example_shows_each_key_with_a_comment_before_it() -> None:
    lines = example().splitlines()
    assert list(tomllib.loads(example())) == list(sections())
    for key in KEYS.values():
        assert key.description, key.path
        head = lines.index(f"[{key.section}]")
        at = next(
            number for number in range(head, len(lines)) if lines[number].lstrip("# ").startswith(f"{key.name} =")
        )
        assert "" not in lines[head + 1 : at] or any(line.startswith("# ") for line in lines[head:at]), key.path
        block = lines[: at + 1]
        assert any(line.startswith("# ") for line in block[-(block[::-1].index("") or len(block)) :]), key.path


def test_the_example_leaves_to_the_machine_what_the_machine_decides() -> None:
    assert "\n# connections = " in example()
    assert "connections" not in tomllib.loads(example())["limits"]


def test_each_key_can_be_set_by_the_file_and_by_its_variable(file: Path) -> None:
    others: dict[tuple[str, str], Any] = {
        ("server", "host"): "::1",
        ("server", "node"): "all",
        ("server", "allowed_origins"): ("https://a.example", "https://b.example"),
        ("server", "allowed_hosts"): ("a.example",),
        ("cluster", "seed"): 9,
        ("accounts", "file"): "/a/b.db",
        ("tls", "certificate"): "/a/c.pem",
        ("tls", "key"): "/a/k.pem",
        ("log", "level"): "info",
        ("log", "format"): "json",
    }
    for path, key in KEYS.items():
        other = others.get(path, not key.default if isinstance(key.default, bool) else None)
        other = key.default + 1 if other is None else other
        written = msgspec.json.encode(other).decode()
        file.write_text(f"[{key.section}]\n{key.name} = {written}\n")
        assert changed(Config(), read(file, {}, {}).config) == [path]
        told = ",".join(other) if isinstance(other, tuple) else str(other)
        by_variable = read(None, {variable(key): told}, {}).config
        assert by_variable == read(file, {}, {}).config


def test_a_variable_overrides_the_file_and_an_argument_both(file: Path) -> None:
    file.write_text("[server]\nport = 1111\n")
    environment = {"HELIOS_GATEWAY_SERVER_PORT": "2222"}
    assert read(file, {}, {}).config.server.port == 1111
    assert read(file, environment, {}).config.server.port == 2222
    arguments = {("server", "port"): Argument("--port", 3333)}
    assert read(file, environment, arguments).config.server.port == 3333


def test_files_are_looked_for_beside_the_configuration_that_names_them(file: Path) -> None:
    file.write_text('[accounts]\nfile = "accounts.db"\n[tls]\ncertificate = "/etc/c.pem"\nkey = "keys/k.pem"\n')
    config = read(file, {}, {}).config
    assert config.accounts.file == str(file.parent / "accounts.db")
    assert config.tls.certificate == "/etc/c.pem"
    assert config.tls.key == str(file.parent / "keys/k.pem")
    assert read(None, {"HELIOS_GATEWAY_ACCOUNTS_FILE": "accounts.db"}, {}).config.accounts.file == "accounts.db"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server]\nhots = 1\n", "FILE, line 2: server.hots is not known; did you mean server.host?"),
        ("\n[sever]\nport = 1\n", "FILE, line 2: [sever] is not known; did you mean [server]?"),
        ("[limits]\n\nstatus = 1\n", "FILE, line 3: limits.status is not known; did you mean limits.status_s?"),
        ("[server]\nseed = 1\n", "FILE, line 2: server.seed is not known; did you mean cluster.seed?"),
        ("server.prot = 1\n", "FILE, line 1: server.prot is not known; did you mean server.port?"),
        ("[server]\nxyzzy = 1\n", "FILE, line 2: server.xyzzy is not known; `helios-gateway --print-config` shows all"),
        ("port = 8080\n", "FILE, line 1: port is not known; did you mean server.port?"),
        ("server = 1\n", "FILE, line 1: “server” must be a table: write [server] on a line of its own"),
        ('[server]\nport = "http"\n', "FILE, line 2: server.port: expected `int`, got `str`"),
        ("[server]\nport = true\n", "FILE, line 2: server.port: expected `int`, got `bool`"),
        ("[cluster]\nseed = 1.5\n", "FILE, line 2: cluster.seed: expected `int | null`, got `float`"),
        (
            '[server]\nallowed_origins = "https://a"\n',
            "FILE, line 2: server.allowed_origins: expected `array`, got `str`",
        ),
        ('[log]\nlevel = "loud"\n', "FILE, line 2: log.level: invalid enum value 'loud'"),
        ("[server]\nport = 70000\n", "FILE, line 2: no port has the number 70000: choose one from 0 to 65535"),
        ('[server]\nnode = "all"\nport = 65534\n', "FILE, line 3: there are not 3 ports from 65534 on"),
        ("[cluster]\nnodes = 10\n", "FILE, line 2: a cluster of 10 nodes cannot be simulated: choose 1 to 9"),
        ('[server]\nnode = "node4"\n', "FILE, line 2: there is no 'node4': [server] node takes one of node1, node2"),
        ("[cluster]\nspeed = nan\n", "FILE, line 2: a speed of nan is not possible: choose 1 to 50"),
        ("[limits]\ngrace_s = 0\n", "FILE, line 2: limits.grace_s is 0: it must be above 0"),
        ("[limits]\ngrace_s = inf\n", "FILE, line 2: limits.grace_s is inf: it must be above 0 and finite"),
        ("[limits]\nmessage_bytes = -1\n", "FILE, line 2: limits.message_bytes is -1: it must be above 0"),
        ("[tokens]\nlife_s = 0\n", "FILE, line 2: tokens.life_s is 0: it must be above 0"),
        ("[tokens]\nrefresh_life_s = 60\n", "FILE, line 2: tokens.refresh_life_s is 60: it must be longer than"),
        ("[server]\ndrain_s = -1\n", "FILE, line 2: -1 s to drain is not possible"),
        ('[server]\nallowed_hosts = ["*"]\n', "FILE, line 2: [server] allowed_hosts takes no “*”: name each"),
        ('[tls]\nkey = "k.pem"\n', "FILE, line 2: tls.key is of no use alone: name the certificate under [tls] too"),
        ("[server\n", "FILE, line 1: Expected ']'"),
        ("[server]\nport = \n", "FILE, line 2: Invalid value"),
        ("[server]\nport = 1\nport = 2\n", "FILE, line 3: Cannot overwrite a value"),
        ('[server]\nhost = """', "FILE, at its end: "),
    ],
)
def test_what_is_wrong_in_the_file_is_one_sentence_with_its_line(file: Path, text: str, says: str) -> None:
    told = refusal(file, text)
    assert told.startswith(says)
    assert "\n" not in told


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (
            {"HELIOS_GATEWAY_SERVER_HOTS": "x"},
            "the variable HELIOS_GATEWAY_SERVER_HOTS is not known; did you mean HELIOS_GATEWAY_SERVER_HOST?",
        ),
        ({"HELIOS_GATEWAY_SERVER_PORT": "http"}, "HELIOS_GATEWAY_SERVER_PORT: expected `int`, got `str`"),
        ({"HELIOS_GATEWAY_SERVER_PORT": "70000"}, "no port has the number 70000"),
        ({"HELIOS_GATEWAY_SERVER_NODE": "x"}, "there is no 'x': HELIOS_GATEWAY_SERVER_NODE takes one of"),
        ({"HELIOS_GATEWAY_CLUSTER_CALM": "perhaps"}, "HELIOS_GATEWAY_CLUSTER_CALM: expected `bool`, got `str`"),
    ],
)
def test_a_wrong_variable_is_named(file: Path, environment: dict[str, str], says: str) -> None:
    assert refusal(file, "", environment).startswith(says)


def test_what_kubernetes_puts_into_the_environment_is_nobodys_mistake() -> None:
    environment = {
        "HELIOS_GATEWAY_PORT": "tcp://10.0.0.1:8080",
        "HELIOS_GATEWAY_PORT_8080_TCP_ADDR": "10.0.0.1",
        "HELIOS_GATEWAY_SERVICE_HOST": "10.0.0.1",
    }
    assert read(None, environment, {}).config == Config()


def test_a_file_that_is_missing_or_no_text_is_one_sentence(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*gateway\.toml: No such file"):
        read(file, {}, {})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no text in UTF-8"):
        read(file, {}, {})


def test_a_certificate_that_does_not_exist_is_told_by_its_path(file: Path) -> None:
    told = refusal(file, '[tls]\ncertificate = "c.pem"\nkey = "k.pem"\n')
    assert told == f"FILE, line 2: tls.certificate: there is no file {file.parent / 'c.pem'}"


@pytest.mark.parametrize("text", ["[accounts]\nfile = 'LONG'", "[tls]\ncertificate = 'LONG'\nkey = 'LONG'"])
def test_a_place_that_cannot_be_looked_at_is_left_to_who_reads_it(file: Path, text: str) -> None:
    file.write_text(text.replace("LONG", "a" * 300))
    told = read(file, {}, {})
    check(told)
    with pytest.raises((AccountFileError, CertificateError), match=r": File name too long$"):
        checked(told)


def exposed(
    host: str = "127.0.0.1", *, behind_proxy: bool = False, certificate: str = "", hosts: tuple[str, ...] = ()
) -> Read:
    arguments = {
        ("server", "host"): Argument("--host", host),
        ("server", "behind_proxy"): Argument("behind_proxy", behind_proxy),
        ("server", "allowed_hosts"): Argument("allowed_hosts", hosts),
        ("tls", "certificate"): Argument("certificate", certificate),
    }
    return read(None, {}, arguments)


@pytest.mark.parametrize(
    ("read_", "has_accounts"),
    [
        (exposed(), False),
        (exposed("::1"), False),
        (exposed("localhost"), False),
        (exposed("192.0.2.1", certificate="c.pem"), True),
        (exposed("0.0.0.0", certificate="c.pem", hosts=("gateway.example",)), True),
        (exposed("0.0.0.0", behind_proxy=True), True),
        (exposed(behind_proxy=True), True),
    ],
)
def test_it_may_be_served_where_nobody_comes_in_by_known_passwords(read_: Read, *, has_accounts: bool) -> None:
    check_exposure(read_, has_accounts=has_accounts)


@pytest.mark.parametrize(
    ("read_", "has_accounts", "says"),
    [
        (exposed("0.0.0.0"), False, r"refusing to serve on 0\.0\.0\.0: the demo's passwords are known to everyone"),
        (exposed("0.0.0.0", certificate="c.pem"), False, "only a loopback address will do"),
        (exposed("0.0.0.0", behind_proxy=True), False, "helios-gateway user add"),
        (exposed(behind_proxy=True), False, "refusing to serve behind a proxy: the demo's passwords"),
        (exposed("192.0.2.1"), True, r"refusing to serve on 192\.0\.2\.1 in plain text: name a certificate"),
        (exposed(""), True, "refusing to serve on every address in plain text"),
        (exposed("0.0.0.0", certificate="c.pem"), True, r"nobody could reach what is served on 0\.0\.0\.0: name the"),
    ],
)
def test_others_than_this_machine_are_let_in_only_with_accounts_and_tls(
    read_: Read, says: str, *, has_accounts: bool
) -> None:
    with pytest.raises(ConfigError, match=says):
        check_exposure(read_, has_accounts=has_accounts)


def test_the_keys_that_are_spoken_of_apart_exist() -> None:
    assert set(KEYS) >= PATHS | CHANGEABLE


def test_no_variable_means_two_keys() -> None:
    assert len({variable(key) for key in KEYS.values()}) == len(KEYS)
