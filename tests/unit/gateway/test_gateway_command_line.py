"""The command line of `helios-gateway`: what it refuses, in one sentence each."""

import socket

import pytest

from helios_gateway.admission.limits import Limits
from helios_gateway.cli import main


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "refusing to serve on 0.0.0.0"),
        (["--host", "example.com"], "only a loopback address will do"),
        (["--port", "70000"], "no port has the number 70000"),
        (["--node", "all", "--port", "65534"], "choose a --port up to 65533"),
        (["--port", "http"], "invalid int value: 'http'"),
        (["--nodes", "0"], "choose 1 to 9"),
        (["--node", "node4"], "there is no 'node4': --node takes one of node1, node2, node3, or all"),
        (["--speed", "99"], "choose 1 to 50"),
        (["--speed", "nan"], "choose 1 to 50"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_a_port_in_use_is_one_sentence_and_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    told = capsys.readouterr().err
    assert f"port {port} on 127.0.0.1 is in use" in told
    assert "--port" in told
    assert told.count("\n") == 1


def test_a_silent_client_is_gone_within_sixty_seconds() -> None:
    limits = Limits()
    pinged_after_s = limits.ping_interval_s + limits.sweep_s
    given_up_after_s = pinged_after_s + limits.pong_timeout_s + limits.sweep_s
    assert given_up_after_s + limits.grace_s < 60.0
