"""The command line: what it means, and that it refuses what it must."""

from pathlib import Path

import pytest

from helios_desktop.export.lines import Format
from helios_desktop.headless.arguments import parse
from helios_desktop.headless.options import Command, DemoOptions, ExportOptions, TailOptions


def test_without_arguments_the_window_asks_for_a_source() -> None:
    options = parse([])
    assert options.command is Command.WINDOW
    assert not options.source.is_given
    assert options.demo == DemoOptions(nodes=3, seed=None, speed=1.0, is_calm=False)


@pytest.mark.parametrize(
    ("arguments", "is_demo", "name"),
    [
        (["--demo"], True, ""),
        (["localhost:8080"], False, "localhost:8080"),
        (["Production"], False, "Production"),
        (["--connect", "tail"], False, "tail"),
        (["--connect=-odd"], False, "-odd"),
    ],
)
def test_a_source_is_the_demo_or_a_name(arguments: list[str], is_demo: bool, name: str) -> None:
    for command in ([], ["tail"], ["export", "--for", "1", "--out", "f"]):
        source = parse([*command, *arguments]).source
        assert (source.is_demo, source.name, source.is_given) == (is_demo, name, True)


def test_tail_has_its_options() -> None:
    options = parse(["tail", "--demo", "--json", "--for", "2.5", "--only", "state_change, leader_change,"])
    assert options.command is Command.TAIL
    assert options.tail == TailOptions(True, False, frozenset({"state_change", "leader_change"}), 2.5)


def test_export_has_its_options() -> None:
    options = parse(["export", "gw:1", "--for", "60", "--format", "csv", "--out", "x/y.csv", "--utc"])
    assert options.command is Command.EXPORT
    assert options.export == ExportOptions(Path("x/y.csv"), Format.CSV, 60.0, None, is_utc=True)


def test_access_has_its_options() -> None:
    line = "tail https://h --user ops --password-file p --token-file t --ca-file c --allow-plain-text"
    source = parse(line.split()).source
    assert (source.username, source.password_file, source.token_file) == ("ops", Path("p"), Path("t"))
    assert (source.ca_file, source.allows_plain_text) == (Path("c"), True)


def test_the_demo_has_its_options() -> None:
    options = parse(["tail", "--demo", "--nodes", "5", "--seed", "7", "--speed", "10", "--calm"])
    assert options.demo == DemoOptions(5, 7, 10.0, True)


def test_a_screenshot_has_its_options() -> None:
    window = parse(["--demo", "--screenshot", "a.png", "--after", "3", "--size", "1600x900", "--theme", "dark"]).window
    assert (window.screenshot, window.after_s) == (Path("a.png"), 3.0)
    assert (window.width, window.height, window.theme) == (1600, 900, "dark")


@pytest.mark.parametrize(
    "line",
    [
        "tail",
        "export --demo",
        "export --demo --for 3",
        "export --demo --out x",
        "export --demo --for 3 --out x --format xml",
        "tail --demo localhost:8080",
        "tail a --connect b",
        "tail --demo --json --raw",
        "tail --demo --for 0",
        "tail --demo --for -1",
        "tail --demo --for nan",
        "tail --demo --for inf",
        "tail --demo --for soon",
        "tail --demo --only ,",
        "tail --demo --nodes 0",
        "tail --demo --nodes 10",
        "tail --demo --nodes x",
        "tail --demo --speed 51",
        "tail localhost:8080 --calm",
        "tail localhost:8080 --seed 4",
        "tail --demo --user ops",
        "--size 100x100",
        "--demo --screenshot a.png --size big",
        "--demo --screenshot a.png --size 99999x99999",
        "--screenshot a.png",
        "--theme pink",
        "tail --connect=",
    ],
)
def test_what_cannot_be_followed_is_a_usage_error(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(line.split())
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--password", "--token"])
@pytest.mark.parametrize("form", ["{option} hunter2", "{option}=hunter2"])
@pytest.mark.parametrize("command", ["", "tail ", "export --for 1 --out x "])
def test_a_secret_is_no_argument_and_is_never_repeated(
    command: str, form: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(f"{command}localhost:8080 {form.format(option=option)}".split())
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert "never an argument" in said
    assert "hunter2" not in said


def test_version_and_help_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in ((["--version"], "helios-desktop "), (["--help"], "exit codes"), (["tail", "-h"], "--raw")):
        with pytest.raises(SystemExit) as caught:
            parse(arguments)
        assert caught.value.code == 0
        assert words in capsys.readouterr().out


def test_what_only_make_demo_needs_is_not_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--demo", "--or-terminal"]).window.falls_back_to_terminal
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = capsys.readouterr().out
    assert "--or-terminal" not in said
    assert "--password " not in said
