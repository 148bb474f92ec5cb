"""The command line: what it means, and that it refuses what it must."""

from pathlib import Path

import pytest

from helios_desktop.export.lines import Format
from helios_desktop.headless.arguments import parse
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.instants import BeforeEnd, TimeOfDay
from helios_desktop.headless.options import (
    Command,
    CutOptions,
    DemoOptions,
    ExportOptions,
    InfoOptions,
    RecordOptions,
    TailOptions,
)

NS = 1_000_000_000


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


@pytest.mark.parametrize("command", ["", "tail", "export --out f", "report --out f"])
def test_a_source_that_ends_in_helios_or_is_a_file_is_a_recording(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prod").write_text("any file")
    Path("localhost").mkdir()
    for name in ("absent.helios", "prod"):
        options = parse([*command.split(), name])
        assert options.recording == Path(name)
        assert not options.source.is_given
        assert options.replay == (None if command else Path(name))
    how_long = [] if command in ("", "tail") else ["--for", "1"]
    for arguments in (["localhost"], ["--connect", "prod"], ["http://prod.helios"], ["prod:8080"], ["n" * 5000]):
        options = parse([*command.split(), *how_long, *arguments])
        assert options.recording is None
        assert options.source.name == arguments[-1]


def test_replay_takes_any_file_for_a_recording() -> None:
    options = parse(["replay", "x.db", "--theme", "dark"])
    assert (options.command, options.replay, options.window.theme) == (Command.WINDOW, Path("x.db"), "dark")


def test_a_part_of_a_recording_is_named_by_times() -> None:
    line = ["--since", "-30m", "--until", "10:30", "a.helios"]
    bounds = Bounds(BeforeEnd(1800 * NS), TimeOfDay(10, 30))
    assert parse(["tail", *line]).tail.bounds == bounds
    export = parse(["export", *line, "--format", "frames", "--out", "f"]).export
    assert export == ExportOptions(Path("f"), Format.FRAMES, bounds=bounds)
    assert parse(["report", *line, "--out", "f"]).export == ExportOptions(Path("f"), None, bounds=bounds)
    trim = parse(["trim", *line, "--out", "b.helios", "--anonymise"])
    assert trim.cut == CutOptions((Path("a.helios"),), Path("b.helios"), bounds, is_anonymised=True)
    last = parse(["trim", "a", "--last", "1h30m", "--out", "b", "--replace"]).cut
    assert last == CutOptions((Path("a"),), Path("b"), Bounds(since=BeforeEnd(5400 * NS)), is_replacing=True)


def test_record_merge_and_info_have_their_options() -> None:
    record = parse(["record", "--demo", "--out", "a.helios", "--for", "5", "--replace", "--anonymise"]).record
    assert record == RecordOptions(Path("a.helios"), 5.0, is_replacing=True, is_anonymised=True)
    merge = parse(["merge", "a", "b", "--out", "c", "--one-cluster"]).cut
    assert merge == CutOptions((Path("a"), Path("b")), Path("c"), is_one_cluster=True)
    info = parse(["info", "a", "--json", "--check"])
    assert (info.recording, info.info) == (Path("a"), InfoOptions(as_json=True, is_checked=True))


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
        "tail a.helios --for 3",
        "tail a.helios --user ops",
        "tail a.helios --seed 3",
        "tail --demo --since 10:30",
        "tail a.helios --since soon",
        "export a.helios --out x --for 3",
        "export gw:1 --for 3 --since -3m --out x",
        "report gw:1 --out x",
        "report a.helios",
        "record --demo",
        "record --out x",
        "record a.helios --out x",
        "check a.helios",
        "replay",
        "info",
        "trim a.helios --out b",
        "trim a.helios --last 3 --since 10:30 --out b",
        "trim a.helios --last 3x --out b",
        "trim a.helios --last 3",
        "trim a.helios --rescue --last 3 --out b",
        "merge --out x",
        "merge a b",
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
